package render

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/series"
)

// samples are the names of the samples of a family, as they begin a line. A name that
// must be quoted is within the braces: {"a.b"
type samples struct {
	name    string
	value   []byte
	bucket  []byte
	sum     []byte
	count   []byte
	created []byte
	quoted  bool
}

// set prepares the names. base is the name without _total.
func (s *samples) set(name, base string) {
	s.name = name
	s.quoted = !names.Plain(name)
	s.value = s.begin(s.value, name, "")
	s.bucket = s.begin(s.bucket, name, "_bucket")
	s.sum = s.begin(s.sum, name, "_sum")
	s.count = s.begin(s.count, name, "_count")
	s.created = s.begin(s.created, base, "_created")
}

func (s *samples) begin(text []byte, name, suffix string) []byte {
	text = text[:0]
	if !s.quoted {
		text = append(text, name...)
		return append(text, suffix...)
	}
	text = append(text, '{', '"')
	text = series.AppendEscaped(text, name, true)
	text = append(text, suffix...)
	return append(text, '"')
}

// appendName appends the name of a family in a comment.
func appendName(text []byte, name string) []byte {
	if names.Plain(name) {
		return append(text, name...)
	}
	text = append(text, '"')
	text = series.AppendEscaped(text, name, true)
	return append(text, '"')
}

// series appends the lines of a series.
func (r *Renderer) series(s *series.Series) {
	labels, resource := s.Set.Text, s.Resource.Labels
	if r.escaper != nil {
		var ok bool
		if labels, ok = r.escaper.line(labels, resource); !ok {
			return
		}
		resource = ""
	}
	if !r.started {
		r.started = true
		r.header()
	}
	if s.Distribution != nil {
		r.distribution(s, labels, resource)
		return
	}
	r.line(r.samples.value, labels, resource)
	r.page = appendValue(r.page, s)
	r.end(s.Timestamp)
	if r.family.Kind == series.Counter && r.base != r.samples.name {
		r.created(s, labels, resource)
	}
}

// line appends everything of a line that precedes its value.
func (r *Renderer) line(name []byte, labels, resource string) {
	page, open := r.open(name, labels, resource)
	if open {
		page = append(page, '}')
	}
	r.page = append(page, ' ')
}

// open appends the name and the labels without closing brace, and reports whether there
// is an opening one.
func (r *Renderer) open(name []byte, labels, resource string) (page []byte, open bool) {
	page = append(r.page, name...)
	open = r.samples.quoted
	if labels != "" {
		page = append(page, separator(open))
		page = append(page, labels...)
		open = true
	}
	if resource != "" {
		page = append(page, separator(open))
		page = append(page, resource...)
		open = true
	}
	return page, open
}

func separator(open bool) byte {
	if open {
		return ','
	}
	return '{'
}

// end appends the time of the point and ends the line.
func (r *Renderer) end(timestamp pcommon.Timestamp) {
	if r.options.Timestamps && timestamp != 0 {
		r.page = append(r.page, ' ')
		r.page = r.appendTime(r.page, timestamp)
	}
	r.page = append(r.page, '\n')
}

// appendTime appends a time in milliseconds or, in OpenMetrics, in seconds.
func (r *Renderer) appendTime(text []byte, timestamp pcommon.Timestamp) []byte {
	milliseconds := uint64(timestamp) / 1e6
	if !r.format.OpenMetrics {
		return strconv.AppendUint(text, milliseconds, 10)
	}
	text = strconv.AppendUint(text, milliseconds/1000, 10)
	fraction := milliseconds % 1000
	return append(text, '.', byte('0'+fraction/100), byte('0'+fraction/10%10), byte('0'+fraction%10))
}

// created appends the line with the time at which a series began.
func (r *Renderer) created(s *series.Series, labels, resource string) {
	if !r.options.Created || !r.format.OpenMetrics || s.Start == 0 {
		return
	}
	r.line(r.samples.created, labels, resource)
	r.page = r.appendTime(r.page, s.Start)
	r.end(s.Timestamp)
}

func (r *Renderer) distribution(s *series.Series, labels, resource string) {
	d := s.Distribution
	if r.family.Kind == series.Summary {
		for i, quantile := range d.Bounds {
			r.bound(r.samples.value, labels, resource, "quantile", quantile)
			r.page = appendFloat(r.page, d.Values[i])
			r.end(s.Timestamp)
		}
	} else {
		infinity := false
		for i, bound := range d.Bounds {
			r.bound(r.samples.bucket, labels, resource, "le", bound)
			r.page = strconv.AppendUint(r.page, d.Counts[i], 10)
			r.end(s.Timestamp)
			infinity = infinity || math.IsInf(bound, 1)
		}
		if !infinity {
			r.bound(r.samples.bucket, labels, resource, "le", math.Inf(1))
			r.page = strconv.AppendUint(r.page, d.Count, 10)
			r.end(s.Timestamp)
		}
	}
	r.line(r.samples.sum, labels, resource)
	r.page = appendFloat(r.page, d.Sum)
	r.end(s.Timestamp)
	r.line(r.samples.count, labels, resource)
	r.page = strconv.AppendUint(r.page, d.Count, 10)
	r.end(s.Timestamp)
	r.created(s, labels, resource)
}

// bound appends everything of a line that precedes its value, with a label for the bound
// of a bucket or for a quantile. These have the same spelling as in other exporters,
// because it is part of the identity of a series.
func (r *Renderer) bound(name []byte, labels, resource, key string, value float64) {
	page, open := r.open(name, labels, resource)
	page = append(page, separator(open))
	page = append(page, key...)
	page = append(page, '=', '"')
	start := len(page)
	page = appendShortest(page, value)
	if r.format.OpenMetrics && isInteger(page[start:]) {
		page = append(page, ".0"...)
	}
	r.page = append(page, '"', '}', ' ')
}

// isInteger reports whether a number has neither fraction nor exponent.
func isInteger(number []byte) bool {
	for _, c := range number {
		if (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func appendValue(text []byte, s *series.Series) []byte {
	integer, float, isInteger := s.Value()
	if isInteger {
		return strconv.AppendInt(text, integer, 10)
	}
	return appendFloat(text, float)
}

// maxExact is a number below which a float64 without fraction is exact.
const maxExact = 1 << 53

// appendFloat appends a value. Values without fraction, which are the most, are formatted
// much faster as integers.
func appendFloat(text []byte, value float64) []byte {
	if value > -maxExact && value < maxExact {
		if integer := int64(value); float64(integer) == value {
			return strconv.AppendInt(text, integer, 10)
		}
	}
	return appendShortest(text, value)
}

func appendShortest(text []byte, value float64) []byte {
	switch {
	case math.IsNaN(value):
		return append(text, "NaN"...)
	case math.IsInf(value, 1):
		return append(text, "+Inf"...)
	case math.IsInf(value, -1):
		return append(text, "-Inf"...)
	}
	return strconv.AppendFloat(text, value, 'g', -1, 64)
}

package registration

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// Limits bound what a registration may cost. A zero field means its default.
type Limits struct {
	// Bytes is the longest registration; 1 MiB by default.
	Bytes int64
	// Metrics is how many metrics there may be; 4096 by default.
	Metrics int
	// Fields is how many fields a metric may have; 8 by default.
	Fields int
	// Values is how many values a field may have; 8192 by default.
	Values int
	// Name is the longest name, path, field name or value; 256 bytes by default.
	Name int
	// Description is the longest description; 4096 bytes by default.
	Description int
	// Numbers is how many numbers all series together may have: one each, and
	// one per bucket in histograms; 65,536 by default. It bounds what must be
	// remembered per sandbox. More than 2³⁰ count as 2³⁰.
	Numbers int
}

func (l Limits) withDefaults() Limits {
	l.Bytes = cmp.Or(l.Bytes, 1<<20)
	l.Metrics = cmp.Or(l.Metrics, 4096)
	l.Fields = cmp.Or(l.Fields, 8)
	l.Values = cmp.Or(l.Values, 8192)
	l.Name = cmp.Or(l.Name, 256)
	l.Description = cmp.Or(l.Description, 4096)
	l.Numbers = min(cmp.Or(l.Numbers, 65_536), 1<<30)
	return l
}

// depth is how deep a registration goes, with room for keys yet unknown.
const depth = 16

func (l Limits) scan() jsonscan.Limits {
	return jsonscan.Limits{Bytes: l.Bytes, Depth: depth}
}

var (
	registrationFields = jsonscan.NewFields("metrics", "stages")
	metricFields       = jsonscan.NewFields("name", "prometheus_name", "description", "cumulative",
		"type", "units", "fields", "distribution_bucket_lower_bounds", "sync")
	fieldFields = jsonscan.NewFields("field_name", "allowed_values")
)

// stagesField is the index of "stages" in registrationFields.
const stagesField = 1

// Parse reads a registration. Prefix is what names in the naming "prometheus"
// begin with. The error is always an [*Error].
func Parse(raw []byte, prefix string, limits Limits) (*Registration, error) {
	p := parser{limits: limits.withDefaults(), prefix: prefix, texts: map[string]string{}}
	p.scan.ResetBytes(raw, p.limits.scan())
	p.parse()
	if p.err != nil {
		return nil, p.err
	}
	if err := p.scan.Err(); err != nil {
		return nil, formatError(err)
	}
	return p.finish()
}

// formatError makes an [*Error] of a scanner's error.
func formatError(err error) *Error {
	rule := RuleFormat
	for _, limit := range []error{jsonscan.ErrInputSize, jsonscan.ErrTokenSize, jsonscan.ErrDepth} {
		if errors.Is(err, limit) {
			rule = RuleLimit
		}
	}
	return &Error{Rule: rule, Err: err}
}

type parser struct {
	scan    jsonscan.Scanner
	limits  Limits
	prefix  string
	metrics []Metric
	// numbers counts toward [Limits.Numbers].
	numbers int
	// texts holds each text once.
	texts map[string]string
	// broken is the first rule that the metric being read broke. Its name may
	// come later than that.
	broken *Error
	err    *Error
}

// refuse stops with an error that is not about the JSON.
func (p *parser) refuse(err *Error) {
	if p.err == nil && p.scan.Err() == nil {
		p.err = err
		p.scan.Fail(err)
	}
}

// breaks notes that the metric being read broke a rule.
func (p *parser) breaks(rule Rule, detail string, args ...any) {
	if p.broken == nil {
		p.broken = &Error{Rule: rule, Detail: fmt.Sprintf(detail, args...)}
	}
}

func (p *parser) parse() {
	s := &p.scan
	if s.Null() {
		p.refuse(&Error{Rule: RuleAbsent})
	}
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(registrationFields, &seen)
		if !more {
			break
		}
		if field == stagesField {
			skipStages(s)
			continue
		}
		for s.OpenArray(); s.NextElement(); {
			if len(p.metrics) == p.limits.Metrics {
				p.refuse(&Error{Rule: RuleLimit, Detail: fmt.Sprintf("more than %d metrics", p.limits.Metrics)})
			}
			p.metric()
		}
	}
	s.End()
}

// skipStages passes over the stages, which must be texts nevertheless.
func skipStages(s *jsonscan.Scanner) {
	for s.OpenArray(); s.NextElement(); {
		_ = s.String()
	}
}

func (p *parser) metric() {
	s := &p.scan
	var (
		m          Metric
		kind, unit int64
		cumulative bool
		seen       jsonscan.Seen
	)
	p.broken = nil
	for s.OpenObject(); ; {
		field, more := s.NextField(metricFields, &seen)
		if !more {
			break
		}
		switch field {
		case 0:
			m.Path = p.text("name", p.limits.Name)
		case 1:
			m.Name = p.text("prometheus_name", p.limits.Name)
		case 2:
			m.Help = p.text("description", p.limits.Description)
		case 3:
			cumulative = s.Bool()
		case 4:
			kind = s.Int64()
		case 5:
			unit = s.Int64()
		case 6:
			for s.OpenArray(); s.NextElement(); {
				p.field(&m)
			}
		case 7:
			for s.OpenArray(); s.NextElement(); {
				p.bound(&m)
			}
		case 8:
			s.Bool()
		}
	}
	if s.Err() != nil {
		return
	}
	switch {
	case kind == 0 && cumulative:
		m.Type = Counter
	case kind == 0:
		m.Type = Gauge
	case kind == 1:
		m.Type = Histogram
	default:
		p.breaks(RuleType, "type %d is neither 0 (integer) nor 1 (distribution)", kind)
	}
	if unit != int64(int32(unit)) {
		p.breaks(RuleFormat, "units has more than 32 bits")
	}
	if p.broken == nil {
		p.broken = checkMetric(&m)
	}
	if p.broken == nil {
		p.number(&m)
	}
	if p.broken != nil {
		p.broken.Metric = cmp.Or(m.Name, m.Path)
		p.refuse(p.broken)
		return
	}
	addFamilies(&m, unit, p.prefix)
	p.metrics = append(p.metrics, m)
}

func (p *parser) field(m *Metric) {
	s := &p.scan
	var field Field
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		key, more := s.NextField(fieldFields, &seen)
		if !more {
			break
		}
		switch key {
		case 0:
			field.Key = p.text("field_name", p.limits.Name)
		case 1:
			for s.OpenArray(); s.NextElement(); {
				value := p.text("an allowed value", p.limits.Name)
				if len(field.Values) == p.limits.Values {
					p.breaks(RuleLimit, "a field has more than %d values", p.limits.Values)
					continue
				}
				field.Values = append(field.Values, value)
			}
		}
	}
	p.index(&field)
	if len(m.Fields) == p.limits.Fields {
		p.breaks(RuleLimit, "more than %d fields", p.limits.Fields)
		return
	}
	m.Fields = append(m.Fields, field)
}

// index prepares a field for finding its values.
func (p *parser) index(field *Field) {
	ordinals := make(map[string]uint32, len(field.Values))
	for i, value := range field.Values {
		if _, twice := ordinals[value]; twice {
			p.breaks(RuleDuplicateValue, "field %.100q has the value %.100q twice", field.Key, value)
			return
		}
		ordinals[value] = uint32(i)
	}
	if len(field.Values) > fewValues {
		field.ordinals = ordinals
	}
}

func (p *parser) bound(m *Metric) {
	bound := p.scan.Int64()
	// One too many are kept, so that a histogram with more can be told; other
	// metrics may have bounds, which mean nothing.
	if len(m.Bounds) == maxBuckets {
		return
	}
	m.Bounds = append(m.Bounds, bound)
	m.FloatBounds = append(m.FloatBounds, float64(bound))
}

// number counts the series of a metric.
func (p *parser) number(m *Metric) {
	series := uint64(1)
	for i := range slices.Backward(m.Fields) {
		m.Fields[i].stride = uint32(series)
		series *= uint64(len(m.Fields[i].Values))
		if series > uint64(p.limits.Numbers) {
			break
		}
	}
	each := uint64(1)
	if m.Type == Histogram {
		each += uint64(m.Buckets())
	}
	numbers := series * each
	if numbers+uint64(p.numbers) > uint64(p.limits.Numbers) {
		p.breaks(RuleLimit, "more than %d numbers in all combinations of labels", p.limits.Numbers)
		return
	}
	p.numbers += int(numbers)
	m.Series = uint32(series)
}

// text reads a text of at most limit bytes.
func (p *parser) text(what string, limit int) string {
	text := p.scan.String()
	if len(text) > limit {
		p.breaks(RuleLimit, "%s is longer than %d bytes", what, limit)
		return ""
	}
	if known, ok := p.texts[string(text)]; ok {
		return known
	}
	kept := string(text)
	p.texts[kept] = kept
	return kept
}

// finish puts all metrics together.
func (p *parser) finish() (*Registration, error) {
	if err := checkNames(p.metrics); err != nil {
		return nil, err
	}
	r := &Registration{
		Metrics: slices.Clone(p.metrics),
		byName:  make(map[string]*Metric, len(p.metrics)),
	}
	slices.SortFunc(r.Metrics, func(a, b Metric) int { return cmp.Compare(a.Path, b.Path) })
	for i := range r.Metrics {
		m := &r.Metrics[i]
		m.Index = i
		m.First = r.Series
		r.Series += m.Series
		m.Canonical = canonical(m)
		r.byName[m.Name] = m
	}
	return r, nil
}

// canonical is what a sandbox writes between the name of a metric and its
// labels or value. It uses the same encoder as gVisor, so that escapes are the
// same.
func canonical(m *Metric) []byte {
	help, err := json.Marshal(m.Help)
	if err != nil {
		return nil // texts are always encodable, and without this, only speed is lost
	}
	return fmt.Appendf(nil, `","type":%d,"help":%s},`, m.Type, help)
}

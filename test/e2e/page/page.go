// Package page compares pages of metrics in the Prometheus text format.
package page

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Page maps the name and labels of series to the series, for example
//
//	runsc_fs_opens{iteration="1zo45mry6r0nd",sandbox="web"}
type Page map[string]Series

// Series is one series of a page.
type Series struct {
	Name   string
	Labels map[string]string
	// Type is the lower-case type, for example gauge or counter.
	Type string
	Help string
	// Value is the value. For a histogram or summary it is the number of samples.
	Value float64
	// Time is the timestamp, or zero if the page has none.
	Time time.Time
}

// Parse parses a page. It returns an error if the page contains a series twice.
func Parse(text io.Reader) (Page, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(text)
	if err != nil {
		return nil, err
	}
	page := Page{}
	for name, family := range families {
		for _, metric := range family.GetMetric() {
			series := Series{
				Name:   name,
				Labels: map[string]string{},
				Type:   strings.ToLower(family.GetType().String()),
				Help:   family.GetHelp(),
				Value:  valueOf(metric),
			}
			if metric.TimestampMs != nil {
				series.Time = time.UnixMilli(metric.GetTimestampMs())
			}
			for _, label := range metric.GetLabel() {
				series.Labels[label.GetName()] = label.GetValue()
			}
			series.dropEmptyLabels()
			key := series.key()
			if _, found := page[key]; found {
				return nil, fmt.Errorf("duplicate series %s", key)
			}
			page[key] = series
		}
	}
	return page, nil
}

func valueOf(metric *dto.Metric) float64 {
	switch {
	case metric.Counter != nil:
		return metric.GetCounter().GetValue()
	case metric.Gauge != nil:
		return metric.GetGauge().GetValue()
	case metric.Histogram != nil:
		return float64(metric.GetHistogram().GetSampleCount())
	case metric.Summary != nil:
		return float64(metric.GetSummary().GetSampleCount())
	}
	return metric.GetUntyped().GetValue()
}

func (s Series) key() string {
	var b strings.Builder
	b.WriteString(s.Name)
	b.WriteByte('{')
	for i, label := range slices.Sorted(maps.Keys(s.Labels)) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(label + "=" + strconv.Quote(s.Labels[label]))
	}
	b.WriteByte('}')
	return b.String()
}

// New returns a page that consists of the given series.
func New(series ...Series) Page {
	page := Page{}
	for _, s := range series {
		s.dropEmptyLabels()
		page[s.key()] = s
	}
	return page
}

// dropEmptyLabels removes labels without a value, which Prometheus treats like absent
// ones. Not every page contains them.
func (s *Series) dropEmptyLabels() {
	maps.DeleteFunc(s.Labels, func(_, value string) bool { return value == "" })
}

var client = &http.Client{Timeout: 10 * time.Second}

// Get fetches a page.
func Get(url string) (Page, error) {
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New(response.Status)
	}
	return Parse(response.Body)
}

// Select returns the series of the page for which wanted returns true.
func (p Page) Select(wanted func(Series) bool) Page {
	selected := Page{}
	for key, series := range p {
		if wanted(series) {
			selected[key] = series
		}
	}
	return selected
}

// Equal returns an error that lists the differences between two pages. It ignores
// timestamps.
func Equal(want, got Page) error {
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(want)) {
		w := want[key]
		g, found := got[key]
		switch {
		case !found:
			errs = append(errs, fmt.Errorf("%s is missing", key))
		case g.Type != w.Type:
			errs = append(errs, fmt.Errorf("%s is a %s, want %s", key, g.Type, w.Type))
		case g.Help != w.Help:
			errs = append(errs, fmt.Errorf("%s: help %q, want %q", key, g.Help, w.Help))
		case g.Value != w.Value:
			errs = append(errs, fmt.Errorf("%s is %v, want %v", key, g.Value, w.Value))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, wanted := want[key]; !wanted {
			errs = append(errs, fmt.Errorf("%s is unexpected", key))
		}
	}
	return errors.Join(errs...)
}

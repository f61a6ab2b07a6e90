//go:build linux

package otlpsink

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// Series is one series of a metric, with all points received so far.
type Series struct {
	Name string
	// Resource and Labels are the attributes of the resource and of the points.
	Resource, Labels map[string]any
	// Counter reports whether the metric is a monotonic sum.
	Counter bool
	Points  []Point
}

// Point is one point of a series.
type Point struct {
	Time  time.Time
	Value float64
	// End means that the point has no value and marks the end of the series.
	End bool
}

// Last returns the last point.
func (s *Series) Last() Point { return s.Points[len(s.Points)-1] }

// Matches reports whether the series has the name and, among the attributes of its
// resource and its points, the given ones.
func (s *Series) Matches(name string, attributes map[string]string) bool {
	if s.Name != name {
		return false
	}
	for key, want := range attributes {
		value, found := s.Resource[key]
		if !found {
			value, found = s.Labels[key]
		}
		if !found || value != want {
			return false
		}
	}
	return true
}

// String returns the name and all attributes.
func (s *Series) String() string { return fmt.Sprint(s.Name, s.Resource, s.Labels) }

// Series returns all series received so far. Histograms are omitted.
func (s *Sink) Series() []*Series {
	all := map[string]*Series{}
	for _, metrics := range s.Received() {
		for _, resource := range metrics.ResourceMetrics().All() {
			attributes := resource.Resource().Attributes()
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					add(all, attributes, metric)
				}
			}
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *Series) int { return cmp.Compare(a.String(), b.String()) })
}

func add(all map[string]*Series, resource pcommon.Map, metric pmetric.Metric) {
	var points pmetric.NumberDataPointSlice
	counter := false
	switch metric.Type() {
	case pmetric.MetricTypeGauge:
		points = metric.Gauge().DataPoints()
	case pmetric.MetricTypeSum:
		points, counter = metric.Sum().DataPoints(), metric.Sum().IsMonotonic()
	default:
		return
	}
	for _, point := range points.All() {
		added := &Series{
			Name: metric.Name(), Resource: resource.AsRaw(), Labels: point.Attributes().AsRaw(), Counter: counter,
		}
		series, found := all[added.String()]
		if !found {
			series = added
			all[added.String()] = series
		}
		value := point.DoubleValue()
		if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
			value = float64(point.IntValue())
		}
		series.Points = append(series.Points, Point{point.Timestamp().AsTime(), value, point.Flags().NoRecordedValue()})
	}
}

// Find returns the only series that matches.
func (s *Sink) Find(name string, attributes map[string]string) (*Series, error) {
	var found []*Series
	for _, series := range s.Series() {
		if series.Matches(name, attributes) {
			found = append(found, series)
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%d series of %s have the attributes %v, want 1: %v", len(found), name, attributes, found)
	}
	return found[0], nil
}

// CheckCounters returns an error unless no counter has ever fallen. It ignores the
// order in which points arrived.
func (s *Sink) CheckCounters() error {
	var errs []error
	counters := 0
	for _, series := range s.Series() {
		if !series.Counter {
			continue
		}
		counters++
		points := slices.DeleteFunc(series.Points, func(p Point) bool { return p.End })
		slices.SortStableFunc(points, func(a, b Point) int { return a.Time.Compare(b.Time) })
		for i := 1; i < len(points); i++ {
			if points[i].Value < points[i-1].Value {
				errs = append(errs, fmt.Errorf("%v fell from %v to %v", series, points[i-1].Value, points[i].Value))
			}
		}
	}
	if counters == 0 {
		errs = append(errs, errors.New("there are no counters"))
	}
	return errors.Join(errs...)
}

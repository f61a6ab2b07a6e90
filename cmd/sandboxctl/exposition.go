package main

import (
	"io"
	"math"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// writeExposition writes the points of a reading in the Prometheus text format, with the
// names of the runtime's upstream exporter. timestamps reports whether points have their
// time.
func writeExposition(w io.Writer, id *sandbox.Identity, r *sandbox.Reading, timestamps bool) error {
	var order []string
	families := map[string]*dto.MetricFamily{}
	for i := range r.Points {
		point := &r.Points[i]
		descriptor := &point.Family.Prometheus
		if descriptor.Name == "" {
			continue
		}
		family := families[descriptor.Name]
		if family == nil {
			family = &dto.MetricFamily{
				Name: &descriptor.Name, Help: &descriptor.Description, Type: prometheusTypes[descriptor.Kind].Enum(),
			}
			families[descriptor.Name] = family
			order = append(order, descriptor.Name)
		}
		metric := &dto.Metric{Label: labelPairs(id, point)}
		setValue(metric, point)
		if timestamps {
			at := r.Time.UnixMilli()
			metric.TimestampMs = &at
		}
		family.Metric = append(family.Metric, metric)
	}
	for _, name := range order {
		if _, err := expfmt.MetricFamilyToText(w, families[name]); err != nil {
			return err
		}
	}
	return nil
}

// prometheusTypes are the types of kinds.
var prometheusTypes = map[sandbox.Kind]dto.MetricType{
	sandbox.Gauge: dto.MetricType_GAUGE, sandbox.UpDownCounter: dto.MetricType_GAUGE, sandbox.Counter: dto.MetricType_COUNTER,
	sandbox.Histogram: dto.MetricType_HISTOGRAM, sandbox.Summary: dto.MetricType_SUMMARY,
}

// labelPairs returns the labels of a point: its own, those of its family, and those that
// the upstream exporter identifies the sandbox by. What is not printable in a value is
// escaped: a sandbox that registers its metrics itself chooses the values, and the format
// would leave control characters as they are.
func labelPairs(id *sandbox.Identity, point *sandbox.Point) (pairs []*dto.LabelPair) {
	add := func(key, value string) {
		if key != "" {
			value = output.Escape(value)
			pairs = append(pairs, &dto.LabelPair{Name: &key, Value: &value})
		}
	}
	for _, label := range id.UpstreamLabels {
		add(label.Key, label.Value)
	}
	descriptor := &point.Family.Prometheus
	for _, attribute := range descriptor.Attributes {
		add(attribute.Key, attribute.Value)
	}
	for i, value := range point.Labels {
		add(descriptor.LabelKeys[i], value)
	}
	return pairs
}

// setValue sets the value of a metric.
func setValue(metric *dto.Metric, point *sandbox.Point) {
	descriptor := &point.Family.Prometheus
	switch descriptor.Kind {
	case sandbox.Histogram:
		metric.Histogram = histogramOf(point.Distribution, descriptor.Factor())
	case sandbox.Summary:
		metric.Summary = summaryOf(point.Distribution, descriptor.Factor())
	default:
		value := point.Value.Scaled(descriptor.Scale).AsFloat()
		if descriptor.Kind == sandbox.Counter {
			metric.Counter = &dto.Counter{Value: &value}
		} else {
			metric.Gauge = &dto.Gauge{Value: &value}
		}
	}
}

func histogramOf(values *sandbox.Distribution, factor float64) *dto.Histogram {
	sum := values.Sum * factor
	if values.NoSum {
		sum = math.NaN()
	}
	histogram := &dto.Histogram{SampleCount: &values.Count, SampleSum: &sum}
	cumulative := uint64(0)
	for i, bound := range values.Bounds {
		cumulative += values.Buckets[i]
		upper, count := bound*factor, cumulative
		histogram.Bucket = append(histogram.Bucket, &dto.Bucket{UpperBound: &upper, CumulativeCount: &count})
	}
	return histogram
}

func summaryOf(values *sandbox.Distribution, factor float64) *dto.Summary {
	sum := values.Sum * factor
	summary := &dto.Summary{SampleCount: &values.Count, SampleSum: &sum}
	for _, q := range values.Quantiles {
		quantile, value := q.Quantile, q.Value*factor
		summary.Quantile = append(summary.Quantile, &dto.Quantile{Quantile: &quantile, Value: &value})
	}
	return summary
}

package reader

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// readCapture returns a captured response. The test is skipped if there are no
// captures, which are not part of the repository.
func readCapture(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "kata", name))
	if os.IsNotExist(err) {
		tb.Skipf("no captures: %v", err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

// captureReading returns a reading at the time of the captures.
func captureReading() *sandbox.Reading {
	return &sandbox.Reading{Time: time.Unix(1795168900, 0), Start: time.Unix(1795168850, 0)}
}

var captureTests = []struct {
	name   string
	flavor catalog.Flavor
	// Number of points of the default families, of all families in the naming
	// "otel", and of all families in the naming "prometheus".
	defaults, otel, prometheus int
	dropped                    string
	outcome                    sandbox.Outcome
}{
	{"go-shim.prom", catalog.Go, 74, 763, 776, "", sandbox.OK},
	{"go-shim-no-agent.prom", catalog.Go, 33, 208, 217, "", sandbox.OK},
	{"go-shim-firecracker.prom", catalog.Go, 74, 905, 918, "", sandbox.OK},
	{"runtime-rs-shim.prom", catalog.Rust, 52, 601, 606, "", sandbox.OK},
	{"hostile/dupfam.prom", catalog.Go, 33, 208, 217, "forged 1", sandbox.OK},
	{"hostile/dupsample.prom", catalog.Go, 33, 208, 217, "foreign 3", sandbox.OK},
	{"hostile/names.prom", catalog.Go, 33, 208, 217, "forged 2, foreign 3, unknown 2", sandbox.OK},
	{"hostile/nan.prom", catalog.Go, 33, 208, 217, "non_finite 3, timestamped 1", sandbox.OK},
	{"hostile/stalled-truncated.prom", catalog.Go, 27, 180, 185, "", sandbox.Partial},
}

// TestCaptures reads every captured response. Only samples of rows without a
// name and samples with a reason for dropping them may be missing.
func TestCaptures(t *testing.T) {
	for _, test := range captureTests {
		t.Run(test.name, func(t *testing.T) {
			body := readCapture(t, test.name)
			for _, options := range []struct {
				naming   sandbox.Naming
				families Families
				points   int
			}{{"otel", "default", test.defaults}, {"otel", "all", test.otel}, {"prometheus", "all", test.prometheus}} {
				settings := settingsFor(t, options.naming, func(o *Options) { o.Families = options.families })
				reading := captureReading()
				err := New(test.flavor, "dragonball", settings).Read(strings.NewReader(body), reading)
				if got := sandbox.OutcomeOf(err); got != test.outcome {
					t.Errorf("%s, %s: outcome %s (%v), want %s", options.naming, options.families, got, err, test.outcome)
				}
				if got := len(reading.Points); got != options.points || dropped(reading) != test.dropped {
					t.Errorf("%s, %s: got %d points, dropped %q, want %d, %q",
						options.naming, options.families, got, dropped(reading), options.points, test.dropped)
				}
				checkGrouped(t, settings, reading)
				if options.naming == "prometheus" {
					compareWithText(t, settings, reading, body, test.dropped == "" && test.outcome == sandbox.OK)
				}
			}
		})
	}
}

// compareWithText compares the points with the result of Prometheus' parser for
// the same text. If all is set, no series may be missing.
func compareWithText(t *testing.T, settings *Settings, reading *sandbox.Reading, body string, all bool) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	// At a truncated or repeated family, that parser fails and returns the
	// families before it.
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil && all {
		t.Fatal(err)
	}
	want := map[string]string{}
	for name, family := range families {
		// In hostile captures, all families without a type are forged. Some
		// have names that kata-monitor uses.
		if !all && family.GetType() == dto.MetricType_UNTYPED {
			continue
		}
		for _, metric := range family.GetMetric() {
			want[seriesOf(catalog.UpstreamName(name), metric)] = valueOf(family.GetType(), metric)
		}
	}
	got := map[string]string{}
	for series, line := range points(settings, reading) {
		value, _, _ := strings.Cut(line, " origin")
		got[series] = value
	}
	if !all {
		maps.DeleteFunc(want, func(series, _ string) bool { _, found := got[series]; return !found })
		maps.DeleteFunc(got, func(series, _ string) bool { _, found := want[series]; return !found })
		if len(got) < 100 {
			t.Errorf("compared %d series, want at least 100", len(got))
		}
	}
	if diff := difference(got, want); diff != "" {
		t.Error(diff)
	}
}

// seriesOf formats a series like [points], without the labels in identityLabels.
func seriesOf(name string, metric *dto.Metric) string {
	var labels []string
	for _, label := range metric.GetLabel() {
		if !slices.Contains(identityLabels, label.GetName()) {
			labels = append(labels, label.GetName()+"="+label.GetValue())
		}
	}
	slices.Sort(labels)
	return name + "{" + strings.Join(labels, ",") + "}"
}

// identityLabels are the labels that kata-monitor adds.
var identityLabels = []string{"sandbox_id", "cri_uid", "cri_name", "cri_namespace"}

// valueOf formats a value and its kind like [points].
func valueOf(kind dto.MetricType, metric *dto.Metric) string {
	var value float64
	switch kind {
	case dto.MetricType_COUNTER:
		value = metric.GetCounter().GetValue()
	case dto.MetricType_GAUGE:
		value = metric.GetGauge().GetValue()
	case dto.MetricType_HISTOGRAM:
		d := metric.GetHistogram()
		var (
			bounds  []float64
			buckets []uint64
			last    uint64
		)
		for _, bucket := range d.GetBucket() {
			if !math.IsInf(bucket.GetUpperBound(), 1) {
				bounds = append(bounds, bucket.GetUpperBound())
			}
			buckets = append(buckets, bucket.GetCumulativeCount()-last)
			last = bucket.GetCumulativeCount()
		}
		return fmt.Sprintf("%v %v %v %v [] kind %d", d.GetSampleCount(), d.GetSampleSum(), bounds, buckets, sandbox.Histogram)
	case dto.MetricType_SUMMARY:
		d := metric.GetSummary()
		var quantiles []sandbox.Quantile
		for _, quantile := range d.GetQuantile() {
			quantiles = append(quantiles, sandbox.Quantile{Quantile: quantile.GetQuantile(), Value: quantile.GetValue()})
		}
		return fmt.Sprintf("%v %v [] [] %v kind %d", d.GetSampleCount(), d.GetSampleSum(), quantiles, sandbox.Summary)
	default:
		return "of type " + kind.String()
	}
	kinds := map[dto.MetricType]sandbox.Kind{dto.MetricType_COUNTER: sandbox.Counter, dto.MetricType_GAUGE: sandbox.Gauge}
	return fmt.Sprintf("%s kind %d", strconv.FormatFloat(value, 'g', -1, 64), kinds[kind])
}

package sandboxreceiver

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/emit"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// blockingPipeline accepts batches only when it is open, and records the counts of
// their histograms and summaries.
type blockingPipeline struct {
	open   chan struct{}
	counts []uint64
}

func (p *blockingPipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *blockingPipeline) ConsumeMetrics(_ context.Context, metrics pmetric.Metrics) error {
	<-p.open
	for _, resource := range metrics.ResourceMetrics().All() {
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				switch metric.Type() {
				case pmetric.MetricTypeHistogram:
					point := metric.Histogram().DataPoints().At(0)
					p.counts = append(p.counts, point.Count(), point.BucketCounts().At(0))
				case pmetric.MetricTypeSummary:
					point := metric.Summary().DataPoints().At(0)
					p.counts = append(p.counts, point.Count(), uint64(point.QuantileValues().At(0).Value()))
				default:
				}
			}
		}
	}
	return nil
}

// TestBlockedPipelineKeepsValues pulls a Kata sandbox while the sink still holds the
// last reading, because the pipeline blocks: each reading arrives with its own values.
func TestBlockedPipelineKeepsValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pipeline := &blockingPipeline{open: make(chan struct{})}
		sink := newSink(t, pipeline)
		sink.Start()
		full := sandbox.NewReading()
		full.Time = time.Now()
		gauge := &sandbox.Family{OTel: sandbox.Descriptor{Name: "x"}, Prometheus: sandbox.Descriptor{Name: "x"}}
		for range 8192 {
			full.Add(gauge, sandbox.Int(1))
		}
		id := &sandbox.Identity{Runtime: sandbox.RuntimeKata, ID: "a"}
		sink.Deliver(t.Context(), 0, []sandbox.Delivery{{Identity: id, Reading: full}})
		r := reader.New(catalog.Go, "qemu", reader.NewSettings(reader.Options{
			Naming: sandbox.Prometheus, Families: reader.AllFamilies, FilterFamily: []string{"kata_shim"},
		}))
		pull := func(count int) *sandbox.Reading {
			reading := sandbox.NewReading()
			reading.Time = time.Now()
			require.NoError(t, r.Read(strings.NewReader(distributions(count)), reading))
			return reading
		}
		// The worker takes the first reading and blocks before it converts it.
		sink.Deliver(t.Context(), 0, []sandbox.Delivery{{Identity: id, Reading: pull(3)}})
		synctest.Wait()
		later := pull(7)
		close(pipeline.open)
		sink.Deliver(t.Context(), 0, []sandbox.Delivery{{Identity: id, Reading: later}})
		require.NoError(t, sink.Shutdown(t.Context()))
		assert.ElementsMatch(t, []uint64{3, 3, 3, 3, 7, 7, 7, 7}, pipeline.counts)
	})
}

func newSink(t *testing.T, next consumer.Metrics) *emit.Metrics {
	t.Helper()
	settings := receivertest.NewNopSettings(metadata.Type)
	settings.TelemetrySettings = componenttest.NewNopTelemetrySettings()
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: settings.ID, Transport: "unix", ReceiverCreateSettings: settings,
	})
	require.NoError(t, err)
	self, err := telemetry.New(settings.TelemetrySettings, settings.ID, nil)
	require.NoError(t, err)
	return emit.NewMetrics(emit.Settings{
		Converter: pdataconv.New(pdataconv.Settings{
			Naming: sandbox.Prometheus, Attributes: metadata.DefaultResourceAttributesConfig(),
		}),
		Next: next, Obsreport: obsreport, Telemetry: self, Logger: zap.NewNop(),
	})
}

// distributions returns the text of a shim with a summary and a histogram of this
// count.
func distributions(count int) string {
	const summary, histogram = "go_gc_duration_seconds", "kata_shim_rpc_durations_histogram_milliseconds"
	var text strings.Builder
	fmt.Fprintf(&text, "# TYPE %s summary\n", summary)
	for _, quantile := range catalog.QuantileTexts {
		fmt.Fprintf(&text, "%s{quantile=%q} %d\n", summary, quantile, count)
	}
	fmt.Fprintf(&text, "%s_sum %d\n%s_count %d\n# TYPE %s histogram\n", summary, count, summary, count, histogram)
	for _, bound := range catalog.BoundTexts {
		fmt.Fprintf(&text, "%s_bucket{action=\"wait\",le=%q} %d\n", histogram, bound, count)
	}
	fmt.Fprintf(&text, "%s_sum{action=\"wait\"} 8\n%s_count{action=\"wait\"} %d\n", histogram, histogram, count)
	return text.String()
}

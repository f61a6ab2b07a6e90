package emit

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	logobserver "go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	opens = &sandbox.Family{
		OTel:       sandbox.Descriptor{Name: "fake.opens", Kind: sandbox.Counter},
		Prometheus: sandbox.Descriptor{Name: "fake_opens", Kind: sandbox.Counter},
	}
	onlyOTel = &sandbox.Family{OTel: sandbox.Descriptor{Name: "only.otel"}}
)

// fakePipeline records batches, refuses them, or blocks.
type fakePipeline struct {
	err   atomic.Pointer[error]
	block bool

	mu      sync.Mutex
	batches []pmetric.Metrics
}

func (p *fakePipeline) refuse(err error) { p.err.Store(&err) }

func (p *fakePipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *fakePipeline) ConsumeMetrics(ctx context.Context, metrics pmetric.Metrics) error {
	if p.block {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := p.err.Load(); err != nil && *err != nil {
		return *err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches = append(p.batches, metrics)
	return nil
}

// sizes returns the number of points of each batch.
func (p *fakePipeline) sizes() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	sizes := make([]int, 0, len(p.batches))
	for _, batch := range p.batches {
		sizes = append(sizes, batch.DataPointCount())
	}
	return sizes
}

// ends counts the points that end series.
func (p *fakePipeline) ends() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for _, batch := range p.batches {
		for _, resource := range batch.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					for _, dp := range metric.Sum().DataPoints().All() {
						if dp.Flags().NoRecordedValue() {
							count++
						}
					}
				}
			}
		}
	}
	return count
}

// fakeSource counts what was lost.
type fakeSource struct{ lost, repulls atomic.Int32 }

func (s *fakeSource) Lost(repull bool) {
	s.lost.Add(1)
	if repull {
		s.repulls.Add(1)
	}
}

// harness is a sink with a fake pipeline.
type harness struct {
	*Metrics
	pipe   *fakePipeline
	logs   *logobserver.ObservedLogs
	self   *componenttest.Telemetry
	states []error
}

func newHarness(t *testing.T, naming sandbox.Naming, change func(*limits)) *harness {
	t.Helper()
	core, logs := logobserver.New(zap.DebugLevel)
	h := &harness{pipe: &fakePipeline{}, logs: logs, self: componenttest.NewTelemetry()}
	settings := receivertest.NewNopSettings(metadata.Type)
	settings.TelemetrySettings = h.self.NewTelemetrySettings()
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: settings.ID, Transport: "unix", ReceiverCreateSettings: settings,
	})
	require.NoError(t, err)
	self, err := telemetry.New(settings.TelemetrySettings, component.MustNewID("sandbox"), nil)
	require.NoError(t, err)
	limits := defaultLimits
	if change != nil {
		change(&limits)
	}
	h.Metrics = newMetrics(Settings{
		Converter: pdataconv.New(pdataconv.Settings{Naming: naming, Attributes: metadata.DefaultResourceAttributesConfig()}),
		Next:      h.pipe, Obsreport: obsreport, Telemetry: self, Logger: zap.New(core),
		ReportError: func(err error) { h.states = append(h.states, err) },
	}, limits)
	return h
}

func (h *harness) start(t *testing.T) (stop func()) {
	t.Helper()
	h.Start()
	return func() {
		require.NoError(t, h.Shutdown(context.Background()))
		require.NoError(t, h.self.Shutdown(context.Background()))
	}
}

// delivery returns one with the given number of points.
func delivery(points int, end bool, source sandbox.Source) sandbox.Delivery {
	r := sandbox.NewReading()
	r.Time = time.Now()
	for range points {
		r.Add(opens, sandbox.Int(7))
	}
	return sandbox.Delivery{Identity: &sandbox.Identity{Runtime: sandbox.RuntimeGVisor, ID: "a"}, Reading: r, End: end, Source: source}
}

func (h *harness) deliver(t *testing.T, deliveries ...sandbox.Delivery) {
	t.Helper()
	h.Deliver(t.Context(), 0, deliveries)
}

func TestBatchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, func(l *limits) { l.batchPoints = 50 })
		stop := h.start(t)
		for range 30 {
			h.deliver(t, delivery(10, false, nil))
		}
		h.deliver(t, delivery(200, false, nil))
		h.deliver(t, delivery(10, false, nil))
		stop()
		assert.Equal(t, []int{50, 50, 50, 50, 50, 50, 200, 10}, h.pipe.sizes(), "only a large delivery may exceed the limit")
	})
}

func TestBatchIsSentWhenItIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		time.Sleep(time.Second)
		h.deliver(t, delivery(1, false, nil))
		time.Sleep(defaultLimits.batchAge / 2)
		assert.Empty(t, h.pipe.sizes())
		time.Sleep(defaultLimits.batchAge)
		assert.Equal(t, []int{1}, h.pipe.sizes())
		stop()
	})
}

func TestShutdownSendsWhatWasDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.deliver(t, delivery(3, false, nil))
		stop()
		assert.Equal(t, []int{3}, h.pipe.sizes())
		require.NoError(t, h.Shutdown(context.Background()), "a second call must do nothing")
	})
}

func TestShutdownEndsABlockedPipeline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		h.pipe.block = true
		stop := h.start(t)
		h.deliver(t, delivery(1, false, nil))
		time.Sleep(time.Second)
		canceled, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		h.Deliver(canceled, 0, []sandbox.Delivery{delivery(1, false, nil)})
		require.Error(t, canceled.Err(), "Deliver must block with the pipeline until its context ends")
		began := time.Now()
		stop()
		assert.Equal(t, defaultLimits.drain, time.Since(began))
	})
}

func TestRefusedBatchIsReportedAndItsEndsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.pipe.refuse(errors.New("queue is full"))
		source := &fakeSource{}
		h.deliver(t, delivery(1, false, source), delivery(2, true, nil))
		time.Sleep(time.Second)
		assert.EqualValues(t, 1, source.repulls.Load())
		h.deliver(t, delivery(1, false, source))
		time.Sleep(time.Minute)
		assert.EqualValues(t, 2, source.lost.Load())
		assert.EqualValues(t, 1, source.repulls.Load(), "while the pipeline keeps refusing, nothing is pulled again early")
		synctest.Wait()
		require.Len(t, h.states, 1)
		require.EqualError(t, h.states[0], "queue is full")

		h.pipe.refuse(nil)
		time.Sleep(2 * retryInterval)
		assert.Equal(t, 2, h.pipe.ends(), "ends must be sent again")
		synctest.Wait()
		require.Len(t, h.states, 2)
		require.NoError(t, h.states[1])
		assert.Equal(t, 1, h.logs.FilterMessage("The pipeline refused metrics, which are lost").Len())
		assert.Equal(t, 1, h.logs.FilterMessage("The pipeline accepts metrics again").Len())
		stop()
	})
}

func TestPermanentRefusalIsNotRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.pipe.refuse(consumererror.NewPermanent(errors.New("invalid")))
		source := &fakeSource{}
		h.deliver(t, delivery(1, false, source), delivery(2, true, nil))
		time.Sleep(time.Second)
		h.pipe.refuse(nil)
		time.Sleep(time.Minute)
		stop()
		assert.EqualValues(t, 1, source.lost.Load())
		assert.Zero(t, source.repulls.Load())
		assert.Zero(t, h.pipe.ends())
	})
}

func TestRefusedEndsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, sandbox.OTel, nil)
		stop := h.start(t)
		h.pipe.refuse(errors.New("queue is full"))
		for range 10 {
			h.deliver(t, delivery(maxRefusedPoints/4, true, nil))
			time.Sleep(time.Second)
		}
		synctest.Wait()
		assert.LessOrEqual(t, h.workers[0].refused.points, maxRefusedPoints)
		assert.EqualValues(t, 6*maxRefusedPoints/4, droppedPoints(t, h))
		time.Sleep(maxRefusedAge + time.Minute)
		assert.EqualValues(t, 10*maxRefusedPoints/4, droppedPoints(t, h))
		h.pipe.refuse(nil)
		time.Sleep(time.Minute)
		stop()
		assert.Zero(t, h.pipe.ends())
	})
}

func droppedPoints(t *testing.T, h *harness) int64 {
	t.Helper()
	dropped, err := h.self.GetMetric("otelcol_receiver_sandbox_dropped_points")
	require.NoError(t, err)
	points := dropped.Data.(metricdata.Sum[int64]).DataPoints
	require.Len(t, points, 1)
	return points[0].Value
}

// TestDeliveriesWithoutPointsAreForgotten covers a naming that has none of a
// sandbox's families: nothing would ever make the batch full or old.
func TestDeliveriesWithoutPointsAreForgotten(t *testing.T) {
	h := newHarness(t, sandbox.Prometheus, nil)
	w := h.workers[0]
	for _, family := range []*sandbox.Family{onlyOTel, opens} {
		for _, end := range []bool{false, true} {
			d := delivery(0, end, &fakeSource{})
			d.Reading.Add(family, sandbox.Int(1))
			w.append(t.Context(), d)
		}
		if family == onlyOTel {
			assert.Empty(t, w.sources)
			assert.Empty(t, w.ends)
		}
	}
	assert.Len(t, w.sources, 1)
	assert.Len(t, w.ends, 1)
	require.NoError(t, h.self.Shutdown(context.Background()))
}

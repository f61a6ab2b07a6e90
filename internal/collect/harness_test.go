package collect

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	logobserver "go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeSink records deliveries, loses them, or blocks.
type fakeSink struct {
	lose  atomic.Bool
	block chan struct{} // Deliver waits until it is closed
	// empty counts calls without deliveries, and anonymous those with readings that
	// belong to no sandbox.
	empty, anonymous atomic.Int32

	mu     sync.Mutex
	points []point
}

// point is one point as it was delivered.
type point struct {
	at       time.Time
	sandbox  string
	name     string
	value    float64
	ended    bool
	labels   map[string]string
	time     time.Time
	hasStart bool
}

func (s *fakeSink) Lanes() int { return 2 }

func (s *fakeSink) Deliver(ctx context.Context, _ int, deliveries []sandbox.Delivery) {
	if len(deliveries) == 0 {
		s.empty.Add(1)
	} else if deliveries[0].Identity == nil {
		s.anonymous.Add(1)
	}
	if s.block != nil {
		select {
		case <-s.block:
		case <-ctx.Done():
			return
		}
	}
	if ctx.Err() != nil {
		return
	}
	for _, d := range deliveries {
		if s.lose.Load() {
			if d.Source != nil {
				d.Source.Lost(true)
			}
			continue
		}
		s.record(d)
	}
}

func (s *fakeSink) record(d sandbox.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for part := range d.Reading.Parts {
		id := ""
		if part.Identity != nil {
			id = part.Identity.ID
		} else if d.Identity != nil {
			id = d.Identity.ID
		}
		for _, p := range part.Points {
			descriptor := &p.Family.OTel
			if descriptor.Info && !d.Reading.Info && !d.End {
				continue
			}
			labels := map[string]string{}
			for i, key := range descriptor.LabelKeys {
				labels[key] = p.Labels[i]
			}
			s.points = append(s.points, point{
				at: time.Now(), sandbox: id, name: descriptor.Name, value: p.Value.AsFloat(), ended: d.End,
				labels: labels, time: d.Reading.Time, hasStart: !d.Reading.Discovered.IsZero(),
			})
		}
	}
}

// of returns the points of one metric of one sandbox.
func (s *fakeSink) of(id, name string) []point {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []point
	for _, p := range s.points {
		if p.sandbox == id && p.name == name {
			found = append(found, p)
		}
	}
	return found
}

// harness is a collection with one fake runtime and a fake sink.
type harness struct {
	*Collection
	runtime *fakeRuntime
	sink    *fakeSink
	logs    *logobserver.ObservedLogs
	self    *componenttest.Telemetry
	// errs are the errors that discovery reported.
	errs []error
}

const (
	testInterval = 10 * time.Second
	testTimeout  = 5 * time.Second
)

func newHarness(t *testing.T, change func(*Collection)) *harness {
	t.Helper()
	core, logs := logobserver.New(zap.DebugLevel)
	h := &harness{runtime: newFakeRuntime(), sink: &fakeSink{}, logs: logs, self: componenttest.NewTelemetry()}
	runtimes := []sandbox.Runtime{h.runtime}
	self, err := telemetry.New(h.self.NewTelemetrySettings(), component.MustNewIDWithName("sandbox", "test"), runtimes)
	require.NoError(t, err)
	require.NoError(t, self.Start())
	h.Collection = New(Settings{
		Interval: testInterval, Timeout: testTimeout,
		Runtimes: runtimes, Sink: h.sink, Metrics: metadata.DefaultMetricsConfig(),
		Logger: zap.New(core), Telemetry: self,
		ReportError: func(_ string, err error) { h.errs = append(h.errs, err) },
	})
	if change != nil {
		change(h.Collection)
	}
	return h
}

// start starts the collection and returns a function that stops it.
func (h *harness) start(t *testing.T) (stop func()) {
	t.Helper()
	h.Start()
	return func() {
		require.NoError(t, h.StopPulls(context.Background()))
		require.NoError(t, h.StopDiscovery(context.Background()))
		h.settings.Telemetry.Shutdown()
		require.NoError(t, h.self.Shutdown(context.Background()))
	}
}

func (h *harness) add(all []*fakeSandbox) {
	for _, s := range all {
		h.runtime.add(s)
	}
}

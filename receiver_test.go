//go:build linux

package sandboxreceiver

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// recordingSink records metrics by sandbox. It counts only resources that contain
// the sandbox's own metrics, not just those of the receiver about it.
type recordingSink struct {
	mu sync.Mutex
	// count and last are the number of resources and the last one, by sandbox ID.
	count map[string]int
	last  map[string]pmetric.ResourceMetrics
	// names are the names of all metrics.
	names map[string]bool
	// changed receives a value after a call.
	changed chan struct{}
}

func newRecordingSink() *recordingSink {
	return &recordingSink{
		count: map[string]int{}, last: map[string]pmetric.ResourceMetrics{},
		names: map[string]bool{}, changed: make(chan struct{}, 1),
	}
}

func (s *recordingSink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

// maxInfoPoints is more than the number of points that a sandbox emits without a
// pull.
const maxInfoPoints = 20

func (s *recordingSink) ConsumeMetrics(_ context.Context, metrics pmetric.Metrics) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range metrics.ResourceMetrics().All() {
		id, found := resource.Resource().Attributes().Get("sandbox.id")
		points := 0
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				s.names[metric.Name()] = true
				if scope.Scope().Name() != metadata.ScopeName {
					points += pointsOf(metric)
				}
			}
		}
		if found && points > maxInfoPoints {
			s.count[id.Str()]++
			s.last[id.Str()] = resource
		}
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return nil
}

func pointsOf(metric pmetric.Metric) int {
	switch metric.Type() {
	case pmetric.MetricTypeSum:
		return metric.Sum().DataPoints().Len()
	case pmetric.MetricTypeGauge:
		return metric.Gauge().DataPoints().Len()
	}
	return 1
}

// await waits until a condition is met. The condition is checked with the lock
// held.
func (s *recordingSink) await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	timeout := time.After(time.Minute)
	for {
		s.mu.Lock()
		met := condition()
		s.mu.Unlock()
		if met {
			return
		}
		select {
		case <-s.changed:
		case <-timeout:
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Fatalf("timed out waiting until %s: received %v", what, s.count)
		}
	}
}

// startReceiver starts a receiver for the sandboxes of a fleet.
func startReceiver(
	t *testing.T, fleet *simfleet.Fleet, next consumer.Metrics, change func(*Config),
) (stop func(), logs *observer.ObservedLogs) {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.CollectionInterval, config.InitialDelay, config.Timeout = time.Second, 0, time.Second
	config.GVisor.Roots, config.Kata.StoragePaths = []string{fleet.RuntimeRoot()}, fleet.StoragePaths()
	if change != nil {
		change(config)
	}
	require.NoError(t, config.Validate())
	core, logs := observer.New(zapcore.InfoLevel)
	settings := receivertest.NewNopSettings(metadata.Type)
	settings.Logger = zap.New(core)
	r, err := NewFactory().CreateMetrics(t.Context(), settings, config, next)
	require.NoError(t, err)
	require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
	return func() { require.NoError(t, r.Shutdown(context.Background())) }, logs
}

func newFleet(t *testing.T, options simfleet.Options) *simfleet.Fleet {
	t.Helper()
	dir, err := os.MkdirTemp("", "sandboxes") //nolint:usetesting // t.TempDir is too long for a socket address
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	fleet, err := simfleet.New(dir, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, fleet.Close()) })
	return fleet
}

// expectedNames are some of the names of metrics of both runtimes.
var expectedNames = map[sandbox.Naming][]string{
	sandbox.OTel: {
		"gvisor.fs.opens", "gvisor.sandbox.spec", "kata.shim.thread.count",
		"sandbox.state", "sandbox.responsive",
	},
	sandbox.Prometheus: {
		"runsc_fs_opens", "runsc_meta_sandbox_metadata", "runsc_meta_num_sandboxes_total",
		"kata_shim_threads", "kata_monitor_running_shim_count",
	},
}

func TestReceiverCollectsBothRuntimes(t *testing.T) {
	for _, naming := range sandbox.Namings {
		t.Run(string(naming), func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{GVisor: 3, Kata: 2, KataRust: 1, KataRustQEMU: 1})
			sink := newRecordingSink()
			stop, _ := startReceiver(t, fleet, sink, func(c *Config) { c.Naming = naming })
			sink.await(t, "metrics of each sandbox are received", func() bool { return len(sink.count) >= 6 })
			stop()
			for _, pod := range fleet.Kata() {
				assert.False(t, pod.Crashed(), "a request must not crash a shim")
			}
			for _, name := range expectedNames[naming] {
				assert.True(t, sink.names[name], name)
			}
		})
	}
}

// TestSecretsAreNotExported checks that the environment of containers, which state
// files contain, appears neither in metrics nor in logs.
func TestSecretsAreNotExported(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{GVisor: 2, Kata: 2, KataRust: 1})
	file, err := os.ReadFile(fleet.GVisor()[0].StatePath())
	require.NoError(t, err)
	const secret = simulate.DecoySecret
	require.Contains(t, string(file), secret)
	sink := newRecordingSink()
	stop, logs := startReceiver(t, fleet, sink, nil)
	sink.await(t, "metrics of each sandbox are received", func() bool { return len(sink.count) >= 5 })
	stop()
	for id, resource := range sink.last {
		metrics := pmetric.NewMetrics()
		resource.CopyTo(metrics.ResourceMetrics().AppendEmpty())
		text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(metrics)
		require.NoError(t, err)
		assert.NotContains(t, string(text), secret, id)
	}
	encoder := zapcore.NewJSONEncoder(zap.NewDevelopmentEncoderConfig())
	for _, entry := range logs.All() {
		line, err := encoder.EncodeEntry(entry.Entry, entry.Context)
		require.NoError(t, err)
		assert.NotContains(t, line.String(), secret)
	}
}

// hostileModes are the numbers of hostile sandboxes by mode: 60 that do not respond
// properly, and 10 whose responses fail verification.
var hostileModes = map[simulate.Mode]int{
	simgvisor.Stall: 20, simgvisor.Trickle: 20, simgvisor.EndlessString: 5, simgvisor.EndlessArray: 5, simgvisor.Garbage: 10,
	simgvisor.CounterDown: 2, simgvisor.UnknownMetric: 2, simgvisor.HelpChanged: 2, simgvisor.Duplicate: 2, simgvisor.Future: 2,
}

// TestHostileSandboxesDoNotAffectOthers runs 130 honest sandboxes among 200. The
// metrics of each honest one must be received in every interval, and the hostile ones
// must not increase memory use much.
func TestHostileSandboxesDoNotAffectOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	fleet := newFleet(t, simfleet.Options{GVisor: 130, Hostile: hostileModes})
	sink := newRecordingSink()
	const interval, intervals = 4 * time.Second, 5
	began := time.Now()
	stop, _ := startReceiver(t, fleet, sink, func(c *Config) { c.CollectionInterval, c.Timeout = interval, 2*time.Second })
	sink.await(t, "metrics of each honest sandbox are received five times", func() bool {
		for _, s := range fleet.GVisor() {
			if s.Mode() == "" && sink.count[s.ID()] < intervals {
				return false
			}
		}
		return true
	})
	elapsed := time.Since(began)
	stop()
	// The first pull is immediate, so five pulls take four intervals and at most one
	// phase. The rest is a margin for a busy machine.
	assert.Less(t, elapsed, (intervals+1)*interval, "no interval must be missed")
	for _, s := range fleet.GVisor() {
		assert.LessOrEqual(t, s.Load().MaxInFlight, int64(1), "%s %s", s.ID(), s.Mode())
		assert.Zero(t, s.Load().Forbidden)
		if s.Mode() == simgvisor.Garbage || s.Mode() == simgvisor.Stall {
			assert.Zero(t, sink.count[s.ID()], s.Mode())
		}
	}
	assert.Less(t, peakMemory(t), int64(300<<20), "the limit includes the simulated sandboxes and the race detector")
}

// peakMemory returns the peak resident memory of this process in bytes.
func peakMemory(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	// VmHWM:	   12345 kB
	_, rest, found := bytes.Cut(text, []byte("VmHWM:"))
	require.True(t, found)
	kilobytes, err := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
	require.NoError(t, err)
	return kilobytes << 10
}

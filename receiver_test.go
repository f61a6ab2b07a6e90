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
)

// arrivals counts, for each sandbox, the resources in which its own metrics
// came (not only what the receiver says about it), and keeps the last of each.
type arrivals struct {
	mu    sync.Mutex
	count map[string]int
	last  map[string]pmetric.ResourceMetrics
	names map[string]bool
	wake  chan struct{}
}

func newArrivals() *arrivals {
	return &arrivals{
		count: map[string]int{}, last: map[string]pmetric.ResourceMetrics{},
		names: map[string]bool{}, wake: make(chan struct{}, 1),
	}
}

func (a *arrivals) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (a *arrivals) ConsumeMetrics(_ context.Context, metrics pmetric.Metrics) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, resource := range metrics.ResourceMetrics().All() {
		id, found := resource.Resource().Attributes().Get("sandbox.id")
		measured := 0
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				a.names[metric.Name()] = true
				if scope.Scope().Name() != metadata.ScopeName {
					measured += pointsOf(metric)
				}
			}
		}
		// A sandbox that is only described has fewer than twenty points.
		if found && measured > 20 {
			a.count[id.Str()]++
			a.last[id.Str()] = resource
		}
	}
	select {
	case a.wake <- struct{}{}:
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

// await waits until enough is true, for at most a minute.
func (a *arrivals) await(t *testing.T, what string, enough func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		a.mu.Lock()
		done := enough()
		a.mu.Unlock()
		if done {
			return
		}
		select {
		case <-a.wake:
		case <-deadline:
			t.Fatalf("%s did not happen; arrived so far: %v", what, a.count)
		}
	}
}

// over starts a receiver over a fleet of simulated sandboxes.
func over(t *testing.T, fleet *simfleet.Fleet, next consumer.Metrics, change func(*Config)) (stop func(), logs *observer.ObservedLogs) {
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
	// Paths of sockets have to be short.
	dir, err := os.MkdirTemp("", "sandboxes") //nolint:usetesting // the other is too long
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	fleet, err := simfleet.New(dir, options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, fleet.Close()) })
	return fleet
}

func TestBothRuntimesInOneReceiver(t *testing.T) {
	for _, naming := range sandbox.Namings {
		t.Run(string(naming), func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{GVisor: 3, Kata: 2, KataRust: 1, KataRustQEMU: 1})
			sink := newArrivals()
			stop, _ := over(t, fleet, sink, func(c *Config) { c.Naming = naming })
			sink.await(t, "a delivery of each sandbox", func() bool { return len(sink.count) >= 6 })
			stop()
			for _, one := range fleet.Kata() {
				assert.False(t, one.Aborted(), "a shim was killed by a request")
			}
			wanted := []string{"gvisor.fs.opens", "gvisor.sandbox.spec", "kata.shim.thread.count", "sandbox.state", "sandbox.responsive"}
			if naming == sandbox.Prometheus {
				wanted = []string{"runsc_fs_opens", "runsc_meta_sandbox_metadata", "runsc_meta_num_sandboxes_total", "kata_shim_threads", "kata_monitor_running_shim_count"}
			}
			for _, name := range wanted {
				assert.True(t, sink.names[name], name)
			}
		})
	}
}

// TestSecretsStayWhereTheyAre: state files hold the environment of containers.
func TestSecretsStayWhereTheyAre(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{GVisor: 2, Kata: 2, KataRust: 1})
	file, err := os.ReadFile(fleet.GVisor()[0].StatePath())
	require.NoError(t, err)
	const secret = simulate.DecoySecret
	require.Contains(t, string(file), secret)
	sink := newArrivals()
	stop, logs := over(t, fleet, sink, nil)
	sink.await(t, "a delivery of each sandbox", func() bool { return len(sink.count) >= 5 })
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

// TestHostileSandboxesAreInvisibleToOthers has 130 honest sandboxes among 200:
// each of them delivers in every interval, and the hostile ones cost little
// memory.
func TestHostileSandboxesAreInvisibleToOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	lies := []simulate.Mode{"counter-down", "unknown-metric", "help-changed", "duplicate", "future"}
	hostile := map[simulate.Mode]int{"stall": 20, "trickle": 20, "endless-string": 5, "endless-array": 5, "garbage": 10}
	for _, mode := range lies {
		hostile[mode] += 2
	}
	for mode := range hostile {
		_, err := simfleet.ParseMode(string(mode))
		require.NoError(t, err)
	}
	fleet := newFleet(t, simfleet.Options{GVisor: 130, Hostile: hostile})
	sink := newArrivals()
	const interval, intervals = 4 * time.Second, 5
	began := time.Now()
	stop, _ := over(t, fleet, sink, func(c *Config) { c.CollectionInterval, c.Timeout = interval, 2*time.Second })
	sink.await(t, "five deliveries of each honest sandbox", func() bool {
		for _, one := range fleet.GVisor() {
			if one.Mode() == "" && sink.count[one.ID()] < intervals {
				return false
			}
		}
		return true
	})
	took := time.Since(began)
	stop()
	// The first cycle is at once, so five take four intervals and at most a
	// phase more; the rest is margin for a busy machine.
	assert.Less(t, took, (intervals+1)*interval, "an interval was lost")
	for _, one := range fleet.GVisor() {
		assert.LessOrEqual(t, one.Load().MaxInFlight, int64(1), "%s %s", one.ID(), one.Mode())
		assert.Zero(t, one.Load().Forbidden)
		if one.Mode() == "garbage" || one.Mode() == "stall" {
			assert.Zero(t, sink.count[one.ID()], one.Mode())
		}
	}
	assert.Less(t, peakMemory(t), int64(300<<20), "peak memory, the simulation's and the race detector's included")
}

// peakMemory is the most memory this process had, in bytes.
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

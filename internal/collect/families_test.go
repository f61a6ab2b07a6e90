package collect

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestFamiliesMatchMetadata compares the families with the file that the
// documentation is generated from.
func TestFamiliesMatchMetadata(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "metadata.yaml"))
	require.NoError(t, err)
	var file struct {
		Metrics map[string]struct {
			Description string
			Unit        string
			Attributes  []string
			Sum         *struct{ Monotonic bool }
			Histogram   *struct {
				Bounds []float64 `yaml:"bucket_boundaries"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	config := metadata.DefaultMetricsConfig()
	config.SandboxPullConsecutiveFailures.Enabled, config.SandboxNextPullDelay.Enabled = true, true
	all := newReceiverFamilies(config)
	families := []*sandbox.Family{
		all.skipped, all.responsive, all.duration, all.age, all.failures, all.consecutive, all.next,
		all.starts, all.exits, all.lifetime, all.startup,
	}
	for _, family := range families {
		descriptor := family.OTel
		want, found := file.Metrics[descriptor.Name]
		require.True(t, found, descriptor.Name)
		assert.Equal(t, want.Description, descriptor.Description)
		assert.Equal(t, want.Unit, descriptor.Unit)
		for i, key := range want.Attributes {
			if key == "sandbox.runtime" {
				want.Attributes[i] = "sandbox.runtime.name" // its name_override
			}
		}
		assert.ElementsMatch(t, want.Attributes, descriptor.LabelKeys)
		kind := sandbox.Gauge
		if want.Histogram != nil {
			kind = sandbox.Histogram
			bounds := map[*sandbox.Family][]float64{all.lifetime: lifetimeBounds, all.startup: startupBounds}
			assert.Equal(t, want.Histogram.Bounds, bounds[family], descriptor.Name)
		}
		if want.Sum != nil {
			kind = sandbox.UpDownCounter
			if want.Sum.Monotonic {
				kind = sandbox.Counter
			}
		}
		assert.Equal(t, kind, descriptor.Kind, descriptor.Name)
		assert.Empty(t, family.Prometheus.Name)
	}
	without := all.skipped.OTel
	without.LabelKeys = []string{"sandbox.state"}
	assert.Equal(t, without, all.state.OTel, "the state without a skip reason is the same metric")
}

func TestReceiverMetricsCanBeDisabled(t *testing.T) {
	all := newReceiverFamilies(metadata.MetricsConfig{})
	var r sandbox.Reading
	failed := &health{outcome: sandbox.OK, failed: map[sandbox.Outcome]int64{sandbox.Timeout: 1}}
	all.append(&r, sandbox.Status{State: sandbox.Running}, failed)
	assert.Empty(t, r.Points)
}

// TestHealthMetrics compares the metrics about failures with the pulls that follow.
func TestHealthMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) {
			config := metadata.DefaultMetricsConfig()
			config.SandboxPullConsecutiveFailures.Enabled, config.SandboxNextPullDelay.Enabled = true, true
			c.families = newReceiverFamilies(config)
		})
		stop := h.start(t)
		s, hung := hanging("a")
		h.runtime.add(s)
		time.Sleep(3 * testInterval)
		synctest.Wait()
		hung.Store(true)
		time.Sleep(10 * testInterval)
		synctest.Wait()
		hung.Store(false)
		time.Sleep(h.limits.maxBackOff)
		stop()
		pulls := s.pulled()
		failures := h.sink.of("a", "sandbox.pull.consecutive_failures")
		highest := 0.0
		for _, p := range failures {
			highest = max(highest, p.value)
		}
		assert.GreaterOrEqual(t, highest, 3.0)
		assert.Zero(t, failures[0].value)
		assert.Zero(t, failures[len(failures)-1].value)
		for _, p := range h.sink.of("a", "sandbox.next_pull.delay") {
			later := slices.IndexFunc(pulls, func(pull time.Time) bool { return pull.After(p.at) })
			if later < 0 {
				break
			}
			want := pulls[later].Sub(p.at).Seconds()
			assert.InDelta(t, want, p.value, 0.5, "emitted at %v", p.at)
		}
	})
}

// TestSkippedSandboxIsNotResponsive checks that a sandbox that is not contacted is
// neither responsive nor unresponsive: its pulls read the host.
func TestSkippedSandboxIsNotResponsive(t *testing.T) {
	all := newReceiverFamilies(metadata.DefaultMetricsConfig())
	succeeded := &health{outcome: sandbox.OK, lastSuccess: time.Now()}
	for _, state := range sandbox.States {
		status := sandbox.Status{State: state}
		var r sandbox.Reading
		all.append(&r, status, succeeded)
		reported := slices.ContainsFunc(r.Points, func(p sandbox.Point) bool { return p.Family == all.responsive })
		assert.Equal(t, status.Pulled() && state != sandbox.Skipped, reported, string(state))
	}
}

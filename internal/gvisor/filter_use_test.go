package gvisor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

func TestFilterThatMatchesNothingIsWarnedAbout(t *testing.T) {
	for name, test := range map[string]struct {
		filter   string
		warnings int
	}{
		"no filter":     {"", 0},
		"name":          {"fs_opens", 0},
		"part":          {"opens", 1},
		"with a prefix": {"runsc_fs_opens", 1},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{})
			addGVisor(t, fleet, simgvisor.Options{ID: "web"})
			addGVisor(t, fleet, simgvisor.Options{ID: "db", Unregistered: true})
			core, logs := observer.New(zap.WarnLevel)
			config := testConfig(fleet.RuntimeRoot())
			config.MetricFilter = test.filter
			runtime, err := New(&config, sandbox.Settings{Naming: sandbox.OTel}, zap.New(core))
			require.NoError(t, err)
			warnings := func() int {
				runtime.AppendRuntimeMetrics(new(sandbox.Reading), sandbox.Stats{})
				return logs.FilterField(zap.String("metric_filter", test.filter)).Len()
			}
			recorder := watch(t, runtime)
			assert.Zero(t, warnings(), "no sandbox is known yet")
			for _, id := range []string{"web", "db"} {
				_, err := pull(t, recorder.get(id), longTimeout)
				require.NoError(t, err)
				assert.Equal(t, test.warnings, warnings(), "after the pull of %s", id)
			}
		})
	}
}

func TestFilterThatMatchesOneSandboxIsFine(t *testing.T) {
	var use filterUse
	use.record(false)
	use.record(true)
	assert.False(t, use.isUseless())
	use.record(false)
	assert.False(t, use.isUseless())
}

package gvisor

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestOTelDescriptors(t *testing.T) {
	f := newFamilies("runsc_", true, true)
	for name, family := range map[string]*sandbox.Family{
		"gvisor.sandbox.spec":            f.spec,
		"gvisor.sandbox.capability":      f.capability,
		"gvisor.sandbox.checkpointed":    f.checkpointed,
		"gvisor.sandbox.restored":        f.restored,
		"gvisor.sandbox.cpu_time_saved":  f.cpuTimeSaved,
		"gvisor.sandbox.wall_time_saved": f.wallTimeSaved,
	} {
		assert.Equal(t, name, family.OTel.Name)
		assert.Len(t, family.OTel.LabelKeys, len(family.Prometheus.LabelKeys))
	}
	assert.InDelta(t, 1.5, sandbox.Int(1500).Scaled(f.cpuTimeSaved.OTel.Scale).AsFloat(), 1e-9)
	assert.Equal(t, "s", f.cpuTimeSaved.OTel.Unit)
}

func TestOTelOmitsRedundantFamilies(t *testing.T) {
	f := newFamilies("runsc_", true, true)
	metadata := f.infoOf(record().Metadata).family
	for _, family := range []*sandbox.Family{f.presence, f.running, f.creationTime, f.noCPUTimeSaved, f.noWallTimeSaved, metadata} {
		assert.Empty(t, family.OTel.Name)
		assert.NotEmpty(t, family.Prometheus.Name)
	}
	assert.Equal(t, f.cpuTimeSaved.Prometheus, f.noCPUTimeSaved.Prometheus)
	assert.Equal(t, f.wallTimeSaved.Prometheus, f.noWallTimeSaved.Prometheus)
}

// Families whose points rarely change are not part of each pull, those with the state
// of a sandbox are.
func TestInfoFamiliesInPrometheus(t *testing.T) {
	f := newFamilies("runsc_", false, false)
	for _, family := range []*sandbox.Family{&f.metadata, f.capability, f.spec, f.creationTime} {
		assert.True(t, family.Prometheus.Info, family.Prometheus.Name)
	}
	for _, family := range []*sandbox.Family{
		f.presence, f.running, f.checkpointed, f.restored, f.cpuTimeSaved, f.wallTimeSaved, f.noCPUTimeSaved, f.noWallTimeSaved,
	} {
		assert.False(t, family.Prometheus.Info, family.Prometheus.Name)
	}
}

// The metadata of a sandbox have a family for each set of keys.
func TestMetadataOfSandboxAreInfo(t *testing.T) {
	s := newRuntime(t, testConfig("/run/runsc")).newSandbox(record())
	assert.True(t, s.info.family.Prometheus.Info)
}

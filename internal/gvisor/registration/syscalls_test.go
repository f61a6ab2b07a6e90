package registration

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// unimplemented returns the registered metric that counts system calls, with
// changed keys.
func unimplemented(changes keys) keys {
	m := keys{
		"name": "/unimplemented_syscalls", "prometheus_name": "unimplemented_syscalls", "description": "Number of times.",
		"cumulative": true, "fields": []keys{field("sysno", "0", "425", "-1")},
	}
	maps.Copy(m, changes)
	return m
}

func TestSyscallsHaveNamesInOTel(t *testing.T) {
	raw := []byte(registered(unimplemented(nil)))
	vouched, err := Parse(raw, "runsc_", Limits{})
	require.NoError(t, err)
	firstUse := parseFirstUse(t, NewKnown("runsc_", false), string(raw))
	for _, r := range []*Registration{vouched, firstUse} {
		m := r.Find([]byte("unimplemented_syscalls"))
		assert.True(t, m.CountsSyscalls)
		assert.Equal(t, []string{"gvisor.sysno", "gvisor.syscall.name"}, m.Family.OTel.LabelKeys)
		assert.Equal(t, []string{"sysno", ""}, m.Family.Prometheus.LabelKeys)
		assert.Equal(t, []string{"425"}, m.Labels(nil, m.First+1), "the name is not part of the registration")
	}
}

func TestOtherMetricsCountNoSyscalls(t *testing.T) {
	for name, changes := range map[string]keys{
		"other path":  {"name": "/implemented_syscalls", "prometheus_name": "implemented_syscalls"},
		"other field": {"fields": []keys{field("number", "0")}},
		"more fields": {"fields": []keys{field("sysno", "0"), field("abi", "0")}},
		"no field":    {"fields": []keys{}},
	} {
		r, err := Parse([]byte(registered(unimplemented(changes))), "runsc_", Limits{})
		require.NoError(t, err, name)
		m := &r.Metrics[0]
		assert.False(t, m.CountsSyscalls, name)
		assert.NotContains(t, m.Family.OTel.LabelKeys, "gvisor.syscall.name", name)
		assert.Len(t, m.Family.Prometheus.LabelKeys, len(m.Fields), name)
	}
}

// TestUnknownMetricsCountNoSyscalls checks a metric that only looks like the one
// that counts system calls.
func TestUnknownMetricsCountNoSyscalls(t *testing.T) {
	gauge := registered(unimplemented(keys{"cumulative": false}))
	dropped := parseFirstUse(t, NewKnown("runsc_", false), gauge).Metrics[0]
	assert.True(t, dropped.Dropped)
	assert.False(t, dropped.CountsSyscalls)
	kept := parseFirstUse(t, NewKnown("runsc_", true), gauge).Metrics[0]
	assert.Equal(t, sandbox.Gauge, kept.Family.OTel.Kind)
	assert.False(t, kept.CountsSyscalls)
	assert.Equal(t, []string{"gvisor.unregistered.sysno"}, kept.Family.OTel.LabelKeys)
	assert.Equal(t, []string{"unregistered_sysno"}, kept.Family.Prometheus.LabelKeys)
}

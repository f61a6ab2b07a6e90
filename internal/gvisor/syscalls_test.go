package gvisor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestSyscallNamesDependOnArchitectureAndNaming checks that the architecture comes
// from the state file, and that the naming "prometheus" has no names.
func TestSyscallNamesDependOnArchitectureAndNaming(t *testing.T) {
	const response = `{"success":true,"err":"","result":{"RegisteredMetrics":{"metrics":[` +
		`{"name":"/unimplemented_syscalls","prometheus_name":"unimplemented_syscalls","description":"","cumulative":true,` +
		`"fields":[{"field_name":"sysno","allowed_values":["0"]}]}]}}}`
	const export = `{"success":true,"err":"","result":{"snapshot":{"when":"NOW","data":[` +
		`{"metric":{"name":"unimplemented_syscalls","type":2,"help":""},"labels":{"sysno":"0"},"val":{"int":7}}]}}}`
	for _, test := range []struct {
		naming       sandbox.Naming
		architecture string
		want         []string
	}{
		{sandbox.OTel, "amd64", []string{"0", "read"}},
		{sandbox.OTel, "arm64", []string{"0", "io_setup"}},
		{sandbox.OTel, "", []string{"0"}},
		{sandbox.Prometheus, "amd64", []string{"0"}},
	} {
		record := newFakeSandbox(t, map[string]string{"Metrics.GetRegisteredMetrics": response, "Metrics.Export": export}).record
		record.Metadata = &discovery.Metadata{Attributes: []sandbox.Attribute{{Key: "cpuarch", Value: test.architecture}}}
		config := testConfig(record.Root)
		runtime, err := New(&config, sandbox.Settings{Naming: test.naming}, zap.NewNop())
		require.NoError(t, err)
		r, err := pull(t, newTestSandbox(t, runtime, record), longTimeout)
		require.NoError(t, err)
		require.Len(t, r.Points, 1)
		assert.Equal(t, test.want, r.Points[0].Labels)
	}
}

package registration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// metricFamilies are the families of the metrics in testdata/small.json.
var metricFamilies = []struct {
	name             string
	otel, prometheus sandbox.Descriptor
}{
	{
		"disk_reads",
		sandbox.Descriptor{Name: "gvisor.disk.reads", Description: `Reads of <disk> & "more".`, Kind: sandbox.Counter},
		sandbox.Descriptor{Name: "runsc_disk_reads", Description: `Reads of <disk> & "more".`, Kind: sandbox.Counter},
	},
	{
		"disk_wait",
		sandbox.Descriptor{Name: "gvisor.disk.wait", Description: "Time spent waiting.", Unit: "s", Scale: 1e-9, Kind: sandbox.Counter},
		sandbox.Descriptor{Name: "runsc_disk_wait", Description: "Time spent waiting.", Kind: sandbox.Counter},
	},
	{
		"link_rx_bytes",
		sandbox.Descriptor{Name: "gvisor.link.rx.bytes", Description: "Bytes received.", Unit: "By", Kind: sandbox.Counter},
		sandbox.Descriptor{Name: "runsc_link_rx_bytes", Description: "Bytes received.", Kind: sandbox.Counter},
	},
	{
		"link_rx_packets",
		sandbox.Descriptor{Name: "gvisor.link.rx.packets", Description: "Packets received.", Unit: "{packet}", Kind: sandbox.Counter},
		sandbox.Descriptor{Name: "runsc_link_rx_packets", Description: "Packets received.", Kind: sandbox.Counter},
	},
	{
		"tasks_open",
		sandbox.Descriptor{Name: "gvisor.tasks.open", Description: "Tasks now.", Kind: sandbox.Gauge},
		sandbox.Descriptor{Name: "runsc_tasks_open", Description: "Tasks now.", Kind: sandbox.Gauge},
	},
	{
		"calls_odd",
		sandbox.Descriptor{
			Name: "gvisor.calls.odd", Description: "Odd calls.", Kind: sandbox.Counter, LabelKeys: []string{"gvisor.kind", "gvisor.number"},
		},
		sandbox.Descriptor{
			Name: "runsc_calls_odd", Description: "Odd calls.", Kind: sandbox.Counter, LabelKeys: []string{"kind", "number"},
		},
	},
	{
		"disk_latency",
		sandbox.Descriptor{
			Name: "gvisor.disk.latency", Description: "Latency.", Unit: "s", Scale: 1e-9,
			Kind: sandbox.Histogram, LabelKeys: []string{"gvisor.mode"},
		},
		sandbox.Descriptor{Name: "runsc_disk_latency", Description: "Latency.", Kind: sandbox.Histogram, LabelKeys: []string{"mode"}},
	},
}

func TestFamilies(t *testing.T) {
	r, err := Parse(small(t), "runsc_", Limits{})
	require.NoError(t, err)
	for _, test := range metricFamilies {
		m := r.Find([]byte(test.name))
		assert.Equal(t, &sandbox.Family{OTel: test.otel, Prometheus: test.prometheus}, m.Family, test.name)
	}

	latency := r.Find([]byte("disk_latency"))
	for suffix, family := range map[string]*sandbox.Family{"_min": latency.Min, "_max": latency.Max, "_ssd": latency.SSD} {
		assert.Empty(t, family.OTel.Name)
		assert.Equal(t, "runsc_disk_latency"+suffix, family.Prometheus.Name)
		assert.Equal(t, sandbox.Gauge, family.Prometheus.Kind)
		assert.Equal(t, []string{"mode"}, family.Prometheus.LabelKeys)
	}
	assert.Nil(t, r.Find([]byte("disk_wait")).Min)
}

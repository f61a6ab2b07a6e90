//go:build linux

package e2e

import (
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

const sentBytes = 16 << 20

// Two sandboxes that are connected by a network count what one sends to the other. Their loopback
// interfaces are left out.
func TestUsageOfNetwork(t *testing.T) {
	r := runsc.New(t)
	first, second := runsc.Link(t)
	r.Start(runsc.Container{ID: "server", Network: first, Script: `
/bin/busybox head -c 16777216 /dev/zero >/tmp/data
httpd -p ` + runsc.FirstAddress + `:80 -h /tmp
` + runsc.Idle})
	r.Start(runsc.Container{ID: "client", Network: second, Script: `
until wget -q -O /dev/null http://` + runsc.FirstAddress + `/data; do sleep 1; done
` + runsc.Idle})
	sink := startUsage(t, r.Root)
	for id, directions := range map[string][2]string{"server": {"transmit", "receive"}, "client": {"receive", "transmit"}} {
		t.Run(id, func(t *testing.T) {
			for i, low := range []float64{sentBytes, 1} {
				awaitValue(t, sink, "sandbox.network.io", map[string]string{
					"sandbox.id": id, "network.interface.name": "eth0", "network.io.direction": directions[i],
				}, low, 2*sentBytes)
			}
		})
	}
	for _, series := range sink.Series() {
		if series.Matches("sandbox.network.io", map[string]string{"network.interface.name": "lo"}) {
			t.Errorf("%v: the loopback interface is not a network", series)
		}
	}
	if err := sink.CheckCounters(); err != nil {
		t.Error(err)
	}
}

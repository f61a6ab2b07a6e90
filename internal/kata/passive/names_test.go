package passive

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

func TestSamplesAreInTheCatalog(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50, 102, 103)
	m.run(t, 102, "virtiofsd", 60)
	m.run(t, 103, "qemu-system-x86", 70)
	var status strings.Builder
	for name := range sizeItems {
		fmt.Fprintf(&status, "%s:\t 1 kB\n", name)
	}
	for name := range switchItems {
		fmt.Fprintf(&status, "%s:\t1\n", name)
	}
	var io strings.Builder
	for name := range rustIOItems {
		fmt.Fprintf(&io, "%s: 1\n", name)
	}
	for _, pid := range []string{"101", "102", "103"} {
		write(t, filepath.Join(m.proc, pid, "status"), status.String())
		write(t, filepath.Join(m.proc, pid, "io"), io.String())
	}
	write(t, filepath.Join(m.cgroup, "pod1/cpu.stat"), "usage_usec 1\nuser_usec 1\nsystem_usec 0\nthrottled_usec 1\n")
	write(t, filepath.Join(m.cgroup, "pod1/cpu.max"), "1 2\n")
	write(t, filepath.Join(m.cgroup, "pod1/memory.current"), "1\n")
	write(t, filepath.Join(m.cgroup, "pod1/memory.max"), "1\n")
	write(t, filepath.Join(m.cgroup, "pod1/memory.events"), "oom_kill 1\n")
	for _, flavor := range []catalog.Flavor{catalog.Go, catalog.Rust} {
		samples := NewProbe(m.roots(), Sandbox{Flavor: flavor, Shim: 101, Cgroup: "pod1"}).Read()
		if len(samples) < 100 {
			t.Errorf("%v: got %d samples, want at least 100", flavor, len(samples))
		}
		for _, s := range samples {
			// Current kernels do not report VmPMD, and neither does runtime-rs.
			if s.Item == "vmpmd" && s.Family == "kata_shim_proc_status" && flavor == catalog.Rust {
				continue
			}
			if catalog.Lookup(flavor, s.Family, s.Item) == nil {
				t.Errorf("%v: %s{%s} is not in the catalog", flavor, s.Family, s.Item)
			}
		}
	}
}

// Both directions of the same quantity become one metric only if they are
// adjacent.
func TestColumnsAreAdjacent(t *testing.T) {
	seen := map[string]int{}
	for i, column := range columns {
		name := column.item[len("recv_"):]
		if first, found := seen[name]; found && first != i-1 {
			t.Errorf("%s is not adjacent to the other direction", column.item)
		}
		seen[name] = i
	}
	var counters host.InterfaceCounters
	counters.Received = host.InterfaceTraffic{Bytes: 1, Packets: 2, Errors: 3, Dropped: 4, FIFO: 5, Compressed: 7}
	counters.ReceivedFrame, counters.ReceivedMulticast = 6, 8
	counters.Sent = host.InterfaceTraffic{Bytes: 9, Packets: 10, Errors: 11, Dropped: 12, FIFO: 13, Compressed: 16}
	counters.SentCollisions, counters.SentCarrier = 14, 15
	got := map[string]uint64{}
	for _, column := range columns {
		got[column.item] = column.value(&counters)
	}
	want := map[string]uint64{
		"recv_bytes": 1, "recv_packets": 2, "recv_errs": 3, "recv_drop": 4, "recv_fifo": 5, "recv_frame": 6,
		"recv_compressed": 7, "recv_multicast": 8, "sent_bytes": 9, "sent_packets": 10, "sent_errs": 11,
		"sent_drop": 12, "sent_fifo": 13, "sent_colls": 14, "sent_carrier": 15, "sent_compressed": 16,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

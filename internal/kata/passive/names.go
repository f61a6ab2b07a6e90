package passive

import (
	"maps"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// names holds the family names of the samples of one process, and how items are
// named and scaled in them.
type names struct {
	threads, files, stat, status, io string
	// unitsPerKiB converts sizes, which are in KiB in /proc/<pid>/status: 1024
	// for samples in bytes, 1 for samples in KiB.
	unitsPerKiB float64
	// ioItems maps the names in /proc/<pid>/io to items.
	ioItems map[string]string
}

func namesOf(prefix string, unitsPerKiB float64, ioItems map[string]string) names {
	return names{
		threads: prefix + "_threads", files: prefix + "_fds",
		stat: prefix + "_proc_stat", status: prefix + "_proc_status", io: prefix + "_io_stat",
		unitsPerKiB: unitsPerKiB, ioItems: ioItems,
	}
}

// The Go runtime reports sizes in bytes and omits underscores in the items of
// /proc/<pid>/io. runtime-rs reports both as the kernel does.
var (
	goShim     = namesOf("kata_shim", 1024, goIOItems)
	rustShim   = namesOf("kata_shim", 1, rustIOItems)
	hypervisor = namesOf("kata_hypervisor", 1024, goIOItems)
	virtiofsd  = namesOf("kata_virtiofsd", 1024, goIOItems)
)

var (
	rustIOItems = map[string]string{
		"rchar": "rchar", "wchar": "wchar", "syscr": "syscr", "syscw": "syscw",
		"read_bytes": "read_bytes", "write_bytes": "write_bytes",
		"cancelled_write_bytes": "cancelled_write_bytes", //nolint:misspell // the name in the kernel
	}
	goIOItems = func() map[string]string {
		items := maps.Clone(rustIOItems)
		for name, item := range items {
			items[name] = strings.ReplaceAll(item, "_", "")
		}
		return items
	}()
)

// sizeItems and switchItems map the names in /proc/<pid>/status to items. Sizes
// are in KiB; switches are numbers of context switches.
var (
	sizeItems = lowerCase("VmPeak", "VmSize", "VmLck", "VmPin", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem",
		"VmData", "VmStk", "VmExe", "VmLib", "VmPTE", "VmPMD", "VmSwap", "HugetlbPages")
	switchItems = lowerCase("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
)

// lowerCase maps each name to itself in lower case.
func lowerCase(names ...string) map[string]string {
	items := map[string]string{}
	for _, name := range names {
		items[name] = strings.ToLower(name)
	}
	return items
}

// columns are the columns of /proc/<pid>/net/dev. Both directions of the same
// quantity must be adjacent, because they become one metric.
var columns = []struct {
	item  string
	value func(*host.InterfaceCounters) uint64
}{
	{"recv_bytes", func(c *host.InterfaceCounters) uint64 { return c.Received.Bytes }},
	{"sent_bytes", func(c *host.InterfaceCounters) uint64 { return c.Sent.Bytes }},
	{"recv_packets", func(c *host.InterfaceCounters) uint64 { return c.Received.Packets }},
	{"sent_packets", func(c *host.InterfaceCounters) uint64 { return c.Sent.Packets }},
	{"recv_errs", func(c *host.InterfaceCounters) uint64 { return c.Received.Errors }},
	{"sent_errs", func(c *host.InterfaceCounters) uint64 { return c.Sent.Errors }},
	{"recv_drop", func(c *host.InterfaceCounters) uint64 { return c.Received.Dropped }},
	{"sent_drop", func(c *host.InterfaceCounters) uint64 { return c.Sent.Dropped }},
	{"recv_fifo", func(c *host.InterfaceCounters) uint64 { return c.Received.FIFO }},
	{"sent_fifo", func(c *host.InterfaceCounters) uint64 { return c.Sent.FIFO }},
	{"recv_compressed", func(c *host.InterfaceCounters) uint64 { return c.Received.Compressed }},
	{"sent_compressed", func(c *host.InterfaceCounters) uint64 { return c.Sent.Compressed }},
	{"recv_frame", func(c *host.InterfaceCounters) uint64 { return c.ReceivedFrame }},
	{"recv_multicast", func(c *host.InterfaceCounters) uint64 { return c.ReceivedMulticast }},
	{"sent_colls", func(c *host.InterfaceCounters) uint64 { return c.SentCollisions }},
	{"sent_carrier", func(c *host.InterfaceCounters) uint64 { return c.SentCarrier }},
}

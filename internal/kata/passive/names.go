package passive

import (
	"maps"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// names are how the samples of one process are called.
type names struct {
	threads, files, stat, status, io string
	// size is how many units a KiB has.
	size float64
	// ioItems translates names of /proc/<pid>/io.
	ioItems map[string]string
}

func namesOf(prefix string, size float64, ioItems map[string]string) names {
	return names{
		threads: prefix + "_threads", files: prefix + "_fds",
		stat: prefix + "_proc_stat", status: prefix + "_proc_status", io: prefix + "_io_stat",
		size: size, ioItems: ioItems,
	}
}

var (
	goShim     = namesOf("kata_shim", 1024, withoutUnderscores)
	rustShim   = namesOf("kata_shim", 1, asInTheKernel)
	hypervisor = namesOf("kata_hypervisor", 1024, withoutUnderscores)
	virtiofsd  = namesOf("kata_virtiofsd", 1024, withoutUnderscores)
)

var (
	asInTheKernel = map[string]string{
		"rchar": "rchar", "wchar": "wchar", "syscr": "syscr", "syscw": "syscw",
		"read_bytes": "read_bytes", "write_bytes": "write_bytes", "cancelled_write_bytes": "cancelled_write_bytes",
	}
	withoutUnderscores = func() map[string]string {
		items := maps.Clone(asInTheKernel)
		for name, item := range items {
			items[name] = strings.ReplaceAll(item, "_", "")
		}
		return items
	}()
)

// sizes and switches translate names of /proc/<pid>/status: sizes are in KiB.
var (
	sizes = lowerCase("VmPeak", "VmSize", "VmLck", "VmPin", "VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem",
		"VmData", "VmStk", "VmExe", "VmLib", "VmPTE", "VmPMD", "VmSwap", "HugetlbPages")
	switches = lowerCase("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
)

func lowerCase(names ...string) map[string]string {
	items := map[string]string{}
	for _, name := range names {
		items[name] = strings.ToLower(name)
	}
	return items
}

// columns are those of /proc/<pid>/net/dev. Both directions of the same thing
// stand together, because they become one metric.
var columns = []struct {
	item string
	of   func(*host.InterfaceCounters) uint64
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

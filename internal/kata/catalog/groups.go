package catalog

import "slices"

// Groups of items that several families have.

// processStat holds fields of /proc/<pid>/stat.
var processStat = []item{
	{"utime", cpuTime, tick, "cpu.mode=user", usual, 0},
	{"stime", cpuTime, tick, "cpu.mode=system", usual, 0},
	{"cutime", childCPUTime, tick, "cpu.mode=user", full, 0},
	{"cstime", childCPUTime, tick, "cpu.mode=system", full, 0},
}

var (
	cpuTime      = metric{"cpu.time", "s", counter, "CPU time that {} has used."}
	childCPUTime = metric{"children.cpu.time", "s", counter, "CPU time of those children of {} that have ended and were waited for."}
)

// processStatus holds fields of /proc/<pid>/status. Sizes are in bytes from
// the runtime written in Go and in KiB from runtime-rs and from the agent.
func processStatus(size float64) []item {
	return []item{
		{"vmrss", residentMemory, size, "", usual, 0},
		{"vmsize", virtualMemory, size, "", usual, 0},
		{"rssanon", residentPart, size, "kata.memory.type=anonymous", full, 0},
		{"rssfile", residentPart, size, "kata.memory.type=file", full, 0},
		{"rssshmem", residentPart, size, "kata.memory.type=shared", full, 0},
		{"vmhwm", metric{"memory.max_usage", "By", gauge, "The most physical memory that {} has used so far."}, size, "", full, 0},
		{"vmpeak", metric{"memory.max_virtual", "By", gauge, "The most virtual memory that {} has had so far."}, size, "", full, 0},
		{"vmlck", metric{"memory.locked", "By", upDown, "Memory of {} that is locked and cannot be swapped out."}, size, "", full, 0},
		{"vmpin", metric{"memory.pinned", "By", upDown, "Memory of {} that is pinned and cannot be moved."}, size, "", full, 0},
		{"vmdata", metric{"memory.data", "By", upDown, "Virtual memory of {} for data."}, size, "", full, 0},
		{"vmstk", metric{"memory.stack", "By", upDown, "Virtual memory of {} for stacks."}, size, "", full, 0},
		{"vmexe", metric{"memory.text", "By", upDown, "Virtual memory of {} for its program text."}, size, "", full, 0},
		{"vmlib", metric{"memory.library", "By", upDown, "Virtual memory of {} for shared libraries."}, size, "", full, 0},
		{"vmpte", metric{"memory.page_table", "By", upDown, "Memory that the page tables of {} take."}, size, "", full, 0},
		{"vmswap", metric{"memory.swap", "By", upDown, "Anonymous memory of {} that is swapped out."}, size, "", full, 0},
		{"hugetlbpages", metric{"memory.hugetlb", "By", upDown, "Memory of {} in huge pages of hugetlb."}, size, "", full, 0},
		{"voluntary_ctxt_switches", contextSwitches, 0, "process.context_switch.type=voluntary", full, 0},
		{"nonvoluntary_ctxt_switches", contextSwitches, 0, "process.context_switch.type=involuntary", full, 0},
	}
}

// goProcessStatus has a field more, which kernels since 4.15 no longer have.
var goProcessStatus = slices.Concat(processStatus(1), []item{
	{"vmpmd", metric{"memory.page_middle_directory", "By", upDown, "Memory that the second level of the page tables of {} takes."}, 0, "", full, 0},
})

var (
	residentMemory  = metric{"memory.usage", "By", upDown, "Physical memory that {} uses."}
	virtualMemory   = metric{"memory.virtual", "By", upDown, "Virtual memory of {}."}
	residentPart    = metric{"memory.resident", "By", upDown, "Physical memory that {} uses, by type."}
	contextSwitches = metric{"context_switches", "{context_switch}", counter, "How often {} was switched off a CPU."}
)

// processIO holds the fields of /proc/<pid>/io. The two runtimes spell three of
// them differently.
func processIO(readBytes, writeBytes, cancelledWriteBytes string) []item {
	return []item{
		{readBytes, diskIO, 0, "disk.io.direction=read", usual, 0},
		{writeBytes, diskIO, 0, "disk.io.direction=write", usual, 0},
		{cancelledWriteBytes, metric{"disk.canceled_writes", "By", counter, "Bytes that {} caused not to be written to storage after all, by truncating."}, 0, "", full, 0},
		{"rchar", logicalIO, 0, "disk.io.direction=read", full, 0},
		{"wchar", logicalIO, 0, "disk.io.direction=write", full, 0},
		{"syscr", ioSyscalls, 0, "disk.io.direction=read", full, 0},
		{"syscw", ioSyscalls, 0, "disk.io.direction=write", full, 0},
	}
}

var (
	goIO   = processIO("readbytes", "writebytes", "cancelledwritebytes")
	rustIO = processIO("read_bytes", "write_bytes", "cancelled_write_bytes")

	diskIO     = metric{"disk.io", "By", counter, "Bytes that {} has read from and written to storage."}
	logicalIO  = metric{"io.size", "By", counter, "Bytes that {} has read and written by system calls, cached or not."}
	ioSyscalls = metric{"io.syscalls", "{syscall}", counter, "System calls of {} that read or write."}
)

// networkDevice holds the columns of /proc/net/dev.
var networkDevice = []item{
	{"recv_bytes", networkIO, 0, "network.io.direction=receive", usual, 0},
	{"sent_bytes", networkIO, 0, "network.io.direction=transmit", usual, 0},
	{"recv_packets", networkPackets, 0, "network.io.direction=receive", full, 0},
	{"sent_packets", networkPackets, 0, "network.io.direction=transmit", full, 0},
	{"recv_errs", networkErrors, 0, "network.io.direction=receive", full, 0},
	{"sent_errs", networkErrors, 0, "network.io.direction=transmit", full, 0},
	{"recv_drop", networkDropped, 0, "network.io.direction=receive", full, 0},
	{"sent_drop", networkDropped, 0, "network.io.direction=transmit", full, 0},
	{"recv_fifo", networkFIFOErrors, 0, "network.io.direction=receive", full, 0},
	{"sent_fifo", networkFIFOErrors, 0, "network.io.direction=transmit", full, 0},
	{"recv_compressed", networkCompressed, 0, "network.io.direction=receive", full, 0},
	{"sent_compressed", networkCompressed, 0, "network.io.direction=transmit", full, 0},
	{"recv_frame", metric{"network.frame_errors", "{error}", counter, "Frame errors of network interfaces of {}."}, 0, "", full, 0},
	{"recv_multicast", metric{"network.packet.multicast", "{packet}", counter, "Multicast packets that network interfaces of {} received."}, 0, "", full, 0},
	{"sent_colls", metric{"network.collisions", "{collision}", counter, "Collisions at network interfaces of {}."}, 0, "", full, 0},
	{"sent_carrier", metric{"network.carrier_errors", "{error}", counter, "Losses of the carrier at network interfaces of {}."}, 0, "", full, 0},
}

var (
	networkIO         = metric{"network.io", "By", counter, "Bytes that network interfaces of {} received and transmitted."}
	networkPackets    = metric{"network.packet.count", "{packet}", counter, "Packets that network interfaces of {} received and transmitted."}
	networkErrors     = metric{"network.errors", "{error}", counter, "Errors of network interfaces of {}."}
	networkDropped    = metric{"network.packet.dropped", "{packet}", counter, "Packets that network interfaces of {} dropped."}
	networkFIFOErrors = metric{"network.fifo_errors", "{error}", counter, "Buffer overruns at network interfaces of {}."}
	networkCompressed = metric{"network.packet.compressed", "{packet}", counter, "Compressed packets that network interfaces of {} received and transmitted."}
)

// one is the only row of a family without the label "item".
func one(metric metric, scale float64, attributes string, preset preset, fix Fix) []item {
	return []item{{"", metric, scale, attributes, preset, fix}}
}

var (
	threadCount         = metric{"thread.count", "{thread}", upDown, "Threads of {}."}
	fileDescriptorCount = metric{"file_descriptor.count", "{file_descriptor}", upDown, "File descriptors that {} has open."}

	shimThreads         = one(threadCount, 0, "", usual, 0)
	shimFileDescriptors = one(fileDescriptorCount, 0, "", usual, 0)

	// Zero means that there is no such process.
	processThreads         = one(threadCount, 0, "", usual, NotZero)
	processFileDescriptors = one(fileDescriptorCount, 0, "", usual, NotZero)
)

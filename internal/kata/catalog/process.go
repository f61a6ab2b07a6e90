package catalog

import "slices"

// Items of the families that describe one process: the shim, the virtual machine
// monitor, virtiofsd and the guest agent.

// processStat holds fields of /proc/<pid>/stat.
var processStat = []item{
	{name: "utime", metric: cpuTime, scale: tick, attributes: "cpu.mode=user", inDefault: true},
	{name: "stime", metric: cpuTime, scale: tick, attributes: "cpu.mode=system", inDefault: true},
	{name: "cutime", metric: childCPUTime, scale: tick, attributes: "cpu.mode=user"},
	{name: "cstime", metric: childCPUTime, scale: tick, attributes: "cpu.mode=system"},
}

var (
	cpuTime      = metric{"cpu.time", "s", counter, "CPU time used by {}."}
	childCPUTime = metric{"child.cpu.time", "s", counter, "CPU time used by terminated child processes of {}."}
)

// processStatus holds fields of /proc/<pid>/status. Sizes are in bytes if the Go
// runtime wrote them, and in KiB if runtime-rs or the guest agent did.
func processStatus(size float64) []item {
	return slices.Concat(processMemory(size), []item{
		{name: "voluntary_ctxt_switches", metric: contextSwitches, attributes: "process.context_switch.type=voluntary"},
		{name: "nonvoluntary_ctxt_switches", metric: contextSwitches, attributes: "process.context_switch.type=involuntary"},
	})
}

// goProcessStatus has one field more. Kernels since 4.15 do not write it, so the
// Go runtime reports 0.
var goProcessStatus = slices.Concat(processStatus(1), []item{
	{name: "vmpmd", metric: metric{
		"memory.page_middle_directory", "By", upDown, "Memory used by the second-level page tables of {}.",
	}},
})

var contextSwitches = metric{
	"context_switches", "{context_switch}", counter, "Number of context switches of {}, by type.",
}

func processMemory(size float64) []item {
	return []item{
		{name: "vmrss", metric: physicalMemory, scale: size, inDefault: true},
		{name: "vmsize", metric: virtualMemory, scale: size, inDefault: true},
		{name: "rssanon", metric: residentMemory, scale: size, attributes: "kata.memory.type=anonymous"},
		{name: "rssfile", metric: residentMemory, scale: size, attributes: "kata.memory.type=file"},
		{name: "rssshmem", metric: residentMemory, scale: size, attributes: "kata.memory.type=shared"},
		{name: "vmhwm", metric: peakPhysicalMemory, scale: size},
		{name: "vmpeak", metric: peakVirtualMemory, scale: size},
		{name: "vmlck", metric: processSize("locked", "Memory locked by {}, which cannot be swapped out."), scale: size},
		{name: "vmpin", metric: processSize("pinned", "Memory pinned by {}, which cannot be moved."), scale: size},
		{name: "vmdata", metric: processSize("data", "Virtual memory of {} used for data."), scale: size},
		{name: "vmstk", metric: processSize("stack", "Virtual memory of {} used for stacks."), scale: size},
		{name: "vmexe", metric: processSize("text", "Virtual memory of {} used for executable code."), scale: size},
		{name: "vmlib", metric: processSize("library", "Virtual memory of {} used for shared libraries."), scale: size},
		{name: "vmpte", metric: processSize("page_table", "Memory used by the page tables of {}."), scale: size},
		{name: "vmswap", metric: processSize("swap", "Anonymous memory of {} in swap space."), scale: size},
		{name: "hugetlbpages", metric: processSize("hugetlb", "Memory of {} in hugetlb pages."), scale: size},
	}
}

func processSize(name, description string) metric {
	return metric{"memory." + name, "By", upDown, description}
}

var (
	physicalMemory     = metric{"memory.usage", "By", upDown, "Physical memory used by {}."}
	virtualMemory      = metric{"memory.virtual", "By", upDown, "Virtual memory of {}."}
	residentMemory     = metric{"memory.resident", "By", upDown, "Resident memory of {}, by type."}
	peakPhysicalMemory = metric{"memory.max_usage", "By", gauge, "Peak physical memory used by {}."}
	peakVirtualMemory  = metric{"memory.max_virtual", "By", gauge, "Peak virtual memory of {}."}
)

// processIO holds the fields of /proc/<pid>/io. The two runtimes spell three of
// them differently.
func processIO(readBytes, writeBytes, canceledWriteBytes string) []item {
	return []item{
		{name: readBytes, metric: diskIO, attributes: "disk.io.direction=read", inDefault: true},
		{name: writeBytes, metric: diskIO, attributes: "disk.io.direction=write", inDefault: true},
		{name: canceledWriteBytes, metric: canceledWrites},
		{name: "rchar", metric: syscallIO, attributes: "disk.io.direction=read"},
		{name: "wchar", metric: syscallIO, attributes: "disk.io.direction=write"},
		{name: "syscr", metric: syscallOperations, attributes: "disk.io.direction=read"},
		{name: "syscw", metric: syscallOperations, attributes: "disk.io.direction=write"},
	}
}

var (
	goIO   = processIO("readbytes", "writebytes", "cancelledwritebytes")
	rustIO = processIO("read_bytes", "write_bytes", "cancelled_write_bytes") //nolint:misspell // the kernel's spelling

	diskIO         = metric{"disk.io", "By", counter, "Bytes read from and written to storage by {}."}
	canceledWrites = metric{
		"disk.write.canceled", "By", counter, "Bytes of pending writes to storage that {} canceled by truncating files.",
	}
	syscallIO         = metric{"syscall.io", "By", counter, "Bytes read and written by system calls of {}, whether cached or not."}
	syscallOperations = metric{"syscall.operations", "{operation}", counter, "Number of read and write system calls of {}."}
)

var (
	threadCount         = metric{"thread.count", "{thread}", upDown, "Number of threads of {}."}
	fileDescriptorCount = metric{
		"file_descriptor.count", "{file_descriptor}", upDown, "Number of open file descriptors of {}.",
	}

	threads         = []item{{metric: threadCount, inDefault: true}}
	fileDescriptors = []item{{metric: fileDescriptorCount, inDefault: true}}

	// A count of 0 means that there is no such process.
	optionalThreads         = []item{{metric: threadCount, inDefault: true, adjustment: OmitZero}}
	optionalFileDescriptors = []item{{metric: fileDescriptorCount, inDefault: true, adjustment: OmitZero}}
)

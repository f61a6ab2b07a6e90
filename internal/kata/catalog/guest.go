package catalog

import (
	"slices"
	"strings"
)

// Items that only families of the guest have.

var guestLoad = []item{
	{"load1", metric{"cpu.load_average.1m", "{thread}", gauge, "Load of {}, averaged over a minute."}, 0, "", usual, Hundredths | Real},
	{"load5", metric{"cpu.load_average.5m", "{thread}", gauge, "Load of {}, averaged over five minutes."}, 0, "", usual, Hundredths | Real},
	{"load15", metric{"cpu.load_average.15m", "{thread}", gauge, "Load of {}, averaged over fifteen minutes."}, 0, "", usual, Hundredths | Real},
}

var guestTasks = []item{
	{"cur", metric{"task.runnable", "{task}", gauge, "Tasks of {} that run or could run now."}, 0, "", usual, 0},
	// Not a maximum, whatever its name says.
	{"max", metric{"task.count", "{task}", gauge, "Tasks of {}."}, 0, "", usual, 0},
}

// cpuModes holds the columns of /proc/stat. The time of guests of the guest is
// within that of user and nice already.
func cpuModes(time, nested metric, preset preset) []item {
	return []item{
		{"user", time, milli, "cpu.mode=user", preset, 0},
		{"nice", time, milli, "cpu.mode=nice", preset, 0},
		{"system", time, milli, "cpu.mode=system", preset, 0},
		{"idle", time, milli, "cpu.mode=idle", preset, 0},
		{"iowait", time, milli, "cpu.mode=iowait", preset, 0},
		{"irq", time, milli, "cpu.mode=interrupt", preset, 0},
		{"softirq", time, milli, "cpu.mode=softirq", preset, 0},
		{"steal", time, milli, "cpu.mode=steal", preset, 0},
		{"guest", nested, milli, "cpu.mode=user", full, 0},
		{"guest_nice", nested, milli, "cpu.mode=nice", full, 0},
	}
}

// The whole guest and its single CPUs are different metrics, so that adding up
// either gives a true sum.
var (
	guestCPU = cpuModes(
		metric{"cpu.time", "s", counter, "Time of all CPUs of {}, by what they did."},
		metric{"nested.cpu.time", "s", counter, "CPU time that {} itself gave to virtual machines, part of the modes user and nice."},
		usual)
	guestLogicalCPU = cpuModes(
		metric{"logical_cpu.time", "s", counter, "Time of each CPU of {}, by what it did."},
		metric{"nested.logical_cpu.time", "s", counter, "Time of each CPU of {} that it gave to virtual machines of its own."},
		full)
)

var guestDisk = []item{
	{"reads", diskOperations, 0, "disk.io.direction=read", full, 0},
	{"writes", diskOperations, 0, "disk.io.direction=write", full, 0},
	{"merged", diskMerged, 0, "disk.io.direction=read", full, 0},
	{"writes_merged", diskMerged, 0, "disk.io.direction=write", full, 0},
	{"sectors_read", guestDiskIO, sector, "disk.io.direction=read", full, 0},
	{"sectors_written", guestDiskIO, sector, "disk.io.direction=write", full, 0},
	{"time_reading", diskOperationTime, milli, "disk.io.direction=read", full, 0},
	{"time_writing", diskOperationTime, milli, "disk.io.direction=write", full, 0},
	{"in_progress", metric{"disk.pending_operations", "{operation}", upDown, "Operations that disks of {} have not finished."}, 0, "", full, 0},
	{"time_in_progress", metric{"disk.io_time", "s", counter, "Time during which disks of {} were busy."}, milli, "", full, 0},
	{"weighted_time_in_progress", metric{"disk.weighted_io_time", "s", counter, "Time during which disks of {} were busy, times the operations that waited."}, milli, "", full, 0},
	{"discards", metric{"disk.discard.operations", "{operation}", counter, "Discards on disks of {}."}, 0, "", full, 0},
	{"discards_merged", metric{"disk.discard.merged", "{operation}", counter, "Discards that were merged into others on disks of {}."}, 0, "", full, 0},
	{"sectors_discarded", metric{"disk.discard.io", "By", counter, "Bytes discarded on disks of {}."}, sector, "", full, 0},
	{"time_discarding", metric{"disk.discard.operation_time", "s", counter, "Time that discards on disks of {} took."}, milli, "", full, 0},
	{"flushes", metric{"disk.flush.operations", "{operation}", counter, "Flushes of disks of {}."}, 0, "", full, 0},
	{"time_flushing", metric{"disk.flush.operation_time", "s", counter, "Time that flushes of disks of {} took."}, milli, "", full, 0},
}

var (
	guestDiskIO       = metric{"disk.io", "By", counter, "Bytes read from and written to disks of {}."}
	diskOperations    = metric{"disk.operations", "{operation}", counter, "Reads from and writes to disks of {}."}
	diskMerged        = metric{"disk.merged", "{operation}", counter, "Reads and writes that were merged into others on disks of {}."}
	diskOperationTime = metric{"disk.operation_time", "s", counter, "Time that reads and writes on disks of {} took."}
)

// Used and free add up to the total.
var guestFilesystemBytes = []item{
	{"used", filesystemUsage, 0, "system.filesystem.state=used", usual, 0},
	{"available", filesystemUsage, 0, "system.filesystem.state=free", usual, 0},
	{"total", metric{"filesystem.limit", "By", upDown, "Size of file systems of {}."}, 0, "", full, 0},
}

var guestFilesystemInodes = []item{
	{"used", inodeUsage, 0, "system.filesystem.state=used", full, 0},
	{"available", inodeUsage, 0, "system.filesystem.state=free", full, 0},
	{"total", metric{"filesystem.inode.limit", "{inode}", upDown, "Inodes that file systems of {} have."}, 0, "", full, 0},
}

var (
	filesystemUsage = metric{"filesystem.usage", "By", upDown, "Space in file systems of {}, by whether it is used."}
	inodeUsage      = metric{"filesystem.inode.usage", "{inode}", upDown, "Inodes in file systems of {}, by whether they are used."}
)

// guestMemory holds the fields of /proc/meminfo; the agent has made bytes of
// the kernel's kB already.
var guestMemory = slices.Concat(
	[]item{
		{"mem_total", metric{"memory.total", "By", upDown, "Memory that {} has."}, 0, "", usual, 0},
		{"mem_free", metric{"memory.free", "By", upDown, "Memory of {} that nothing uses."}, 0, "", usual, 0},
		{"mem_available", metric{"memory.available", "By", upDown, "Memory of {} that programs could get without swapping, as its kernel estimates."}, 0, "", usual, 0},
		{"buffers", metric{"memory.buffers", "By", upDown, "Memory of {} for buffers of block devices."}, 0, "", usual, 0},
		{"cached", metric{"memory.cached", "By", upDown, "Memory of {} for cached files."}, 0, "", usual, 0},
		{"swap_total", metric{"memory.swap_total", "By", upDown, "Swap space that {} has."}, 0, "", usual, 0},
		{"swap_free", metric{"memory.swap_free", "By", upDown, "Swap space of {} that is free."}, 0, "", usual, 0},
		{"s_reclaimable", metric{"memory.slab_reclaimable", "By", upDown, "SReclaimable in /proc/meminfo of {}."}, 0, "", full, 0},
		{"s_unreclaim", metric{"memory.slab_unreclaimable", "By", upDown, "SUnreclaim in /proc/meminfo of {}."}, 0, "", full, 0},
		{"k_reclaimable", metric{"memory.kernel_reclaimable", "By", upDown, "KReclaimable in /proc/meminfo of {}."}, 0, "", full, 0},
		{"hugepagesize", metric{"memory.hugepage_size", "By", gauge, "Hugepagesize in /proc/meminfo of {}."}, 0, "", full, 0},
		// The address space, not memory: constants of the architecture.
		{"vmalloc_total", metric{"memory.vmalloc_total", "By", gauge, "VmallocTotal in /proc/meminfo of {}."}, 0, "", full, 0},
		{"vmalloc_chunk", metric{"memory.vmalloc_chunk", "By", gauge, "VmallocChunk in /proc/meminfo of {}."}, 0, "", full, 0},
	},
	memoryFields("By", `active active_anon active_file anon_hugepages anon_pages bounce cma_free cma_total
		commit_limit committed_as direct_map_1G direct_map_2M direct_map_4M direct_map_4k dirty
		hardware_corrupted high_free high_total hugetlb inactive inactive_anon inactive_file kernel_stack
		low_free low_total mapped mlocked mmap_copy nfs_unstable page_tables per_cpu quicklists shmem
		shmem_hugepages shmem_pmd_mapped slab swap_cached unevictable vmalloc_used writeback writeback_tmp`),
	memoryFields("{page}", "hugepages_free hugepages_rsvd hugepages_surp hugepages_total"),
)

// memoryFields makes rows of fields that keep their names.
func memoryFields(unit, names string) []item {
	var items []item
	for name := range strings.FieldsSeq(names) {
		text := "The field " + name + " of /proc/meminfo of {}."
		items = append(items, item{name, metric{"memory." + strings.ToLower(name), unit, upDown, text}, 0, "", full, 0})
	}
	return items
}

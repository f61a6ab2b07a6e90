package catalog

// What client_golang says about the process of the shim itself. Its text has
// these names without a prefix; kata-monitor puts kata_shim_ before them.
var goFamilies = []family{
	{
		"go_gc_duration_seconds", summary, goText, shim, nil, "", one(metric{"go.gc.pause", "s", summary, "How long garbage collections stopped {}."}, 0, "", full, 0),
		"A summary of the wall-time pause (stop-the-world) duration in garbage collection cycles.",
	},
	{
		"go_gc_gogc_percent", gauge, goText, shim, nil, "", one(metric{"go.config.gogc", "%", gauge, "How much the Go heap of {} may grow until the next garbage collection."}, 0, "", full, 0),
		"Heap size target percentage configured by the user, otherwise 100. This value is set by the GOGC environment variable, and the runtime/debug.SetGCPercent function. Sourced from /gc/gogc:percent.",
	},
	{
		"go_gc_gomemlimit_bytes", gauge, goText, shim, nil, "", one(metric{"go.memory.limit", "By", gauge, "Memory that the Go runtime of {} tries not to exceed, if there is a limit."}, 0, "", full, Unlimited),
		"Go runtime memory limit configured by the user, otherwise math.MaxInt64. This value is set by the GOMEMLIMIT environment variable, and the runtime/debug.SetMemoryLimit function. Sourced from /gc/gomemlimit:bytes.",
	},
	{
		"go_goroutines", gauge, goText, shim, nil, "", one(metric{"go.goroutine.count", "{goroutine}", upDown, "Goroutines of {}."}, 0, "", full, 0),
		"Number of goroutines that currently exist.",
	},
	{
		"go_info", gauge, goText, shim, byVersion, "", one(metric{"go.info", "{process}", gauge, "The version of Go that {} was built with; always 1."}, 0, "", full, 0),
		"Information about the Go environment.",
	},
	{
		"go_memstats_alloc_bytes", gauge, goText, shim, nil, "", one(instead("the same as kata.shim.go.heap.allocated"), 0, "", full, 0),
		"Number of bytes allocated in heap and currently in use. Equals to /memory/classes/heap/objects:bytes.",
	},
	{
		"go_memstats_alloc_bytes_total", counter, goText, shim, nil, "", one(metric{"go.memory.allocated", "By", counter, "Bytes that {} has allocated on the Go heap."}, 0, "", full, 0),
		"Total number of bytes allocated in heap until now, even if released already. Equals to /gc/heap/allocs:bytes.",
	},
	{
		"go_memstats_buck_hash_sys_bytes", gauge, goText, shim, nil, "", one(goObtained, 0, "kata.go.memory.class=profiling", full, 0),
		"Number of bytes used by the profiling bucket hash table. Equals to /memory/classes/profiling/buckets:bytes.",
	},
	{
		"go_memstats_frees_total", counter, goText, shim, nil, "", one(metric{"go.memory.frees", "{allocation}", counter, "Objects on the Go heap of {} that were freed."}, 0, "", full, 0),
		"Total number of heap objects frees. Equals to /gc/heap/frees:objects + /gc/heap/tiny/allocs:objects.",
	},
	{
		"go_memstats_gc_sys_bytes", gauge, goText, shim, nil, "", one(goObtained, 0, "kata.go.memory.class=gc", full, 0),
		"Number of bytes used for garbage collection system metadata. Equals to /memory/classes/metadata/other:bytes.",
	},
	{
		"go_memstats_heap_alloc_bytes", gauge, goText, shim, nil, "", one(metric{"go.heap.allocated", "By", upDown, "Bytes of objects on the Go heap of {}."}, 0, "", full, 0),
		"Number of heap bytes allocated and currently in use, same as go_memstats_alloc_bytes. Equals to /memory/classes/heap/objects:bytes.",
	},
	{
		"go_memstats_heap_idle_bytes", gauge, goText, shim, nil, "", one(metric{"go.heap.idle", "By", upDown, "Go heap of {} that holds no objects."}, 0, "", full, 0),
		"Number of heap bytes waiting to be used. Equals to /memory/classes/heap/released:bytes + /memory/classes/heap/free:bytes.",
	},
	{
		"go_memstats_heap_inuse_bytes", gauge, goText, shim, nil, "", one(goUsed, 0, "kata.go.memory.class=heap", full, 0),
		"Number of heap bytes that are in use. Equals to /memory/classes/heap/objects:bytes + /memory/classes/heap/unused:bytes",
	},
	{
		"go_memstats_heap_objects", gauge, goText, shim, nil, "", one(metric{"go.heap.objects", "{object}", upDown, "Objects on the Go heap of {}."}, 0, "", full, 0),
		"Number of currently allocated objects. Equals to /gc/heap/objects:objects.",
	},
	{
		"go_memstats_heap_released_bytes", gauge, goText, shim, nil, "", one(metric{"go.heap.released", "By", upDown, "Go heap of {} that was given back to the operating system."}, 0, "", full, 0),
		"Number of heap bytes released to OS. Equals to /memory/classes/heap/released:bytes.",
	},
	{
		"go_memstats_heap_sys_bytes", gauge, goText, shim, nil, "", one(goObtained, 0, "kata.go.memory.class=heap", full, 0),
		"Number of heap bytes obtained from system. Equals to /memory/classes/heap/objects:bytes + /memory/classes/heap/unused:bytes + /memory/classes/heap/released:bytes + /memory/classes/heap/free:bytes.",
	},
	{
		"go_memstats_last_gc_time_seconds", gauge, goText, shim, nil, "", one(metric{"go.gc.last_time", "s", gauge, "When {} last collected garbage, in seconds since the epoch."}, 0, "", full, Real),
		"Number of seconds since 1970 of last garbage collection.",
	},
	{
		"go_memstats_mallocs_total", counter, goText, shim, nil, "", one(metric{"go.memory.allocations", "{allocation}", counter, "Objects that {} has allocated on the Go heap."}, 0, "", full, 0),
		"Total number of heap objects allocated, both live and gc-ed. Semantically a counter version for go_memstats_heap_objects gauge. Equals to /gc/heap/allocs:objects + /gc/heap/tiny/allocs:objects.",
	},
	{
		"go_memstats_mcache_inuse_bytes", gauge, goText, shim, nil, "", one(goUsed, 0, "kata.go.memory.class=mcache", full, 0),
		"Number of bytes in use by mcache structures. Equals to /memory/classes/metadata/mcache/inuse:bytes.",
	},
	{
		"go_memstats_mcache_sys_bytes", gauge, goText, shim, nil, "", one(goObtained, 0, "kata.go.memory.class=mcache", full, 0),
		"Number of bytes used for mcache structures obtained from system. Equals to /memory/classes/metadata/mcache/inuse:bytes + /memory/classes/metadata/mcache/free:bytes.",
	},
	{
		"go_memstats_mspan_inuse_bytes", gauge, goText, shim, nil, "", one(goUsed, 0, "kata.go.memory.class=mspan", full, 0),
		"Number of bytes in use by mspan structures. Equals to /memory/classes/metadata/mspan/inuse:bytes.",
	},
	{
		"go_memstats_mspan_sys_bytes", gauge, goText, shim, nil, "", one(goObtained, 0, "kata.go.memory.class=mspan", full, 0),
		"Number of bytes used for mspan structures obtained from system. Equals to /memory/classes/metadata/mspan/inuse:bytes + /memory/classes/metadata/mspan/free:bytes.",
	},
	{
		"go_memstats_next_gc_bytes", gauge, goText, shim, nil, "", one(metric{"go.gc.goal", "By", gauge, "Size of the Go heap at which {} collects garbage next."}, 0, "", full, 0),
		"Number of heap bytes when next garbage collection will take place. Equals to /gc/heap/goal:bytes.",
	},
	{
		"go_memstats_other_sys_bytes", gauge, goText, shim, nil, "", one(goObtained, 0, "kata.go.memory.class=other", full, 0),
		"Number of bytes used for other system allocations. Equals to /memory/classes/other:bytes.",
	},
	{
		"go_memstats_stack_inuse_bytes", gauge, goText, shim, nil, "", one(goUsed, 0, "kata.go.memory.class=stack", full, 0),
		"Number of bytes obtained from system for stack allocator in non-CGO environments. Equals to /memory/classes/heap/stacks:bytes.",
	},
	{
		"go_memstats_stack_sys_bytes", gauge, goText, shim, nil, "", one(goObtained, 0, "kata.go.memory.class=stack", full, 0),
		"Number of bytes obtained from system for stack allocator. Equals to /memory/classes/heap/stacks:bytes + /memory/classes/os-stacks:bytes.",
	},
	{
		"go_memstats_sys_bytes", gauge, goText, shim, nil, "", one(instead("the sum of kata.shim.go.memory.obtained"), 0, "", full, 0),
		"Number of bytes obtained from system. Equals to /memory/classes/total:byte.",
	},
	{
		"go_sched_gomaxprocs_threads", gauge, goText, shim, nil, "", one(metric{"go.processor.limit", "{thread}", gauge, "Threads of {} that may run Go code at the same time."}, 0, "", full, 0),
		"The current runtime.GOMAXPROCS setting, or the number of operating system threads that can execute user-level Go code simultaneously. Sourced from /sched/gomaxprocs:threads.",
	},
	{
		"go_threads", gauge, goText, shim, nil, "", one(metric{"go.thread.count", "{thread}", upDown, "Threads that the Go runtime of {} has made."}, 0, "", full, 0),
		"Number of OS threads created.",
	},
	{
		"process_cpu_seconds_total", counter, goText, shim, nil, "", one(instead("the sum of kata.shim.cpu.time"), 0, "", full, Real),
		"Total user and system CPU time spent in seconds.",
	},
	{
		"process_max_fds", gauge, goText, shim, nil, "", one(metric{"file_descriptor.limit", "{file_descriptor}", upDown, "File descriptors that {} may have open."}, 0, "", usual, 0),
		"Maximum number of open file descriptors.",
	},
	// Of the whole network namespace in which the shim runs.
	{
		"process_network_receive_bytes_total", counter, goText, shim, nil, "", one(namespaceIO, 0, "network.io.direction=receive", full, 0),
		"Number of bytes received by the process over the network.",
	},
	{
		"process_network_transmit_bytes_total", counter, goText, shim, nil, "", one(namespaceIO, 0, "network.io.direction=transmit", full, 0),
		"Number of bytes sent by the process over the network.",
	},
	{
		"process_open_fds", gauge, goText, shim, nil, "", one(instead("the same as kata.shim.file_descriptor.count"), 0, "", full, 0),
		"Number of open file descriptors.",
	},
	{
		"process_resident_memory_bytes", gauge, goText, shim, nil, "", one(instead("the same as kata.shim.memory.usage"), 0, "", full, 0),
		"Resident memory size in bytes.",
	},
	{
		"process_start_time_seconds", gauge, goText, shim, nil, "", one(instead("becomes the start time of cumulative points"), 0, "", full, Real),
		"Start time of the process since unix epoch in seconds.",
	},
	{
		"process_virtual_memory_bytes", gauge, goText, shim, nil, "", one(instead("the same as kata.shim.memory.virtual"), 0, "", full, 0),
		"Virtual memory size in bytes.",
	},
	{
		"process_virtual_memory_max_bytes", gauge, goText, shim, nil, "", one(metric{"memory.virtual_limit", "By", gauge, "Virtual memory that {} may have, if there is a limit."}, 0, "", full, Unlimited),
		"Maximum amount of virtual memory available in bytes.",
	},
}

var (
	goObtained  = metric{"go.memory.obtained", "By", upDown, "Memory that the Go runtime of {} got from the operating system, by what it is for."}
	goUsed      = metric{"go.memory.used", "By", upDown, "Memory that the Go runtime of {} uses, by what it is for."}
	namespaceIO = metric{"network.io", "By", counter, "Bytes received and transmitted in the network namespace of {}, which it shares with others."}
)

package catalog

// goFamilies describe the process of a Go shim. client_golang writes them
// without a prefix; kata-monitor adds kata_shim_ to their names.
var goFamilies = []family{
	{
		name: "go_gc_duration_seconds", kind: summary, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.memory.gc.pause.duration", "s", summary, "Duration of pauses of {} for garbage collection.",
		}}},
		help: "A summary of the wall-time pause (stop-the-world) duration in garbage collection cycles.",
	},
	{
		name: "go_gc_gogc_percent", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.config.gogc", "%", upDown, "Heap size target percentage of the Go runtime of {}.",
		}}},
		help: "Heap size target percentage configured by the user, otherwise 100. This value is set by the GOGC " +
			"environment variable, and the runtime/debug.SetGCPercent function. Sourced from /gc/gogc:percent.",
	},
	{
		name: "go_gc_gomemlimit_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.memory.limit", "By", upDown, "Memory limit of the Go runtime of {}, if one is set.",
		}, adjustment: OmitUnlimited}},
		help: "Go runtime memory limit configured by the user, otherwise math.MaxInt64. This value is set by the " +
			"GOMEMLIMIT environment variable, and the runtime/debug.SetMemoryLimit function. Sourced from " +
			"/gc/gomemlimit:bytes.",
	},
	{
		name: "go_goroutines", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{"go.goroutine.count", "{goroutine}", upDown, "Number of goroutines of {}."}}},
		help:  "Number of goroutines that currently exist.",
	},
	{
		name: "go_info", kind: gauge, sources: goText, component: shim, labels: byVersion,
		items: []item{{metric: metric{
			"go.info", "{process}", gauge, "Version of Go that {} was built with. The value is always 1.",
		}}},
		help: "Information about the Go environment.",
	},
	{
		name: "go_memstats_alloc_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: omitted("the same as kata.shim.go.heap.allocated")}},
		help:  "Number of bytes allocated in heap and currently in use. Equals to /memory/classes/heap/objects:bytes.",
	},
	{
		name: "go_memstats_alloc_bytes_total", kind: counter, sources: goText, component: shim,
		items: []item{{metric: metric{"go.memory.allocated", "By", counter, "Bytes allocated on the Go heap of {}."}}},
		help: "Total number of bytes allocated in heap until now, even if released already. Equals to " +
			"/gc/heap/allocs:bytes.",
	},
	{
		name: "go_memstats_buck_hash_sys_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goObtained, attributes: "kata.go.memory.class=profiling"}},
		help: "Number of bytes used by the profiling bucket hash table. Equals to " +
			"/memory/classes/profiling/buckets:bytes.",
	},
	{
		name: "go_memstats_frees_total", kind: counter, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.memory.frees", "{allocation}", counter, "Number of objects freed on the Go heap of {}.",
		}}},
		help: "Total number of heap objects frees. Equals to /gc/heap/frees:objects + /gc/heap/tiny/allocs:objects.",
	},
	{
		name: "go_memstats_gc_sys_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goObtained, attributes: "kata.go.memory.class=gc"}},
		help: "Number of bytes used for garbage collection system metadata. Equals to " +
			"/memory/classes/metadata/other:bytes.",
	},
	{
		name: "go_memstats_heap_alloc_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.heap.allocated", "By", upDown, "Size of the objects on the Go heap of {}.",
		}}},
		help: "Number of heap bytes allocated and currently in use, same as go_memstats_alloc_bytes. Equals to " +
			"/memory/classes/heap/objects:bytes.",
	},
	{
		name: "go_memstats_heap_idle_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.heap.idle", "By", upDown, "Memory of the Go heap of {} that holds no objects.",
		}}},
		help: "Number of heap bytes waiting to be used. Equals to /memory/classes/heap/released:bytes + " +
			"/memory/classes/heap/free:bytes.",
	},
	{
		name: "go_memstats_heap_inuse_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goInUse, attributes: "kata.go.memory.class=heap"}},
		help: "Number of heap bytes that are in use. Equals to /memory/classes/heap/objects:bytes + " +
			"/memory/classes/heap/unused:bytes",
	},
	{
		name: "go_memstats_heap_objects", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.heap.object.count", "{object}", upDown, "Number of objects on the Go heap of {}.",
		}}},
		help: "Number of currently allocated objects. Equals to /gc/heap/objects:objects.",
	},
	{
		name: "go_memstats_heap_released_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.heap.released", "By", upDown, "Memory of the Go heap of {} returned to the operating system.",
		}}},
		help: "Number of heap bytes released to OS. Equals to /memory/classes/heap/released:bytes.",
	},
	{
		name: "go_memstats_heap_sys_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goObtained, attributes: "kata.go.memory.class=heap"}},
		help: "Number of heap bytes obtained from system. Equals to /memory/classes/heap/objects:bytes + " +
			"/memory/classes/heap/unused:bytes + /memory/classes/heap/released:bytes + " +
			"/memory/classes/heap/free:bytes.",
	},
	{
		name: "go_memstats_last_gc_time_seconds", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.memory.gc.last_cycle.timestamp", "s", gauge, "Time of the last garbage collection of {}, in seconds since the Unix epoch.",
		}, adjustment: Fractional}},
		help: "Number of seconds since 1970 of last garbage collection.",
	},
	{
		name: "go_memstats_mallocs_total", kind: counter, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.memory.allocations", "{allocation}", counter, "Number of objects allocated on the Go heap of {}.",
		}}},
		help: "Total number of heap objects allocated, both live and gc-ed. Semantically a counter version for " +
			"go_memstats_heap_objects gauge. Equals to /gc/heap/allocs:objects + /gc/heap/tiny/allocs:objects.",
	},
	{
		name: "go_memstats_mcache_inuse_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goInUse, attributes: "kata.go.memory.class=mcache"}},
		help:  "Number of bytes in use by mcache structures. Equals to /memory/classes/metadata/mcache/inuse:bytes.",
	},
	{
		name: "go_memstats_mcache_sys_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goObtained, attributes: "kata.go.memory.class=mcache"}},
		help: "Number of bytes used for mcache structures obtained from system. Equals to " +
			"/memory/classes/metadata/mcache/inuse:bytes + /memory/classes/metadata/mcache/free:bytes.",
	},
	{
		name: "go_memstats_mspan_inuse_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goInUse, attributes: "kata.go.memory.class=mspan"}},
		help:  "Number of bytes in use by mspan structures. Equals to /memory/classes/metadata/mspan/inuse:bytes.",
	},
	{
		name: "go_memstats_mspan_sys_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goObtained, attributes: "kata.go.memory.class=mspan"}},
		help: "Number of bytes used for mspan structures obtained from system. Equals to " +
			"/memory/classes/metadata/mspan/inuse:bytes + /memory/classes/metadata/mspan/free:bytes.",
	},
	{
		name: "go_memstats_next_gc_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.memory.gc.goal", "By", upDown, "Heap size target of the next garbage collection of {}.",
		}}},
		help: "Number of heap bytes when next garbage collection will take place. Equals to /gc/heap/goal:bytes.",
	},
	{
		name: "go_memstats_other_sys_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goObtained, attributes: "kata.go.memory.class=other"}},
		help:  "Number of bytes used for other system allocations. Equals to /memory/classes/other:bytes.",
	},
	{
		name: "go_memstats_stack_inuse_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goInUse, attributes: "kata.go.memory.class=stack"}},
		help: "Number of bytes obtained from system for stack allocator in non-CGO environments. Equals to " +
			"/memory/classes/heap/stacks:bytes.",
	},
	{
		name: "go_memstats_stack_sys_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: goObtained, attributes: "kata.go.memory.class=stack"}},
		help: "Number of bytes obtained from system for stack allocator. Equals to /memory/classes/heap/stacks:bytes + " +
			"/memory/classes/os-stacks:bytes.",
	},
	{
		name: "go_memstats_sys_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: omitted("the sum of kata.shim.go.memory.obtained")}},
		help:  "Number of bytes obtained from system. Equals to /memory/classes/total:byte.",
	},
	{
		name: "go_sched_gomaxprocs_threads", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.processor.limit", "{thread}", upDown, "Number of threads of {} that can execute Go code simultaneously.",
		}}},
		help: "The current runtime.GOMAXPROCS setting, or the number of operating system threads that can execute " +
			"user-level Go code simultaneously. Sourced from /sched/gomaxprocs:threads.",
	},
	{
		name: "go_threads", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"go.thread.count", "{thread}", upDown, "Number of threads created by the Go runtime of {}.",
		}}},
		help: "Number of OS threads created.",
	},
	{
		name: "process_cpu_seconds_total", kind: counter, sources: goText, component: shim,
		items: []item{{metric: omitted("the sum of kata.shim.cpu.time"), adjustment: Fractional}},
		help:  "Total user and system CPU time spent in seconds.",
	},
	{
		name: "process_max_fds", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"file_descriptor.limit", "{file_descriptor}", upDown, "Maximum number of open file descriptors of {}.",
		}, inDefault: true}},
		help: "Maximum number of open file descriptors.",
	},
	// The bytes are those of the whole network namespace in which the shim runs.
	{
		name: "process_network_receive_bytes_total", kind: counter, sources: goText, component: shim,
		items: []item{{metric: namespaceIO, attributes: "network.io.direction=receive"}},
		help:  "Number of bytes received by the process over the network.",
	},
	{
		name: "process_network_transmit_bytes_total", kind: counter, sources: goText, component: shim,
		items: []item{{metric: namespaceIO, attributes: "network.io.direction=transmit"}},
		help:  "Number of bytes sent by the process over the network.",
	},
	{
		name: "process_open_fds", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: omitted("the same as kata.shim.file_descriptor.count")}},
		help:  "Number of open file descriptors.",
	},
	{
		name: "process_resident_memory_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: omitted("the same as kata.shim.memory.usage")}},
		help:  "Resident memory size in bytes.",
	},
	{
		name: "process_start_time_seconds", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: omitted("used as the start time of cumulative points"), adjustment: Fractional}},
		help:  "Start time of the process since unix epoch in seconds.",
	},
	{
		name: "process_virtual_memory_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: omitted("the same as kata.shim.memory.virtual")}},
		help:  "Virtual memory size in bytes.",
	},
	{
		name: "process_virtual_memory_max_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: metric{
			"memory.virtual_limit", "By", upDown, "Virtual memory limit of {}, if one is set.",
		}, adjustment: OmitUnlimited}},
		help: "Maximum amount of virtual memory available in bytes.",
	},
}

var (
	goObtained = metric{
		"go.memory.obtained", "By", upDown, "Memory obtained from the operating system by the Go runtime of {}, by class.",
	}
	goInUse     = metric{"go.memory.in_use", "By", upDown, "Memory in use by the Go runtime of {}, by class."}
	namespaceIO = metric{
		"network.io", "By", counter, "Bytes received and transmitted in the network namespace of {}.",
	}
)

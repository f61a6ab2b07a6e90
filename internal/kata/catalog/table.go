package catalog

// table is the catalog, in the order of its documentation. The help texts are
// those of the shims, because what kata-monitor prints has to look the same from
// here.
var table = [][]family{shimFamilies, hypervisorFamilies, virtiofsdFamilies, cgroupFamilies, agentFamilies, guestFamilies, firecrackerFamilies, goFamilies}

var shimFamilies = []family{
	{
		"kata_shim_threads", gauge, goText | rustText, shim, nil, "", shimThreads,
		"Kata containerd shim v2 process threads.",
	},
	{
		"kata_shim_fds", gauge, goText | rustText, shim, nil, "", shimFileDescriptors,
		"Kata containerd shim v2 open FDs.",
	},
	{
		"kata_shim_proc_stat", gauge, goText | rustText, shim, nil, "", processStat,
		"Kata containerd shim v2 process statistics.",
	},
	{
		"kata_shim_proc_status", gauge, goText, shim, nil, "", goProcessStatus,
		"Kata containerd shim v2 process status.",
	},
	{
		"kata_shim_proc_status", gauge, rustText, shim, nil, "", processStatus(kibi),
		"Kata containerd shim v2 process status.",
	},
	{
		"kata_shim_io_stat", gauge, goText, shim, nil, "", goIO,
		"Kata containerd shim v2 process IO statistics.",
	},
	{
		"kata_shim_io_stat", gauge, rustText, shim, nil, "", rustIO,
		"Kata containerd shim v2 process IO statistics.",
	},
	{
		"kata_shim_rpc_durations_histogram_milliseconds", histogram, goText, shim, byAction, "", one(metric{"rpc.duration", "s", histogram, "How long calls of {} by containerd took, in whole milliseconds rounded down."}, milli, "", full, 0),
		"RPC latency distributions.",
	},
	{
		"kata_shim_agent_rpc_durations_histogram_milliseconds", histogram, goText, shim, byAction, "", one(metric{"agent.rpc.duration", "s", histogram, "How long calls of the agent in the guest by {} took, in whole milliseconds rounded down."}, milli, "", full, 0),
		"RPC latency distributions.",
	},
	// Both are 0 until the second pull. On cgroup v2 the first is wrong, because
	// the shim subtracts nanoseconds from microseconds, and either may have
	// wrapped around below 0.
	{
		"kata_shim_pod_overhead_cpu", gauge, goText, shim, nil, "", one(metric{"pod_overhead.cpu.utilization", "1", gauge, "CPU that the pod uses beyond its containers, as a share of one CPU, as {} estimates it."}, percent, "", full, NotZero|Wrapped|Real),
		"Kata Pod overhead for CPU resources(percent).",
	},
	{
		"kata_shim_pod_overhead_memory_in_bytes", gauge, goText, shim, nil, "", one(metric{"pod_overhead.memory.usage", "By", gauge, "Memory that the pod uses beyond its containers, as {} estimates it."}, 0, "", full, NotZero|Wrapped),
		"Kata Pod overhead for memory resources(bytes).",
	},
}

var hypervisorFamilies = []family{
	{
		"kata_hypervisor_threads", gauge, goText | passive, hypervisor, nil, "", processThreads,
		"Hypervisor process threads.",
	},
	{
		"kata_hypervisor_fds", gauge, goText | passive, hypervisor, nil, "", processFileDescriptors,
		"Open FDs for hypervisor.",
	},
	{
		"kata_hypervisor_proc_stat", gauge, goText | passive, hypervisor, nil, "", processStat,
		"Hypervisor process statistics.",
	},
	{
		"kata_hypervisor_proc_status", gauge, goText | passive, hypervisor, nil, "", goProcessStatus,
		"Hypervisor process status.",
	},
	{
		"kata_hypervisor_io_stat", gauge, goText | passive, hypervisor, nil, "", goIO,
		"Process IO statistics.",
	},
	{
		"kata_hypervisor_netdev", gauge, goText | passive, hypervisor, byInterface, "", networkDevice,
		"Net devices statistics.",
	},
	// Only of Dragonball, which is a part of the shim of runtime-rs.
	{
		"kata_hypervisor_scrape_count", counter, rustText, hypervisor, nil, "", one(instead("counts pulls, not the sandbox"), 0, "", full, 0),
		"Hypervisor metrics scrape count.",
	},
	{
		"kata_hypervisor_seccomp", gauge, rustText, hypervisor, nil, "",
		[]item{
			{"num_faults", metric{"seccomp.faults", "{fault}", counter, "System calls of {} that its seccomp filter stopped."}, 0, "", usual, 0},
		},
		"Hypervisor metrics for the seccomp filtering.",
	},
	{
		"kata_hypervisor_signals", gauge, rustText, hypervisor, nil, "",
		[]item{
			{"sigbus", signals, 0, "kata.signal.name=SIGBUS", usual, 0},
			{"sigsegv", signals, 0, "kata.signal.name=SIGSEGV", usual, 0},
		},
		"Hypervisor metrics related to signals.",
	},
	{
		"kata_hypervisor_vcpu", gauge, rustText, hypervisor, byVCPU, "",
		[]item{
			{"exit_io_in", vcpuExits, 0, "kata.vcpu.exit.reason=io_in", full, 0},
			{"exit_io_out", vcpuExits, 0, "kata.vcpu.exit.reason=io_out", full, 0},
			{"exit_mmio_read", vcpuExits, 0, "kata.vcpu.exit.reason=mmio_read", full, 0},
			{"exit_mmio_write", vcpuExits, 0, "kata.vcpu.exit.reason=mmio_write", full, 0},
			{"failures", vcpuErrors, 0, "error.type=vcpu", full, 0},
			{"filter_cpuid", vcpuErrors, 0, "error.type=cpuid_filter", full, 0},
		},
		"Hypervisor metrics specific to VCPUs' mode of functioning.",
	},
}

var (
	signals    = metric{"signals", "{signal}", counter, "Signals that {} got for faults of its own."}
	vcpuExits  = metric{"vcpu.exits", "{exit}", counter, "How often a virtual CPU left the guest for {}."}
	vcpuErrors = metric{"vcpu.errors", "{error}", counter, "Errors of virtual CPUs of {}."}
)

// Threads and file descriptors are 0, and the others are absent, where no
// virtiofsd runs.
var virtiofsdFamilies = []family{
	{
		"kata_virtiofsd_threads", gauge, goText | passive, virtiofsd, nil, "", processThreads,
		"Virtiofsd process threads.",
	},
	{
		"kata_virtiofsd_fds", gauge, goText | passive, virtiofsd, nil, "", processFileDescriptors,
		"Open FDs for virtiofsd.",
	},
	{
		"kata_virtiofsd_proc_stat", gauge, goText | passive, virtiofsd, nil, "", processStat,
		"Virtiofsd process statistics.",
	},
	{
		"kata_virtiofsd_proc_status", gauge, goText | passive, virtiofsd, nil, "", goProcessStatus,
		"Virtiofsd process status.",
	},
	{
		"kata_virtiofsd_io_stat", gauge, goText | passive, virtiofsd, nil, "", goIO,
		"Process IO statistics.",
	},
}

// The shim has no such families: they are read on the host, in seconds, bytes
// and counts.
var cgroupFamilies = []family{
	{
		"kata_cgroup_cpu", gauge, passive, cgroup, nil, "",
		[]item{
			{"user", cpuTime, 0, "cpu.mode=user", usual, Real},
			{"system", cpuTime, 0, "cpu.mode=system", usual, Real},
			{"throttled", metric{"cpu.throttled_time", "s", counter, "Time that the CPU limit kept {} from running."}, 0, "", usual, Real},
			{"limit", metric{"cpu.limit", "{cpu}", upDown, "CPUs that {} may use."}, 0, "", usual, Real},
		},
		"",
	},
	{
		"kata_cgroup_memory", gauge, passive, cgroup, nil, "",
		[]item{
			{"usage", metric{"memory.usage", "By", upDown, "Memory that {} uses, with cached files."}, 0, "", usual, 0},
			{"limit", metric{"memory.limit", "By", upDown, "Memory that {} may use."}, 0, "", usual, 0},
			{"oom_kills", metric{"memory.oom_kills", "{kill}", counter, "Processes that the kernel killed because {} was at its memory limit."}, 0, "", usual, 0},
		},
		"",
	},
}

var agentFamilies = []family{
	{
		"kata_agent_scrape_count", counter, goText | rustText, agent, nil, "", one(metric{"scrape.count", "{scrape}", counter, "How often {} was asked for metrics since it started."}, 0, "", full, 0),
		"Metrics scrape count",
	},
	{
		"kata_agent_threads", gauge, goText | rustText, agent, nil, "", one(threadCount, 0, "", usual, 0),
		"Agent process threads",
	},
	{
		"kata_agent_total_time", gauge, goText | rustText, agent, nil, "", one(instead("the sum of kata.agent.cpu.time"), 0, "", full, Real),
		"Agent process total time",
	},
	{
		"kata_agent_total_vm", gauge, goText | rustText, agent, nil, "", one(instead("the same as kata.agent.memory.virtual"), 0, "", full, 0),
		"Agent process total VM size",
	},
	{
		"kata_agent_total_rss", gauge, goText | rustText, agent, nil, "", one(instead("the same as kata.agent.memory.usage"), 0, "", full, 0),
		"Agent process total RSS size",
	},
	{
		"kata_agent_proc_stat", gauge, goText | rustText, agent, nil, "", processStat,
		"Agent process statistics.",
	},
	{
		"kata_agent_proc_status", gauge, goText | rustText, agent, nil, "", processStatus(kibi),
		"Agent process status.",
	},
	{
		"kata_agent_io_stat", gauge, goText | rustText, agent, nil, "", rustIO,
		"Agent process IO statistics.",
	},
}

var guestFamilies = []family{
	{
		"kata_guest_load", gauge, goText | rustText, guest, nil, "", guestLoad,
		"Guest system load.",
	},
	{
		"kata_guest_tasks", gauge, goText | rustText, guest, nil, "", guestTasks,
		"Guest system load.",
	},
	{
		"kata_guest_cpu_time", gauge, goText | rustText, guest, byCPU, "total", guestCPU,
		"Guest CPU statistics.",
	},
	{
		"kata_guest_cpu_time", gauge, goText | rustText, guest, byCPU, "", guestLogicalCPU,
		"Guest CPU statistics.",
	},
	{
		"kata_guest_meminfo", gauge, goText | rustText, guest, nil, "", guestMemory,
		"Statistics about memory usage in the system.",
	},
	{
		"kata_guest_vm_stat", gauge, goText | rustText, guest, nil, "", guestVMStat,
		"Guest virtual memory statistics.",
	},
	{
		"kata_guest_netdev_stat", gauge, goText | rustText, guest, byInterface, "", networkDevice,
		"Guest net devices statistics.",
	},
	{
		"kata_guest_diskstat", gauge, goText | rustText, guest, byDisk, "", guestDisk,
		"Disks statistics in system.",
	},
	{
		"kata_guest_filesystem_bytes", gauge, goText | rustText, guest, byFilesystem, "", guestFilesystemBytes,
		"Guest filesystem space usage in bytes.",
	},
	{
		"kata_guest_filesystem_inodes", gauge, goText | rustText, guest, byFilesystem, "", guestFilesystemInodes,
		"Guest filesystem inode usage.",
	},
}

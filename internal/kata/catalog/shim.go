package catalog

var shimFamilies = []family{
	{
		name: "kata_shim_threads", kind: gauge, sources: anyText, component: shim, items: threads,
		help: "Kata containerd shim v2 process threads.",
	},
	{
		name: "kata_shim_fds", kind: gauge, sources: anyText, component: shim, items: fileDescriptors,
		help: "Kata containerd shim v2 open FDs.",
	},
	{
		name: "kata_shim_proc_stat", kind: gauge, sources: anyText, component: shim, items: processStat,
		help: "Kata containerd shim v2 process statistics.",
	},
	{
		name: "kata_shim_proc_status", kind: gauge, sources: goText, component: shim, items: goProcessStatus,
		help: "Kata containerd shim v2 process status.",
	},
	{
		name: "kata_shim_proc_status", kind: gauge, sources: rustText, component: shim, items: processStatus(kibi),
		help: "Kata containerd shim v2 process status.",
	},
	{
		name: "kata_shim_io_stat", kind: gauge, sources: goText, component: shim, items: goIO,
		help: "Kata containerd shim v2 process IO statistics.",
	},
	{
		name: "kata_shim_io_stat", kind: gauge, sources: rustText, component: shim, items: rustIO,
		help: "Kata containerd shim v2 process IO statistics.",
	},
	{
		name: "kata_shim_rpc_durations_histogram_milliseconds", kind: histogram, sources: goText, component: shim, labels: byAction,
		items: []item{{metric: serverCallDuration, scale: milli}},
		help:  "RPC latency distributions.",
	},
	{
		name: "kata_shim_agent_rpc_durations_histogram_milliseconds", kind: histogram, sources: goText, component: shim, labels: byAction,
		items: []item{{metric: clientCallDuration, scale: milli}},
		help:  "RPC latency distributions.",
	},
	// Both are 0 until the second pull. On cgroup v2 the CPU overhead is wrong,
	// because the shim subtracts nanoseconds from microseconds. Either can be
	// negative, which wraps around.
	{
		name: "kata_shim_pod_overhead_cpu", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: podOverheadCPU, scale: percent, adjustment: OmitZero | Unwrap | Fractional}},
		help:  "Kata Pod overhead for CPU resources(percent).",
	},
	{
		name: "kata_shim_pod_overhead_memory_in_bytes", kind: gauge, sources: goText, component: shim,
		items: []item{{metric: podOverheadMemory, adjustment: OmitZero | Unwrap}},
		help:  "Kata Pod overhead for memory resources(bytes).",
	},
}

var (
	serverCallDuration = metric{
		"rpc.server.call.duration", "s", histogram,
		"Duration of calls handled by {}, rounded down to whole milliseconds.",
	}
	clientCallDuration = metric{
		"rpc.client.call.duration", "s", histogram,
		"Duration of calls from {} to the guest agent, rounded down to whole milliseconds.",
	}
	podOverheadCPU = metric{
		"pod_overhead.cpu.usage", "{cpu}", gauge, "CPU usage of the pod beyond that of its containers, as estimated by {}.",
	}
	podOverheadMemory = metric{
		"pod_overhead.memory.usage", "By", upDown, "Memory usage of the pod beyond that of its containers, as estimated by {}.",
	}
)

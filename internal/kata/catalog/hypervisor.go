package catalog

var hypervisorFamilies = []family{
	{
		name: "kata_hypervisor_threads", kind: gauge, sources: goText | passive, component: hypervisor,
		items: optionalThreads,
		help:  "Hypervisor process threads.",
	},
	{
		name: "kata_hypervisor_fds", kind: gauge, sources: goText | passive, component: hypervisor,
		items: optionalFileDescriptors,
		help:  "Open FDs for hypervisor.",
	},
	{
		name: "kata_hypervisor_proc_stat", kind: gauge, sources: goText | passive, component: hypervisor,
		items: processStat,
		help:  "Hypervisor process statistics.",
	},
	{
		name: "kata_hypervisor_proc_status", kind: gauge, sources: goText | passive, component: hypervisor,
		items: goProcessStatus,
		help:  "Hypervisor process status.",
	},
	{
		name: "kata_hypervisor_io_stat", kind: gauge, sources: goText | passive, component: hypervisor, items: goIO,
		help: "Process IO statistics.",
	},
	{
		name: "kata_hypervisor_netdev", kind: gauge, sources: goText | passive, component: hypervisor, labels: byInterface,
		items: networkDevice,
		help:  "Net devices statistics.",
	},
	// The following families come from Dragonball, which is part of the runtime-rs
	// shim.
	{
		name: "kata_hypervisor_scrape_count", kind: counter, sources: rustText, component: hypervisor,
		items: []item{{metric: omitted("counts scrapes and does not describe the sandbox")}},
		help:  "Hypervisor metrics scrape count.",
	},
	{
		name: "kata_hypervisor_seccomp", kind: gauge, sources: rustText, component: hypervisor,
		items: []item{{name: "num_faults", metric: seccompFaults, inDefault: true}},
		help:  "Hypervisor metrics for the seccomp filtering.",
	},
	{
		name: "kata_hypervisor_signals", kind: gauge, sources: rustText, component: hypervisor, items: faultSignals,
		help: "Hypervisor metrics related to signals.",
	},
	{
		name: "kata_hypervisor_vcpu", kind: gauge, sources: rustText, component: hypervisor, labels: byVCPU,
		items: vcpuEvents,
		help:  "Hypervisor metrics specific to VCPUs' mode of functioning.",
	},
}

var seccompFaults = metric{
	"seccomp.faults", "{fault}", counter, "Number of system calls of {} that its seccomp filter blocked.",
}

var faultSignals = []item{
	{name: "sigbus", metric: signals, attributes: "kata.signal.name=SIGBUS", inDefault: true},
	{name: "sigsegv", metric: signals, attributes: "kata.signal.name=SIGSEGV", inDefault: true},
}

var vcpuEvents = []item{
	{name: "exit_io_in", metric: vcpuExits, attributes: "kata.vcpu.exit.reason=io_in"},
	{name: "exit_io_out", metric: vcpuExits, attributes: "kata.vcpu.exit.reason=io_out"},
	{name: "exit_mmio_read", metric: vcpuExits, attributes: "kata.vcpu.exit.reason=mmio_read"},
	{name: "exit_mmio_write", metric: vcpuExits, attributes: "kata.vcpu.exit.reason=mmio_write"},
	{name: "failures", metric: vcpuErrors, attributes: "error.type=vcpu"},
	{name: "filter_cpuid", metric: vcpuErrors, attributes: "error.type=cpuid_filter"},
}

var (
	signals    = metric{"signals", "{signal}", counter, "Number of fault signals received by {}, by signal."}
	vcpuExits  = metric{"vcpu.exits", "{exit}", counter, "Number of virtual CPU exits handled by {}, by reason."}
	vcpuErrors = metric{"vcpu.errors", "{error}", counter, "Number of virtual CPU errors of {}, by error type."}
)

// Without a virtiofsd process, threads and file descriptors are 0 and the other
// families are absent.
var virtiofsdFamilies = []family{
	{
		name: "kata_virtiofsd_threads", kind: gauge, sources: goText | passive, component: virtiofsd,
		items: optionalThreads,
		help:  "Virtiofsd process threads.",
	},
	{
		name: "kata_virtiofsd_fds", kind: gauge, sources: goText | passive, component: virtiofsd,
		items: optionalFileDescriptors,
		help:  "Open FDs for virtiofsd.",
	},
	{
		name: "kata_virtiofsd_proc_stat", kind: gauge, sources: goText | passive, component: virtiofsd, items: processStat,
		help: "Virtiofsd process statistics.",
	},
	{
		name: "kata_virtiofsd_proc_status", kind: gauge, sources: goText | passive, component: virtiofsd,
		items: goProcessStatus,
		help:  "Virtiofsd process status.",
	},
	{
		name: "kata_virtiofsd_io_stat", kind: gauge, sources: goText | passive, component: virtiofsd, items: goIO,
		help: "Process IO statistics.",
	},
}

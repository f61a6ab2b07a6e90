package usage

import (
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var underscores = strings.NewReplacer(".", "_")

var (
	directions = []string{"network.interface.name", "network.io.direction"}
	source     = []string{"sandbox.limit.source"}
)

// definitions list all families in the order of their names.
var definitions = [...]definition{
	{
		name: "container.cpu.time", prometheus: "container_cpu_time_seconds_total",
		description: "CPU time of the container, measured in the sandbox.",
		unit:        "s", kind: sandbox.Counter,
		field: func(f *Families) **sandbox.Family { return &f.containerCPU },
	},
	{
		name: "sandbox.cpu.limit", prometheus: "sandbox_cpu_limit",
		description: "Number of CPUs that the sandbox may use.",
		unit:        "{cpu}", kind: sandbox.Gauge,
		labels: source,
		field:  func(f *Families) **sandbox.Family { return &f.cpuLimit },
	},
	{
		name: "sandbox.cpu.overhead_time", prometheus: "sandbox_cpu_overhead_time_seconds",
		description: "CPU time of the sandbox on the host minus that of its workload.",
		unit:        "s", kind: sandbox.Gauge,
		field: func(f *Families) **sandbox.Family { return &f.cpuOverhead },
	},
	{
		name: "sandbox.cpu.throttled_time", prometheus: "sandbox_cpu_throttled_time_seconds_total",
		description: "Time for which the CPU limit kept the sandbox from running.",
		unit:        "s", kind: sandbox.Counter,
		field: func(f *Families) **sandbox.Family { return &f.throttledTime },
	},
	{
		name: "sandbox.cpu.time", prometheus: "sandbox_cpu_time_seconds_total",
		description: "CPU time of the sandbox on the host, including the runtime.",
		unit:        "s", kind: sandbox.Counter,
		labels: []string{"cpu.mode"},
		field:  func(f *Families) **sandbox.Family { return &f.cpuTime },
	},
	{
		name: "sandbox.disk.io", prometheus: "sandbox_disk_io_bytes_total",
		description: "Number of bytes that the sandbox read from and wrote to block devices of the host.",
		unit:        "By", kind: sandbox.Counter,
		labels: []string{"disk.io.direction"},
		field:  func(f *Families) **sandbox.Family { return &f.diskIO },
	},
	{
		name: "sandbox.disk.operations", prometheus: "sandbox_disk_operations_total",
		description: "Number of I/O operations of the sandbox on block devices of the host.",
		unit:        "{operation}", kind: sandbox.Counter,
		labels: []string{"disk.io.direction"},
		field:  func(f *Families) **sandbox.Family { return &f.diskOperations },
	},
	{
		name: "sandbox.filestore.size", prometheus: "sandbox_filestore_size_bytes",
		description: "Disk space of the file on the host that backs the sandbox's root filesystem overlay.",
		unit:        "By", kind: sandbox.UpDownCounter,
		field: func(f *Families) **sandbox.Family { return &f.filestore },
	},
	{
		name: "sandbox.memory.limit", prometheus: "sandbox_memory_limit_bytes",
		description: "Memory that the sandbox may use.",
		unit:        "By", kind: sandbox.Gauge,
		labels: source,
		field:  func(f *Families) **sandbox.Family { return &f.memoryLimit },
	},
	{
		name: "sandbox.memory.oom_kills", prometheus: "sandbox_memory_oom_kills_total",
		description: "Number of processes of the sandbox that the kernel of the host killed because memory ran out.",
		unit:        "{kill}", kind: sandbox.Counter,
		field: func(f *Families) **sandbox.Family { return &f.oomKills },
	},
	{
		name: "sandbox.memory.overhead", prometheus: "sandbox_memory_overhead_bytes",
		description: "Memory usage of the sandbox on the host minus that of its workload.",
		unit:        "By", kind: sandbox.Gauge,
		field: func(f *Families) **sandbox.Family { return &f.memoryOverhead },
	},
	{
		name: "sandbox.memory.peak", prometheus: "sandbox_memory_peak_bytes",
		description: "Highest memory usage of the sandbox on the host so far.",
		unit:        "By", kind: sandbox.Gauge,
		field: func(f *Families) **sandbox.Family { return &f.peak },
	},
	{
		name: "sandbox.memory.usage", prometheus: "sandbox_memory_usage_bytes",
		description: "Memory usage of the sandbox on the host, including the runtime and the page cache.",
		unit:        "By", kind: sandbox.UpDownCounter,
		field: func(f *Families) **sandbox.Family { return &f.memory },
	},
	{
		name: "sandbox.memory.working_set", prometheus: "sandbox_memory_working_set_bytes",
		description: "Memory usage of the sandbox on the host without inactive page cache.",
		unit:        "By", kind: sandbox.UpDownCounter,
		field: func(f *Families) **sandbox.Family { return &f.workingSet },
	},
	{
		name: "sandbox.network.dropped", prometheus: "sandbox_network_dropped_total",
		description: "Number of packets that the network interface dropped.",
		unit:        "{packet}", kind: sandbox.Counter,
		labels: directions,
		field:  func(f *Families) **sandbox.Family { return &f.networkDropped },
	},
	{
		name: "sandbox.network.errors", prometheus: "sandbox_network_errors_total",
		description: "Number of errors of the network interface.",
		unit:        "{error}", kind: sandbox.Counter,
		labels: directions,
		field:  func(f *Families) **sandbox.Family { return &f.networkErrors },
	},
	{
		name: "sandbox.network.io", prometheus: "sandbox_network_io_bytes_total",
		description: "Number of bytes that the network interface transferred.",
		unit:        "By", kind: sandbox.Counter,
		labels: directions,
		field:  func(f *Families) **sandbox.Family { return &f.networkIO },
	},
	{
		name: "sandbox.network.packets", prometheus: "sandbox_network_packets_total",
		description: "Number of packets that the network interface transferred.",
		unit:        "{packet}", kind: sandbox.Counter,
		labels: directions,
		field:  func(f *Families) **sandbox.Family { return &f.networkPackets },
	},
	{
		name: "sandbox.pressure.stall_time", prometheus: "sandbox_pressure_stall_time_seconds_total",
		description: "Time for which processes of the sandbox waited for a resource of the host.",
		unit:        "s", kind: sandbox.Counter,
		labels: []string{"sandbox.pressure.resource", "sandbox.pressure.scope"},
		field:  func(f *Families) **sandbox.Family { return &f.stallTime },
	},
	{
		name: "sandbox.process.count", prometheus: "sandbox_process_count",
		description: "Number of processes and threads of the sandbox on the host.",
		unit:        "{process}", kind: sandbox.UpDownCounter,
		field: func(f *Families) **sandbox.Family { return &f.processes },
	},
	{
		name: "sandbox.process.limit", prometheus: "sandbox_process_limit",
		description: "Number of processes and threads that the sandbox may have on the host.",
		unit:        "{process}", kind: sandbox.Gauge,
		field: func(f *Families) **sandbox.Family { return &f.processLimit },
	},
	{
		name: "sandbox.workload.cpu.time", prometheus: "sandbox_workload_cpu_time_seconds_total",
		description: "CPU time of all containers, measured in the sandbox.",
		unit:        "s", kind: sandbox.Counter,
		field: func(f *Families) **sandbox.Family { return &f.workloadCPU },
	},
	{
		name: "sandbox.workload.memory.usage", prometheus: "sandbox_workload_memory_usage_bytes",
		description: "Memory usage of all containers, measured in the sandbox.",
		unit:        "By", kind: sandbox.UpDownCounter,
		field: func(f *Families) **sandbox.Family { return &f.workloadMemory },
	},
	{
		name: "sandbox.workload.process.count", prometheus: "sandbox_workload_process_count",
		description: "Number of processes and threads in the container, measured in the sandbox.",
		unit:        "{process}", kind: sandbox.UpDownCounter,
		field: func(f *Families) **sandbox.Family { return &f.workloadProcesses },
	},
}

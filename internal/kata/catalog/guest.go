package catalog

var agentFamilies = []family{
	{
		name: "kata_agent_scrape_count", kind: counter, sources: anyText, component: agent,
		items: []item{{metric: scrapes}},
		help:  "Metrics scrape count",
	},
	{
		name: "kata_agent_threads", kind: gauge, sources: anyText, component: agent, items: threads,
		help: "Agent process threads",
	},
	{
		name: "kata_agent_total_time", kind: gauge, sources: anyText, component: agent,
		items: []item{{metric: omitted("the sum of kata.agent.cpu.time"), adjustment: Fractional}},
		help:  "Agent process total time",
	},
	{
		name: "kata_agent_total_vm", kind: gauge, sources: anyText, component: agent,
		items: []item{{metric: omitted("the same as kata.agent.memory.virtual")}},
		help:  "Agent process total VM size",
	},
	{
		name: "kata_agent_total_rss", kind: gauge, sources: anyText, component: agent,
		items: []item{{metric: omitted("the same as kata.agent.memory.usage")}},
		help:  "Agent process total RSS size",
	},
	{
		name: "kata_agent_proc_stat", kind: gauge, sources: anyText, component: agent, items: processStat,
		help: "Agent process statistics.",
	},
	{
		name: "kata_agent_proc_status", kind: gauge, sources: anyText, component: agent, items: processStatus(kibi),
		help: "Agent process status.",
	},
	{
		name: "kata_agent_io_stat", kind: gauge, sources: anyText, component: agent, items: rustIO,
		help: "Agent process IO statistics.",
	},
}

var scrapes = metric{"scrapes", "{scrape}", counter, "Number of metric requests that {} has handled."}

var guestFamilies = []family{
	{
		name: "kata_guest_load", kind: gauge, sources: anyText, component: guest, items: guestLoad,
		help: "Guest system load.",
	},
	{
		name: "kata_guest_tasks", kind: gauge, sources: anyText, component: guest, items: guestTasks,
		help: "Guest system load.",
	},
	{
		name: "kata_guest_cpu_time", kind: gauge, sources: anyText, component: guest, labels: byCPU, only: "total",
		items: guestCPU,
		help:  "Guest CPU statistics.",
	},
	{
		name: "kata_guest_cpu_time", kind: gauge, sources: anyText, component: guest, labels: byCPU, items: guestLogicalCPU,
		help: "Guest CPU statistics.",
	},
	{
		name: "kata_guest_meminfo", kind: gauge, sources: anyText, component: guest, items: guestMemory,
		help: "Statistics about memory usage in the system.",
	},
	{
		name: vmStatFamily, kind: gauge, sources: anyText, component: guest, items: guestVMStat,
		help: "Guest virtual memory statistics.",
	},
	{
		name: "kata_guest_netdev_stat", kind: gauge, sources: anyText, component: guest, labels: byInterface,
		items: networkDevice,
		help:  "Guest net devices statistics.",
	},
	{
		name: "kata_guest_diskstat", kind: gauge, sources: anyText, component: guest, labels: byDisk, items: guestDisk,
		help: "Disks statistics in system.",
	},
	{
		name: "kata_guest_filesystem_bytes", kind: gauge, sources: anyText, component: guest, labels: byFilesystem,
		items: guestFilesystemBytes,
		help:  "Guest filesystem space usage in bytes.",
	},
	{
		name: "kata_guest_filesystem_inodes", kind: gauge, sources: anyText, component: guest, labels: byFilesystem,
		items: guestFilesystemInodes,
		help:  "Guest filesystem inode usage.",
	},
}

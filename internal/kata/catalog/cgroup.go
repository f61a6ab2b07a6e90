package catalog

// cgroupFamilies do not exist in the text of a shim. They are read on the host,
// in seconds, bytes and counts.
var cgroupFamilies = []family{
	{
		name: "kata_cgroup_cpu", kind: gauge, sources: passive, component: cgroup, items: cgroupCPU,
	},
	{
		name: "kata_cgroup_memory", kind: gauge, sources: passive, component: cgroup, items: cgroupMemory,
	},
}

var cgroupCPU = []item{
	{name: "user", metric: cpuTime, attributes: "cpu.mode=user", inDefault: true, adjustment: Fractional},
	{name: "system", metric: cpuTime, attributes: "cpu.mode=system", inDefault: true, adjustment: Fractional},
	{name: "throttled", metric: metric{
		"cpu.throttled_time", "s", counter, "Time during which {} was throttled by its CPU limit.",
	}, inDefault: true, adjustment: Fractional},
	{name: "limit", metric: metric{
		"cpu.limit", "{cpu}", upDown, "CPU limit of {}: the lowest of the cgroup and its parents.",
	}, inDefault: true, adjustment: Fractional},
}

var cgroupMemory = []item{
	{name: "usage", metric: metric{
		"memory.usage", "By", upDown, "Memory used by {}, including its page cache.",
	}, inDefault: true},
	{name: "limit", metric: metric{
		"memory.limit", "By", upDown, "Memory limit of {}: the lowest of the cgroup and its parents.",
	}, inDefault: true},
	{name: "oom_kills", metric: metric{
		"memory.oom_kills", "{kill}", counter, "Number of processes killed because {} reached its memory limit.",
	}, inDefault: true},
}

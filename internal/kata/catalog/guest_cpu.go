package catalog

// guestLoad holds the fields of /proc/loadavg.
var guestLoad = []item{
	{name: "load1", metric: loadAverage("1m", "1 minute"), inDefault: true, adjustment: RoundHundredths | Fractional},
	{name: "load5", metric: loadAverage("5m", "5 minutes"), inDefault: true, adjustment: RoundHundredths | Fractional},
	{name: "load15", metric: loadAverage("15m", "15 minutes"), inDefault: true, adjustment: RoundHundredths | Fractional},
}

func loadAverage(name, period string) metric {
	return metric{"cpu.load_average." + name, "{thread}", gauge, "Average load of {} over " + period + "."}
}

var guestTasks = []item{
	{name: "cur", metric: metric{"task.runnable", "{task}", upDown, "Number of runnable tasks of {}."}, inDefault: true},
	// The number of tasks, and not a maximum as the name suggests.
	{name: "max", metric: metric{"task.count", "{task}", upDown, "Number of tasks of {}."}, inDefault: true},
}

// The whole guest and its logical CPUs are separate metrics, so that the sum of
// all points is correct for either.
var (
	guestCPU = cpuModes(
		metric{"cpu.time", "s", counter, "CPU time of {}, by mode."},
		metric{"nested.cpu.time", "s", counter, "CPU time of virtual machines nested in {}, by mode."},
		true)
	guestLogicalCPU = cpuModes(
		metric{"cpu.logical.time", "s", counter, "Time of each logical CPU of {}, by mode."},
		metric{"nested.cpu.logical.time", "s", counter, "Time of each logical CPU of {} in nested virtual machines, by mode."},
		false)
)

// cpuModes holds the columns of /proc/stat. The modes user and nice already
// include the time of nested virtual machines.
func cpuModes(time, nested metric, inDefault bool) []item {
	return []item{
		{name: "user", metric: time, scale: milli, attributes: "cpu.mode=user", inDefault: inDefault},
		{name: "nice", metric: time, scale: milli, attributes: "cpu.mode=nice", inDefault: inDefault},
		{name: "system", metric: time, scale: milli, attributes: "cpu.mode=system", inDefault: inDefault},
		{name: "idle", metric: time, scale: milli, attributes: "cpu.mode=idle", inDefault: inDefault},
		{name: "iowait", metric: time, scale: milli, attributes: "cpu.mode=iowait", inDefault: inDefault},
		{name: "irq", metric: time, scale: milli, attributes: "cpu.mode=interrupt", inDefault: inDefault},
		{name: "softirq", metric: time, scale: milli, attributes: "cpu.mode=softirq", inDefault: inDefault},
		{name: "steal", metric: time, scale: milli, attributes: "cpu.mode=steal", inDefault: inDefault},
		{name: "guest", metric: nested, scale: milli, attributes: "cpu.mode=user"},
		{name: "guest_nice", metric: nested, scale: milli, attributes: "cpu.mode=nice"},
	}
}

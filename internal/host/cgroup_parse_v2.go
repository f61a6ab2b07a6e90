package host

import (
	"bytes"
	"time"
)

// The files of version 2.
var (
	filesV2 = append([]cgroupFile{
		{"cpu.stat", FigureCPU | FigureThrottled, parseCPUStatV2},
		{"memory.current", FigureMemory | FigureWorkingSet, parseMemory},
		{"memory.stat", FigureWorkingSet, parseWorkingSetV2},
		{"memory.peak", FigureMemoryPeak, parseMemoryPeak},
		{"memory.events", FigureOOMKills, parseOOMKills},
		{"pids.current", FigureProcesses, parseProcesses},
		{"io.stat", FigureDiskBytes | FigureDiskOperations, parseDiskV2},
	}, pressureFiles...)
	limitsV2 = append([]cgroupFile{
		{"cpu.max", FigureCPULimit, parseCPUMaxV2},
		{"memory.max", FigureMemoryLimit, parseMemoryLimit},
	}, processLimits...)
	pressureFiles = []cgroupFile{
		{"cpu.pressure", FigureCPUPressure, func(u *CgroupUsage, data []byte) bool {
			return u.setPressure(FigureCPUPressure, &u.CPUPressure, data)
		}},
		{"memory.pressure", FigureMemoryPressure, func(u *CgroupUsage, data []byte) bool {
			return u.setPressure(FigureMemoryPressure, &u.MemoryPressure, data)
		}},
		{"io.pressure", FigureIOPressure, func(u *CgroupUsage, data []byte) bool {
			return u.setPressure(FigureIOPressure, &u.IOPressure, data)
		}},
	}
)

// parseCPUStatV2 parses cpu.stat. Without the controller cpu, it contains only the
// first three lines.
//
//	usage_usec 1834
//	user_usec 1200
//	system_usec 634
//	nr_periods 4
//	nr_throttled 1
//	throttled_usec 7
func parseCPUStatV2(u *CgroupUsage, data []byte) bool {
	usage, usageFound, usageValid := lineDuration(data, "usage_usec", time.Microsecond)
	user, userFound, userValid := lineDuration(data, "user_usec", time.Microsecond)
	system, systemFound, systemValid := lineDuration(data, "system_usec", time.Microsecond)
	throttled, throttledFound, throttledValid := lineDuration(data, "throttled_usec", time.Microsecond)
	if !usageValid || !userValid || !systemValid || !throttledValid {
		return false
	}
	if usageFound && userFound && systemFound {
		u.CPU, u.User, u.System = usage, user, system
		u.Known |= FigureCPU
	}
	if throttledFound {
		u.Throttled = throttled
		u.Known |= FigureThrottled
	}
	return true
}

// parseCPUMaxV2 parses cpu.max, which starts with "max" without a limit:
//
//	50000 100000
func parseCPUMaxV2(u *CgroupUsage, data []byte) bool {
	first, second, _ := bytes.Cut(bytes.TrimSuffix(data, []byte("\n")), []byte(" "))
	period, valid := wholeNumber(second)
	if !valid || period == 0 {
		return false
	}
	if string(first) == "max" {
		return true
	}
	quota, valid := wholeNumber(first)
	if !valid || quota == 0 {
		return false
	}
	u.limitCPU(quota, period)
	return true
}

// parseWorkingSetV2 parses memory.stat:
//
//	anon 1601536
//	file 2732032
//	inactive_file 1093632
func parseWorkingSetV2(u *CgroupUsage, data []byte) bool {
	return u.setWorkingSet(data, "inactive_file")
}

// parseDiskV2 adds the lines of all devices in io.stat. A device without traffic
// may have none of the fields.
//
//	259:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0
func parseDiskV2(u *CgroupUsage, data []byte) bool {
	var sums [4]uint64
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		for len(line) > 0 {
			var field []byte
			field, line, _ = bytes.Cut(line, []byte(" "))
			name, number, _ := bytes.Cut(field, []byte("="))
			i := 0
			switch string(name) {
			case "rbytes":
			case "wbytes":
				i = 1
			case "rios":
				i = 2
			case "wios":
				i = 3
			default:
				continue
			}
			value, valid := wholeNumber(number)
			if !valid || sums[i]+value < value {
				return false
			}
			sums[i] += value
		}
	}
	u.ReadBytes, u.WrittenBytes, u.ReadOperations, u.WriteOperations = sums[0], sums[1], sums[2], sums[3]
	u.Known |= FigureDiskBytes | FigureDiskOperations
	return true
}

// setPressure parses cpu.pressure, memory.pressure and io.pressure. The totals are
// in microseconds.
//
//	some avg10=0.00 avg60=0.00 avg300=0.00 total=1834
//	full avg10=0.00 avg60=0.00 avg300=0.00 total=634
func (u *CgroupUsage) setPressure(figure Figures, pressure *Pressure, data []byte) bool {
	var result Pressure
	hasSome := false
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		end := bytes.LastIndex(line, []byte(" total="))
		if end < 0 {
			return false
		}
		count, valid := wholeNumber(line[end+len(" total="):])
		total, fits := duration(count, time.Microsecond)
		if !valid || !fits {
			return false
		}
		switch scope, _, _ := bytes.Cut(line, []byte(" ")); string(scope) {
		case "some":
			result.Some, hasSome = total, true
		case "full":
			result.Full, result.HasFull = total, true
		}
	}
	if hasSome {
		*pressure = result
		u.Known |= figure
	}
	return hasSome
}

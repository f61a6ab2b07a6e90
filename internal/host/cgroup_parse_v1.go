package host

import (
	"bytes"
	"math"
	"time"
)

// The files of version 1, by controller.
var (
	accountingFilesV1 = []cgroupFile{
		{"cpuacct.stat", FigureCPU, parseCPUStatV1},
		{"cpuacct.usage", FigureCPU, parseCPUUsageV1},
	}
	cpuFilesV1 = []cgroupFile{
		{"cpu.stat", FigureThrottled, parseThrottlingV1},
	}
	cpuLimitsV1 = []cgroupFile{
		{"cpu.cfs_quota_us", FigureCPULimit, parseQuotaV1},
		{"cpu.cfs_period_us", FigureCPULimit, parsePeriodV1},
	}
	memoryFilesV1 = []cgroupFile{
		{"memory.usage_in_bytes", FigureMemory | FigureWorkingSet, parseMemory},
		{"memory.stat", FigureWorkingSet, parseWorkingSetV1},
		{"memory.max_usage_in_bytes", FigureMemoryPeak, parseMemoryPeak},
		{"memory.oom_control", FigureOOMKills, parseOOMKills},
	}
	memoryLimitsV1 = []cgroupFile{{"memory.limit_in_bytes", FigureMemoryLimit, parseMemoryLimit}}
	// These are the same in both versions.
	processFiles  = []cgroupFile{{"pids.current", FigureProcesses, parseProcesses}}
	processLimits = []cgroupFile{{"pids.max", FigureProcessLimit, parseProcessLimit}}
	diskFilesV1   = []cgroupFile{
		{"blkio.throttle.io_service_bytes_recursive", FigureDiskBytes, parseDiskBytesV1},
		{"blkio.throttle.io_serviced_recursive", FigureDiskOperations, parseDiskOperationsV1},
	}
)

// parseCPUStatV1 parses cpuacct.stat, in clock ticks:
//
//	user 2
//	system 1
func parseCPUStatV1(u *CgroupUsage, data []byte) bool {
	user, userFound, userValid := lineDuration(data, "user", time.Second/ticksPerSecond)
	system, systemFound, systemValid := lineDuration(data, "system", time.Second/ticksPerSecond)
	if !userFound || !systemFound || !userValid || !systemValid || user > math.MaxInt64-system {
		return false
	}
	u.CPU, u.User, u.System = user+system, user, system
	u.Known |= FigureCPU
	return true
}

// parseCPUUsageV1 parses cpuacct.usage, in nanoseconds. It is read after
// cpuacct.stat and replaces the rounded sum.
//
//	3000000
func parseCPUUsageV1(u *CgroupUsage, data []byte) bool {
	value, found, valid := singleNumber(data)
	usage, fits := duration(value, time.Nanosecond)
	if !found || !valid || !fits {
		u.Known &^= FigureCPU
		return false
	}
	u.CPU = usage
	return true
}

// parseThrottlingV1 parses cpu.stat, in nanoseconds. It is empty if the kernel was
// built without CPU limits.
//
//	nr_periods 4
//	nr_throttled 1
//	throttled_time 7000
func parseThrottlingV1(u *CgroupUsage, data []byte) bool {
	value, found, valid := lineDuration(data, "throttled_time", time.Nanosecond)
	if found && valid {
		u.Throttled = value
		u.Known |= FigureThrottled
	}
	return valid
}

// parseQuotaV1 parses cpu.cfs_quota_us, which is -1 without a limit. It is read
// immediately before the period of the same cgroup.
func parseQuotaV1(u *CgroupUsage, data []byte) bool {
	u.quota = 0
	if string(data) == "-1\n" {
		return true
	}
	value, found, valid := singleNumber(data)
	u.quota = value
	return found && valid
}

// parsePeriodV1 parses cpu.cfs_period_us.
func parsePeriodV1(u *CgroupUsage, data []byte) bool {
	period, found, valid := singleNumber(data)
	if !found || !valid || period == 0 {
		return false
	}
	if u.quota > 0 {
		u.limitCPU(u.quota, period)
	}
	u.quota = 0
	return true
}

// parseWorkingSetV1 parses memory.stat. Lines without "total_" leave out the
// cgroups below.
//
//	inactive_file 4096
//	total_inactive_file 8192
func parseWorkingSetV1(u *CgroupUsage, data []byte) bool {
	return u.setWorkingSet(data, "total_inactive_file")
}

// blkio.throttle.io_service_bytes_recursive
func parseDiskBytesV1(u *CgroupUsage, data []byte) bool {
	return u.setDiskV1(FigureDiskBytes, &u.ReadBytes, &u.WrittenBytes, data)
}

// blkio.throttle.io_serviced_recursive
func parseDiskOperationsV1(u *CgroupUsage, data []byte) bool {
	return u.setDiskV1(FigureDiskOperations, &u.ReadOperations, &u.WriteOperations, data)
}

// setDiskV1 adds the lines of all devices:
//
//	259:0 Read 4096
//	259:0 Write 8192
//	259:0 Sync 0
//	259:0 Total 12288
//	Total 12288
func (u *CgroupUsage) setDiskV1(figure Figures, read, written *uint64, data []byte) bool {
	var sums [2]uint64
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		_, rest, _ := bytes.Cut(line, []byte(" "))
		direction, number, _ := bytes.Cut(rest, []byte(" "))
		i := 0
		switch string(direction) {
		case "Read":
		case "Write":
			i = 1
		default:
			continue
		}
		value, valid := wholeNumber(number)
		if !valid || sums[i]+value < value {
			return false
		}
		sums[i] += value
	}
	*read, *written = sums[0], sums[1]
	u.Known |= figure
	return true
}

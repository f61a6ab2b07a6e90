package host

import (
	"bytes"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"
)

// CgroupCPU is the CPU usage of the processes of a control group.
type CgroupCPU struct {
	// User and System add up to Usage, apart from rounding.
	Usage, User, System time.Duration
	// Throttled is how long the limit kept the group from running.
	Throttled time.Duration
	// Limit is how many CPUs the group may use, 0 if there is no limit.
	Limit float64
}

// CgroupMemory is the memory usage of the processes of a control group, in
// bytes.
type CgroupMemory struct {
	Usage uint64
	// Limit is 0 if there is no limit.
	Limit uint64
	// OOMKills is how many processes of the group the kernel has killed because
	// the limit was reached.
	OOMKills uint64
}

// maxMemoryLimit is above any real memory limit: without a limit, version 1
// reports the largest number of whole pages, 9223372036854771712.
const maxMemoryLimit = 1 << 62

// CPU reads the CPU usage of the group.
func (g Cgroup) CPU() (CgroupCPU, error) {
	switch {
	case g.unified:
		return g.cpuV2()
	case g.accounting == "":
		return CgroupCPU{}, fmt.Errorf("CPU accounting: %w", fs.ErrNotExist)
	}
	return g.cpuV1()
}

// cpuV1 reads cpuacct.usage, in nanoseconds, cpuacct.stat, in clock ticks, and
// what [Cgroup.throttlingV1] does:
//
//	3000000
//
//	user 2
//	system 1
func (g Cgroup) cpuV1() (CgroupCPU, error) {
	var cpu CgroupCPU
	usage, err := readNumber(filepath.Join(g.accounting, "cpuacct.usage"))
	if err != nil {
		return CgroupCPU{}, err
	}
	cpu.Usage = time.Duration(usage)
	err = readSmall(filepath.Join(g.accounting, "cpuacct.stat"), func(data []byte) error {
		forEachNumber(data, func(name []byte, value uint64) {
			switch string(name) {
			case "user":
				cpu.User = Ticks(value)
			case "system":
				cpu.System = Ticks(value)
			}
		})
		return nil
	})
	if err != nil || g.cpu == "" {
		return cpu, err
	}
	cpu.Throttled, cpu.Limit = g.throttlingV1()
	return cpu, nil
}

// throttlingV1 reads cpu.stat, cpu.cfs_quota_us and cpu.cfs_period_us, which
// exist only if the kernel was built with CPU limits. Without a limit the quota
// is -1, which readNumber rejects.
//
//	nr_throttled 1
//	throttled_time 7000
//
//	50000
//
//	100000
func (g Cgroup) throttlingV1() (throttled time.Duration, limit float64) {
	_ = readSmall(filepath.Join(g.cpu, "cpu.stat"), func(data []byte) error {
		forEachNumber(data, func(name []byte, value uint64) {
			if string(name) == "throttled_time" {
				throttled = time.Duration(value)
			}
		})
		return nil
	})
	quota, err := readNumber(filepath.Join(g.cpu, "cpu.cfs_quota_us"))
	if err != nil {
		return throttled, 0
	}
	period, err := readNumber(filepath.Join(g.cpu, "cpu.cfs_period_us"))
	if err != nil || period == 0 {
		return throttled, 0
	}
	return throttled, float64(quota) / float64(period)
}

// cpuV2 reads cpu.stat and cpu.max; the latter starts with "max" if there is no
// limit:
//
//	usage_usec 1834
//	user_usec 1200
//	system_usec 634
//	throttled_usec 0
//
//	50000 100000
func (g Cgroup) cpuV2() (CgroupCPU, error) {
	var cpu CgroupCPU
	err := readSmall(filepath.Join(g.cpu, "cpu.stat"), func(data []byte) error {
		forEachNumber(data, func(name []byte, value uint64) {
			duration := time.Duration(value) * time.Microsecond
			switch string(name) {
			case "usage_usec":
				cpu.Usage = duration
			case "user_usec":
				cpu.User = duration
			case "system_usec":
				cpu.System = duration
			case "throttled_usec":
				cpu.Throttled = duration
			}
		})
		return nil
	})
	if err != nil {
		return CgroupCPU{}, err
	}
	_ = readSmall(filepath.Join(g.cpu, "cpu.max"), func(data []byte) error {
		first, second, _ := bytes.Cut(data, []byte(" "))
		quota, limited := parseNumber(first)
		period, ok := parseNumber(second)
		if limited && ok && period > 0 {
			cpu.Limit = float64(quota) / float64(period)
		}
		return nil
	})
	return cpu, nil
}

// Memory reads the memory usage of the group.
func (g Cgroup) Memory() (CgroupMemory, error) {
	if g.memory == "" {
		return CgroupMemory{}, fmt.Errorf("memory accounting: %w", fs.ErrNotExist)
	}
	usage, limit, events := "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.oom_control"
	if g.unified {
		usage, limit, events = "memory.current", "memory.max", "memory.events"
	}
	var memory CgroupMemory
	var err error
	if memory.Usage, err = readNumber(filepath.Join(g.memory, usage)); err != nil {
		return CgroupMemory{}, err
	}
	// Version 2 reports "max" if there is no limit, which readNumber rejects.
	if value, err := readNumber(filepath.Join(g.memory, limit)); err == nil && value < maxMemoryLimit {
		memory.Limit = value
	}
	_ = readSmall(filepath.Join(g.memory, events), func(data []byte) error {
		forEachNumber(data, func(name []byte, value uint64) {
			if string(name) == "oom_kill" {
				memory.OOMKills = value
			}
		})
		return nil
	})
	return memory, nil
}

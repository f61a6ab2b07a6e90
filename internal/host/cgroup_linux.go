package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// noMemoryLimit is above what a memory limit can be: cgroups of version 1 say
// that there is none with the largest number of whole pages.
const noMemoryLimit = 1 << 62

// Cgroups reads control groups of either version.
type Cgroups struct {
	// Root is where they are mounted: /sys/fs/cgroup, or
	// /hostfs/sys/fs/cgroup in a container.
	Root string
}

// Cgroup is one control group.
type Cgroup struct {
	// unified tells version 2, in which all directories are the same. An empty
	// directory stands for a controller that the group does not have.
	unified                 bool
	cpu, accounting, memory string
}

// Find finds the control group with the path a runtime gave it. It returns
// [fs.ErrNotExist] if there is none.
func (c Cgroups) Find(path string) (Cgroup, error) {
	_, err := os.Lstat(filepath.Join(c.Root, "cgroup.controllers"))
	unified := err == nil
	for _, directory := range cgroupDirectories(path) {
		group := Cgroup{unified: unified}
		if unified {
			whole := c.existing(".", directory)
			group.cpu, group.accounting, group.memory = whole, whole, whole
		} else {
			group.cpu = c.existing("cpu", directory)
			group.accounting = c.existing("cpuacct", directory)
			group.memory = c.existing("memory", directory)
		}
		if group != (Cgroup{unified: unified}) {
			return group, nil
		}
	}
	return Cgroup{}, fmt.Errorf("control group %q: %w", path, fs.ErrNotExist)
}

// existing is the directory of a group in a hierarchy, if there is one.
func (c Cgroups) existing(hierarchy, directory string) string {
	path := filepath.Join(c.Root, hierarchy, directory)
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		return ""
	}
	return path
}

// CPU reads what the group has used of the CPU.
func (g Cgroup) CPU() (CgroupCPU, error) {
	if g.unified {
		return g.unifiedCPU()
	}
	if g.accounting == "" {
		return CgroupCPU{}, fmt.Errorf("CPU accounting: %w", fs.ErrNotExist)
	}
	var cpu CgroupCPU
	usage, err := readNumber(filepath.Join(g.accounting, "cpuacct.usage"))
	if err != nil {
		return CgroupCPU{}, err
	}
	cpu.Usage = time.Duration(usage)
	err = readSmall(filepath.Join(g.accounting, "cpuacct.stat"), func(data []byte) error {
		forEachNumber(data, func(name []byte, value uint64) {
			ticks := time.Duration(value) * (time.Second / ticksPerSecond)
			switch string(name) {
			case "user":
				cpu.User = ticks
			case "system":
				cpu.System = ticks
			}
		})
		return nil
	})
	if err != nil || g.cpu == "" {
		return cpu, err
	}
	// The rest is there only if the kernel was built with limits.
	_ = readSmall(filepath.Join(g.cpu, "cpu.stat"), func(data []byte) error {
		forEachNumber(data, func(name []byte, value uint64) {
			if string(name) == "throttled_time" {
				cpu.Throttled = time.Duration(value)
			}
		})
		return nil
	})
	// Without a limit the quota is -1, which is no number here.
	quota, err := readNumber(filepath.Join(g.cpu, "cpu.cfs_quota_us"))
	if err != nil {
		return cpu, nil
	}
	period, err := readNumber(filepath.Join(g.cpu, "cpu.cfs_period_us"))
	if err == nil && period > 0 {
		cpu.Limit = float64(quota) / float64(period)
	}
	return cpu, nil
}

// unifiedCPU reads cpu.stat and cpu.max of version 2:
//
//	usage_usec 1834
//	user_usec 1200
//	system_usec 634
//	throttled_usec 0
//
//	50000 100000
func (g Cgroup) unifiedCPU() (CgroupCPU, error) {
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

// Memory reads what the group uses of the memory.
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
	// Version 2 says "max" where there is no limit.
	if most, err := readNumber(filepath.Join(g.memory, limit)); err == nil && most < noMemoryLimit {
		memory.Limit = most
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

var errNoNumber = errors.New("no number")

// readNumber reads a file that holds one number and nothing else.
func readNumber(path string) (uint64, error) {
	var value uint64
	err := readSmall(path, func(data []byte) error {
		var ok bool
		if value, ok = parseNumber(bytes.TrimSpace(data)); !ok {
			return fmt.Errorf("%s: %w", path, errNoNumber)
		}
		return nil
	})
	return value, err
}

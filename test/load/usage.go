package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// cpuTime is what this process has used of the CPUs, in user and kernel mode.
func cpuTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// cpuOf is what this process has used of the CPUs in each of some cycles.
func cpuOf(cycles int, cycle func() error) (each []time.Duration, err error) {
	before, err := cpuTime()
	for range cycles {
		if err != nil {
			return nil, err
		}
		if err = cycle(); err != nil {
			return nil, err
		}
		var after time.Duration
		after, err = cpuTime()
		each = append(each, after-before)
		before = after
	}
	return each, err
}

// median is robust against cycles in which the machine did something else as
// well.
func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// processCPUTime is what another process has used, in steps of 10 ms: the
// fields utime and stime of /proc/<pid>/stat (proc(5)).
func processCPUTime(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has only %d fields after the name", pid, len(fields))
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// peakMemory is the most memory that a process has had resident: VmHWM of
// /proc/<pid>/status, in bytes.
//
//	VmHWM:	   84212 kB
func peakMemory(pid string) (int64, error) {
	data, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, err
	}
	_, rest, found := bytes.Cut(data, []byte("\nVmHWM:"))
	fields := bytes.Fields(rest)
	if !found || len(fields) == 0 {
		return 0, fmt.Errorf("/proc/%s/status has no line VmHWM", pid)
	}
	kilobytes, err := strconv.ParseInt(string(fields[0]), 10, 64)
	return kilobytes << 10, err
}

// liveHeap is what is in use on the heap while the receiver holds the least: a
// batch that has not been handed over yet may be most of it, but is gone within
// a second.
func liveHeap() uint64 {
	least := uint64(math.MaxUint64)
	for range 25 {
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		least = min(least, stats.HeapAlloc)
	}
	return least
}

// allocated counts the objects that were ever allocated.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

// descriptors counts the files that this process has open.
func descriptors() (int, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	return len(entries), err
}

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

// cpuTime returns the CPU time of this process, in user and kernel mode.
func cpuTime() (time.Duration, error) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, err
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// cpuOf returns the CPU time that this process uses in each of several cycles.
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

// median returns the median, which outliers caused by other load on the machine
// do not affect.
func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}

// processCPUTime returns the CPU time of another process, with a resolution of
// 10 ms: the fields utime and stime of /proc/<pid>/stat (proc(5)).
func processCPUTime(pid int) (time.Duration, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields after the name, want at least 13", pid, len(fields))
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

// peakMemory returns the peak resident memory of a process in bytes: VmHWM of
// /proc/<pid>/status.
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

// liveHeap returns the smallest heap size within about a second. A batch that
// the receiver has not sent yet may be most of the heap, but only briefly.
func liveHeap() uint64 {
	smallest := uint64(math.MaxUint64)
	for range 25 {
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		smallest = min(smallest, stats.HeapAlloc)
	}
	return smallest
}

// allocated returns the number of objects that were allocated so far.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

// descriptors returns the number of open file descriptors of this process.
func descriptors() (int, error) {
	entries, err := os.ReadDir("/proc/self/fd")
	return len(entries), err
}

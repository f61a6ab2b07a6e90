package host

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// maxThreads bounds how many threads of a process are read.
const maxThreads = 1 << 12

// TreeReader reads the processes of a tree. It reuses its memory.
type TreeReader struct {
	Processes Processes
	// Times, Memory and Children are the results of Read, until the next call.
	Times    ProcessTimes
	Memory   ProcessMemory
	Children []int

	buffer []byte
}

// Read reads the CPU usage, the memory and the running children of a process. A
// zombie has neither memory nor children. If the kernel was built without
// CONFIG_PROC_CHILDREN, the error is [ErrNoChildren]. If the process is not
// visible, it is [ErrNoProcess].
func (r *TreeReader) Read(pid int) error {
	r.Times, r.Memory, r.Children = ProcessTimes{}, ProcessMemory{}, r.Children[:0]
	process, err := openDirectory(r.Processes.path(pid, ""))
	if err != nil {
		return processError(pid, err)
	}
	defer process.close()
	if r.buffer, err = process.read("stat", r.buffer); err != nil {
		return processError(pid, err)
	}
	if r.Times, err = parseProcessTimes(r.buffer); err != nil {
		return fmt.Errorf("%s: %w", r.Processes.path(pid, "stat"), err)
	}
	if r.Times.State == 'Z' || r.Times.State == 'X' {
		return nil
	}
	if r.buffer, err = process.read("statm", r.buffer); err != nil {
		return processError(pid, err)
	}
	if r.Memory, err = parseProcessMemory(r.buffer); err != nil {
		return fmt.Errorf("%s: %w", r.Processes.path(pid, "statm"), err)
	}
	return r.readChildren(process, pid)
}

// Children returns the running child processes that the threads of a process have
// started. If the kernel was built without CONFIG_PROC_CHILDREN, the error is
// [ErrNoChildren].
func (p Processes) Children(pid int) ([]int, error) {
	process, err := openDirectory(p.path(pid, ""))
	if err != nil {
		return nil, processError(pid, err)
	}
	defer process.close()
	r := TreeReader{Processes: p}
	err = r.readChildren(process, pid)
	return r.Children, err
}

// readChildren reads task/<thread>/children, where each thread lists those that it
// has started:
//
//	4243 4250
//
// The directory is listed only if a process has several threads or their number is
// unknown.
func (r *TreeReader) readChildren(process directory, pid int) error {
	tasks, err := process.open("task")
	if err != nil {
		return processError(pid, err)
	}
	defer tasks.close()
	listed := false
	if r.Times.Threads == 1 {
		listed = r.readThread(tasks, strconv.Itoa(pid))
	} else {
		list, err := os.Open(filepath.Join(r.Processes.path(pid, "task")))
		if err != nil {
			return processError(pid, err)
		}
		threads, _ := list.Readdirnames(maxThreads)
		_ = list.Close()
		for _, thread := range threads {
			// A thread may have ended in the meantime, and its children then
			// belong to another thread.
			listed = r.readThread(tasks, thread) || listed
		}
	}
	if listed {
		return nil
	}
	// Either the process has just ended, or no process has this file.
	if _, err := os.Lstat(r.Processes.path(pid, "stat")); err != nil {
		return processError(pid, err)
	}
	return fmt.Errorf("pid %d: %w", pid, ErrNoChildren)
}

// readThread adds the children that a thread has started, and reports whether they
// are listed.
func (r *TreeReader) readThread(tasks directory, thread string) bool {
	var err error
	if r.buffer, err = tasks.read(thread+"/children", r.buffer); err != nil {
		return false
	}
	for field := range bytes.FieldsSeq(r.buffer) {
		if child, valid := parseNumber(field); valid && child > 0 && child <= maxPID {
			r.Children = append(r.Children, int(child))
		}
	}
	return true
}

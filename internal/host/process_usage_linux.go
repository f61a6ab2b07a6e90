package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// mostOpenFiles ends the counting of open files on kernels that do not
	// give the count (before 6.2).
	mostOpenFiles = 1 << 20
	// mostThreads and mostInterfaces are how many of each are looked at.
	mostThreads    = 1 << 12
	mostInterfaces = 64
)

// Times reads what a process has used of the CPU, and since when.
func (p Processes) Times(pid int) (ProcessTimes, error) {
	var times ProcessTimes
	err := p.read(pid, "stat", func(data []byte) error {
		var err error
		times, err = parseProcessTimes(data)
		return err
	})
	return times, err
}

// Status calls visit for each number in /proc/<pid>/status. Sizes are in KiB.
func (p Processes) Status(pid int, visit func(name []byte, value uint64)) error {
	return p.read(pid, "status", func(data []byte) error {
		forEachNumber(data, visit)
		return nil
	})
}

// IO calls visit for each number in /proc/<pid>/io.
func (p Processes) IO(pid int, visit func(name []byte, value uint64)) error {
	return p.read(pid, "io", func(data []byte) error {
		forEachNumber(data, visit)
		return nil
	})
}

// Interfaces reads the network interfaces of the network namespace that the
// process is in.
func (p Processes) Interfaces(pid int) ([]InterfaceCounters, error) {
	var interfaces []InterfaceCounters
	err := p.read(pid, "net/dev", func(data []byte) error {
		interfaces = parseInterfaces(data)
		return nil
	})
	return interfaces, err
}

// OpenFiles counts the file descriptors of a process.
func (p Processes) OpenFiles(pid int) (int, error) {
	path := p.path(pid, "fd")
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil {
		return 0, processError(pid, &fs.PathError{Op: "stat", Path: path, Err: err})
	}
	// Since Linux 6.2 the size of the directory is the number of its entries.
	if stat.Size > 0 {
		return int(stat.Size), nil
	}
	directory, err := os.Open(path)
	if err != nil {
		return 0, processError(pid, err)
	}
	defer directory.Close()
	count := 0
	for count < mostOpenFiles {
		names, err := directory.Readdirnames(1024)
		count += len(names)
		if err != nil || len(names) == 0 {
			break
		}
	}
	return count, nil
}

// Children lists the processes that the threads of a process have started and
// that still run. Kernels without CONFIG_PROC_CHILDREN list none.
func (p Processes) Children(pid int) ([]int, error) {
	path := p.path(pid, "task")
	directory, err := os.Open(path)
	if err != nil {
		return nil, processError(pid, err)
	}
	threads, _ := directory.Readdirnames(mostThreads)
	_ = directory.Close()
	var children []int
	for _, thread := range threads {
		// A thread may be gone by now, and its children with another.
		_ = readSmall(filepath.Join(path, thread, "children"), func(data []byte) error {
			for field := range bytes.FieldsSeq(data) {
				if child, err := strconv.Atoi(string(field)); err == nil && child > 0 {
					children = append(children, child)
				}
			}
			return nil
		})
	}
	return children, nil
}

func (p Processes) path(pid int, name string) string {
	return filepath.Join(p.Root, strconv.Itoa(pid), name)
}

func (p Processes) read(pid int, name string, parse func([]byte) error) error {
	path := p.path(pid, name)
	err := readSmall(path, parse)
	var onPath *fs.PathError
	if err != nil && !errors.As(err, &onPath) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return processError(pid, err)
}

// processError turns what reading the files of a vanished process fails with
// into [ErrNoProcess].
func processError(pid int, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("pid %d: %w", pid, ErrNoProcess)
	}
	return err
}

// parseProcessTimes parses /proc/<pid>/stat, see [parseProcessStat]. Counted
// from the state, which is field 3 in proc(5), there are the parent (1), four
// CPU times (11 to 14), the number of threads (17) and the start (19).
func parseProcessTimes(data []byte) (ProcessTimes, error) {
	state, start, err := parseProcessStat(data)
	if err != nil {
		return ProcessTimes{}, err
	}
	end := bytes.LastIndexByte(data, ')')
	fields := bytes.Fields(data[end+1:])
	parent, _ := parseNumber(fields[1])
	times := ProcessTimes{State: state, Parent: int(parent), Start: start}
	if begin := bytes.IndexByte(data[:end], '('); begin >= 0 {
		times.Name = string(data[begin+1 : end])
	}
	for i, value := range []*uint64{
		11: &times.User, 12: &times.System, 13: &times.ChildrenUser, 14: &times.ChildrenSystem, 17: &times.Threads,
	} {
		if value == nil {
			continue
		}
		var ok bool
		if *value, ok = parseNumber(fields[i]); !ok {
			return ProcessTimes{}, fmt.Errorf("field %d: %q is no number", i+3, fields[i])
		}
	}
	return times, nil
}

// parseInterfaces parses /proc/<pid>/net/dev:
//
//	Inter-|   Receive                                                |  Transmit
//	 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
//	    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0
//
// A line of another form is left out.
func parseInterfaces(data []byte) []InterfaceCounters {
	var interfaces []InterfaceCounters
	for line := range bytes.Lines(data) {
		end := bytes.LastIndexByte(line, ':')
		if end < 0 || len(interfaces) == mostInterfaces {
			continue
		}
		one := InterfaceCounters{Name: string(bytes.TrimSpace(line[:end]))}
		columns := []*uint64{
			&one.Received.Bytes, &one.Received.Packets, &one.Received.Errors, &one.Received.Dropped,
			&one.Received.FIFO, &one.ReceivedFrame, &one.Received.Compressed, &one.ReceivedMulticast,
			&one.Sent.Bytes, &one.Sent.Packets, &one.Sent.Errors, &one.Sent.Dropped,
			&one.Sent.FIFO, &one.SentCollisions, &one.SentCarrier, &one.Sent.Compressed,
		}
		fields := bytes.Fields(line[end+1:])
		complete := len(fields) == len(columns) && one.Name != ""
		for i := 0; complete && i < len(columns); i++ {
			*columns[i], complete = parseNumber(fields[i])
		}
		if complete {
			interfaces = append(interfaces, one)
		}
	}
	return interfaces
}

package host

import (
	"os"
)

// maxOpenFiles bounds the counting of open files on kernels that do not report the
// count (before 6.2).
const maxOpenFiles = 1 << 20

// ProcessTimes is the content of /proc/<pid>/stat. Times are in clock ticks, see
// [Ticks].
type ProcessTimes struct {
	// Name is the name of the executable, truncated to 15 bytes.
	Name string
	// State is one letter, 'Z' for a zombie.
	State byte
	// Parent is the PID of the parent process.
	Parent int
	// User and System are the CPU time of the process itself, ChildrenUser and
	// ChildrenSystem that of the children it has waited for.
	User, System, ChildrenUser, ChildrenSystem uint64
	// Threads is the number of threads.
	Threads uint64
	// Start is when the process started, in ticks since boot.
	Start uint64
}

// InterfaceCounters is one line of /proc/<pid>/net/dev.
type InterfaceCounters struct {
	Name              string
	Received          InterfaceTraffic
	ReceivedFrame     uint64
	ReceivedMulticast uint64
	Sent              InterfaceTraffic
	SentCollisions    uint64
	SentCarrier       uint64
}

// InterfaceTraffic holds the counters that an interface has for each direction.
type InterfaceTraffic struct {
	Bytes, Packets, Errors, Dropped, FIFO, Compressed uint64
}

// Times reads the CPU usage and the start time of a process.
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

// Interfaces reads the interfaces of the network namespace of a process.
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
	_, id, err := stat(path, true)
	if err != nil {
		return 0, processError(pid, err)
	}
	// Since Linux 6.2 the size of the directory is the number of its entries.
	if id.Size > 0 {
		return int(id.Size), nil
	}
	directory, err := os.Open(path)
	if err != nil {
		return 0, processError(pid, err)
	}
	defer directory.Close()
	count := 0
	for count < maxOpenFiles {
		names, err := directory.Readdirnames(1024)
		count += len(names)
		if err != nil || len(names) == 0 {
			break
		}
	}
	return count, nil
}

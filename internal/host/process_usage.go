package host

// ProcessTimes is what /proc/<pid>/stat says about a process. Times are in
// clock ticks, of which there are 100 in a second.
type ProcessTimes struct {
	// Name is the name of the executable, cut off after 15 bytes.
	Name string
	// State is one letter, 'Z' for a zombie.
	State byte
	// Parent is the pid of the parent process.
	Parent int
	// User and System are the process's own CPU time, ChildrenUser and
	// ChildrenSystem that of its children it has waited for.
	User, System, ChildrenUser, ChildrenSystem uint64
	// Threads is how many threads there are.
	Threads uint64
	// Start is when the process began, in ticks since boot.
	Start uint64
}

// InterfaceCounters are one line of /proc/<pid>/net/dev.
type InterfaceCounters struct {
	Name              string
	Received          InterfaceTraffic
	ReceivedFrame     uint64
	ReceivedMulticast uint64
	Sent              InterfaceTraffic
	SentCollisions    uint64
	SentCarrier       uint64
}

// InterfaceTraffic is what an interface counts in either direction.
type InterfaceTraffic struct {
	Bytes, Packets, Errors, Dropped, FIFO, Compressed uint64
}

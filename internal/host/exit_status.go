package host

// Exit is the end of a watched process.
type Exit struct {
	PID    int
	Status ExitStatus
}

// ExitStatus is how a process ended. It is not known if its parent has already waited
// for it and the kernel keeps no status for others (before Linux 6.15), or if this
// process must not trace it.
type ExitStatus struct {
	Known bool
	// Signal is the signal that killed the process, 0 if none did. Code is the exit code
	// if there was no signal.
	Signal, Code int
}

// waitStatus decodes the status in the format of wait(2): the signal in the lowest 7
// bits, the exit code above the lowest 8.
func waitStatus(status uint32) ExitStatus {
	return ExitStatus{Known: true, Signal: int(status & 0x7f), Code: int(status >> 8 & 0xff)}
}

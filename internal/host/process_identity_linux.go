package host

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// HasArgument tells whether the command line of a process has an argument that
// is exactly this.
func (p Processes) HasArgument(pid int, argument string) (bool, error) {
	found := false
	err := p.read(pid, "cmdline", func(data []byte) error {
		for part := range bytes.SplitSeq(data, []byte{0}) {
			found = found || string(part) == argument
		}
		return nil
	})
	return found, err
}

// Local tells whether process ids mean the same in this proc filesystem as in
// system calls of this process. They do not if it shows a parent's PID
// namespace.
func (p Processes) Local() bool {
	self, err := os.Readlink(filepath.Join(p.Root, "self"))
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// InitialPIDNamespace tells whether this process is in the PID namespace that
// the kernel started with, from which all processes can be seen.
func InitialPIDNamespace() bool {
	// The number is fixed in the kernel (PROC_PID_INIT_INO).
	namespace, err := os.Readlink("/proc/self/ns/pid")
	return err == nil && namespace == "pid:[4026531836]"
}

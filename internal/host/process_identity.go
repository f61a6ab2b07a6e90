package host

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// HasArgument reports whether one argument on the command line of a process
// equals argument.
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

// Local reports whether PIDs of this proc filesystem can be used in system
// calls of this process. They cannot if it shows a parent PID namespace.
func (p Processes) Local() bool {
	self, err := os.Readlink(filepath.Join(p.Root, "self"))
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// Hidden reports whether a process exists although this proc filesystem does not
// show it: the mount option hidepid=invisible hides the processes of other users,
// and hidepid=ptraceable, which systemd sets for ProtectProc, those that this
// process must not trace.
func (p Processes) Hidden(pid int) bool {
	if pid <= 0 || !p.Local() {
		return false
	}
	_, err := os.Lstat(p.path(pid, ""))
	return errors.Is(err, fs.ErrNotExist) && processExists(pid)
}

// InitialPIDNamespace reports whether this process is in the PID namespace of
// the host, in which all processes are visible.
func InitialPIDNamespace() bool {
	// The kernel fixes this inode number (PROC_PID_INIT_INO).
	namespace, err := os.Readlink("/proc/self/ns/pid")
	return err == nil && namespace == "pid:[4026531836]"
}

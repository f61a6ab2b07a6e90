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

// RunsInstalledFile reports whether the executable of a process is still the file
// at its path. It is not if the file was deleted or replaced after the process had
// started, as an upgrade does. The path is looked up below the root directory of
// the process, which may be in another mount namespace. Reading it requires the
// permission to trace the process.
func (p Processes) RunsInstalledFile(pid int) (bool, error) {
	link := p.path(pid, "exe")
	// If the file was deleted, " (deleted)" follows the path.
	path, err := os.Readlink(link)
	if err != nil {
		return false, processError(pid, err)
	}
	_, running, err := stat(link, true)
	if err != nil {
		return false, processError(pid, err)
	}
	kind, installed, err := stat(filepath.Join(p.path(pid, "root"), path), false)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return kind == 0 && running.Device == installed.Device && running.Inode == installed.Inode, nil
}

package host

import "errors"

// Errors of this package, to be compared with [errors.Is].
var (
	// ErrUnsupported is returned on operating systems other than Linux.
	ErrUnsupported = errors.New("the sandbox receiver is supported only on Linux")
	// ErrNotRegular is returned where a regular file is expected and the path
	// is a symbolic link, FIFO, socket, device or directory.
	ErrNotRegular = errors.New("not a regular file")
	// ErrTooLarge is returned if a file is larger than the limit.
	ErrTooLarge = errors.New("larger than the limit")
	// ErrLocked is returned if another process holds the lock.
	ErrLocked = errors.New("locked by another process")
	// ErrNoProcess is returned if no process has the PID, or if it is a zombie.
	ErrNoProcess = errors.New("no such process")
	// ErrTooMany is returned if the limit of watched processes is reached.
	ErrTooMany = errors.New("too many watched processes")
	// ErrWouldBlock is returned if nothing can be read or written yet.
	ErrWouldBlock = errors.New("operation would block")
	// ErrCgroupPath is returned for the path of the root of the cgroups, and for one
	// that leads out of them.
	ErrCgroupPath = errors.New("invalid cgroup path")
	// ErrHidden is returned if a process exists, but the proc filesystem hides it
	// (mount option hidepid).
	ErrHidden = errors.New("process is hidden (proc is mounted with hidepid)")
	// ErrNoChildren is returned if the kernel does not list the children of
	// processes (CONFIG_PROC_CHILDREN).
	ErrNoChildren = errors.New("the kernel does not list child processes")
	// errInvalidNumber is returned if a file does not hold a single number.
	errInvalidNumber = errors.New("invalid number")
)

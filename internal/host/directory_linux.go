package host

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// directory is a file descriptor of a directory of a cgroup filesystem. Opening
// files relative to it keeps the path lookup of the kernel short, and no part of
// a path that is opened this way can be a symbolic link.
type directory int

// openDirectory opens the directory in which a hierarchy is mounted. The path is
// configured, so it may contain symbolic links.
func openDirectory(path string) (directory, error) {
	fd, err := openRetry(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC)
	return directory(fd), err
}

// noOpenat2 is set when the system call has failed because the kernel is older than
// 5.6 or a seccomp filter does not know it.
var noOpenat2 atomic.Bool

// openExact opens a directory by a path that contains no symbolic link, with a single
// system call. It reports whether that is possible.
func openExact(path string) (d directory, possible bool, err error) {
	if noOpenat2.Load() {
		return 0, false, nil
	}
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS}
	for {
		fd, err := unix.Openat2(unix.AT_FDCWD, path, &how)
		switch {
		case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN):
			continue
		case errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM):
			noOpenat2.Store(true)
			return 0, false, nil
		}
		return directory(fd), true, err
	}
}

// open opens a directory in d.
func (d directory) open(name string) (directory, error) {
	fd, err := d.openAt(name, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC)
	return directory(fd), err
}

func (d directory) openAt(name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(int(d), name, flags, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// id returns the FileID of the directory. Device and Inode differ if a cgroup was
// removed and created again.
func (d directory) id() (FileID, error) {
	var status unix.Stat_t
	if err := unix.Fstat(int(d), &status); err != nil {
		return FileID{}, err
	}
	return fileID(&status), nil
}

// close closes the directory.
func (d directory) close() { _ = unix.Close(int(d)) }

// read reads a file in d of at most maxSmallFile bytes into buffer, which it
// enlarges if necessary. The kernel writes such a file with a single call, so the
// file ends where a read returns less than there is room for, after a newline:
// another read, which would return nothing, is not needed.
func (d directory) read(name string, buffer []byte) ([]byte, error) {
	fd, err := d.openAt(name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC)
	if err != nil {
		return buffer[:0], err
	}
	defer unix.Close(fd) //nolint:errcheck // closing a file that was only read
	data := buffer[:0]
	if cap(data) == 0 {
		data = make([]byte, 0, firstSmallFile)
	}
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := unix.Read(fd, data[len(data):cap(data)])
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return data, err
		case n == 0:
			return data, nil
		}
		data = data[:len(data)+n]
		if len(data) > maxSmallFile {
			return data, fmt.Errorf("%s: %w of %d bytes", name, ErrTooLarge, maxSmallFile)
		}
		if len(data) < cap(data) && data[len(data)-1] == '\n' {
			return data, nil
		}
	}
}

// missing reports whether an error means that the kernel does not provide a file:
// it does not exist, or cannot be read because pressure information is switched off
// or the cgroup has been removed.
func missing(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENODEV)
}

package host

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// OpenRegular opens a regular file for reading. It neither follows a symbolic
// link in the last element of the path nor blocks on a FIFO.
func OpenRegular(path string) (*os.File, FileID, error) {
	fd, err := openRetry(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC)
	if err != nil {
		// A symbolic link fails with ELOOP, a socket with ENXIO.
		if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) {
			err = ErrNotRegular
		}
		return nil, FileID{}, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		_ = unix.Close(fd)
		return nil, FileID{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if status.Mode&unix.S_IFMT != unix.S_IFREG {
		_ = unix.Close(fd)
		return nil, FileID{}, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	return os.NewFile(uintptr(fd), path), fileID(&status), nil
}

// TryLock takes the advisory lock (flock) of a file, shared with other readers,
// without blocking. It returns [ErrLocked] if a writer holds the lock. Closing
// the result releases the lock.
func TryLock(path string) (io.Closer, error) {
	file, _, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrLocked
	}
	return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
}

// OpenFileLimit returns how many file descriptors this process may open.
func OpenFileLimit() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	return int(min(limit.Cur, math.MaxInt32)), nil
}

// stat returns the kind of a file, 0 if it is regular, and its FileID.
func stat(path string, followLink bool) (fs.FileMode, FileID, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if followLink {
		flags = 0
	}
	var status unix.Stat_t
	if err := unix.Fstatat(unix.AT_FDCWD, path, &status, flags); err != nil {
		return 0, FileID{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	kind := fs.ModeIrregular
	switch status.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		kind = 0
	case unix.S_IFDIR:
		kind = fs.ModeDir
	case unix.S_IFSOCK:
		kind = fs.ModeSocket
	case unix.S_IFLNK:
		kind = fs.ModeSymlink
	}
	return kind, fileID(&status), nil
}

// AllocatedSize returns how many bytes of its file system a regular file uses, which
// is less than its size if it is sparse. It does not follow a symbolic link.
func AllocatedSize(path string) (uint64, error) {
	var status unix.Stat_t
	if err := unix.Fstatat(unix.AT_FDCWD, path, &status, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return 0, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if status.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0, &fs.PathError{Op: "stat", Path: path, Err: ErrNotRegular}
	}
	return uint64(max(status.Blocks, 0)) * blockSize, nil
}

// allocatedBehind is [AllocatedSize] of the file that a link in proc leads to. It sends
// no request to the server of a network file system, which might not respond.
func allocatedBehind(link string) (uint64, error) {
	var status unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, link, unix.AT_STATX_DONT_SYNC, unix.STATX_BLOCKS, &status); err != nil {
		return 0, &fs.PathError{Op: "statx", Path: link, Err: err}
	}
	return status.Blocks * blockSize, nil
}

// blockSize is the unit of st_blocks (stat(2)).
const blockSize = 512

func openRetry(path string, flags int) (int, error) {
	for {
		fd, err := unix.Open(path, flags, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

func fileID(status *unix.Stat_t) FileID {
	return FileID{
		Device:     uint64(status.Dev), //nolint:unconvert // 32 bits on some architectures
		Inode:      status.Ino,
		Size:       status.Size,
		ModTime:    status.Mtim.Nano(),
		ChangeTime: status.Ctim.Nano(),
	}
}

package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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
			return nil, FileID{}, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
		}
		return nil, FileID{}, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		_ = unix.Close(fd)
		return nil, FileID{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		_ = unix.Close(fd)
		return nil, FileID{}, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	return os.NewFile(uintptr(fd), path), fileID(&stat), nil
}

// ReadRegular reads a whole regular file of at most limit bytes, with the
// guards of [OpenRegular]. The bytes are appended to buffer[:0].
func ReadRegular(path string, limit int64, buffer []byte) ([]byte, FileID, error) {
	file, id, err := OpenRegular(path)
	if err != nil {
		return nil, FileID{}, err
	}
	defer file.Close()
	if id.Size > limit {
		return nil, id, fmt.Errorf("%s: %w of %d bytes", path, ErrTooLarge, limit)
	}
	// The file may grow while it is read, and files in /proc and /sys say that
	// they are empty, so the size is only a hint.
	data := buffer[:0]
	if need := int(id.Size) + 512; cap(data) < need {
		data = make([]byte, 0, need)
	}
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := file.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if int64(len(data)) > limit {
			return nil, id, fmt.Errorf("%s: %w of %d bytes", path, ErrTooLarge, limit)
		}
		if errors.Is(err, io.EOF) {
			return data, id, nil
		}
		if err != nil {
			return nil, id, err
		}
	}
}

// Stat tells versions of a regular file apart without opening it. It does not
// follow a symbolic link.
func Stat(path string) (FileID, error) {
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		return FileID{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return FileID{}, &fs.PathError{Op: "stat", Path: path, Err: ErrNotRegular}
	}
	return fileID(&stat), nil
}

// TryLock takes the advisory lock (flock) of a file, shared with other
// readers, without waiting. It returns [ErrLocked] if a writer holds it.
// Closing the result gives the lock back.
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

func openRetry(path string, flags int) (int, error) {
	for {
		fd, err := unix.Open(path, flags, 0)
		if !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

func fileID(stat *unix.Stat_t) FileID {
	return FileID{
		Device:     uint64(stat.Dev), //nolint:unconvert // 32 bits on some architectures
		Inode:      stat.Ino,
		Size:       stat.Size,
		ModTime:    stat.Mtim.Nano(),
		ChangeTime: stat.Ctim.Nano(),
	}
}

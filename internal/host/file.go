package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"
)

// FileID identifies a version of a file without reading it: as long as the
// FileID stays the same, the file has not been written to.
type FileID struct {
	Device, Inode uint64
	Size          int64
	// ModTime and ChangeTime are nanoseconds since the epoch.
	ModTime, ChangeTime int64
}

// ReadRegular reads a whole regular file of at most limit bytes. Like
// [OpenRegular], it neither follows a symbolic link nor blocks on a FIFO. The
// bytes are appended to buffer[:0].
func ReadRegular(path string, limit int64, buffer []byte) ([]byte, FileID, error) {
	file, id, err := OpenRegular(path)
	if err != nil {
		return nil, FileID{}, err
	}
	defer file.Close()
	if id.Size > limit {
		return nil, id, fmt.Errorf("%s: %w of %d bytes", path, ErrTooLarge, limit)
	}
	// The size is only a hint: the file may grow while it is read, and files in
	// /proc report a size of 0.
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

// Stat returns the FileID of a regular file without opening it. It does not
// follow a symbolic link.
func Stat(path string) (FileID, error) {
	kind, id, err := stat(path, false)
	if err == nil && kind != 0 {
		err = &fs.PathError{Op: "stat", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		return FileID{}, err
	}
	return id, nil
}

// Look returns the kind of a file of any type, as the type bits of its mode,
// and its FileID. It does not follow a symbolic link. FIFOs and devices are
// [fs.ModeIrregular].
func Look(path string) (fs.FileMode, FileID, error) { return stat(path, false) }

// Directory returns the FileID of a directory and follows symbolic links. Two
// paths lead to the same directory if Device and Inode are equal.
func Directory(path string) (FileID, error) {
	kind, id, err := stat(path, true)
	if err == nil && kind != fs.ModeDir {
		err = &fs.PathError{Op: "stat", Path: path, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return FileID{}, err
	}
	return id, nil
}

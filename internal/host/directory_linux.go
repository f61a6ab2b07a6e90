package host

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// Directory tells which directory a path leads to, by whatever links. Two
// paths lead to the same one if device and inode are equal.
func Directory(path string) (FileID, error) {
	var stat unix.Stat_t
	err := unix.Stat(path, &stat)
	if err == nil && stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		err = unix.ENOTDIR
	}
	if err != nil {
		return FileID{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return fileID(&stat), nil
}

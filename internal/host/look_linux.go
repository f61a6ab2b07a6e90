package host

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// Look tells what kind of file a path is, as the type bits of the mode, and
// which version of it. It does not follow a symbolic link.
func Look(path string) (fs.FileMode, FileID, error) {
	var stat unix.Stat_t
	if err := unix.Lstat(path, &stat); err != nil {
		return 0, FileID{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	kind := fs.ModeIrregular
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		kind = 0
	case unix.S_IFDIR:
		kind = fs.ModeDir
	case unix.S_IFSOCK:
		kind = fs.ModeSocket
	case unix.S_IFLNK:
		kind = fs.ModeSymlink
	}
	return kind, fileID(&stat), nil
}

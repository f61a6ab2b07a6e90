package doctor

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// Files are the files of a host. All paths are absolute.
type Files interface {
	// Read returns the content of a file, at most limit bytes of it.
	Read(path string, limit int64) (string, error)
	// Names returns the names of at most limit entries of a directory, sorted.
	Names(path string, limit int) ([]string, error)
	// Link returns the target of a symbolic link.
	Link(path string) (string, error)
	// Stat follows symbolic links.
	Stat(path string) (fs.FileInfo, error)
	// Directory identifies a directory, like the device and inode that inotify reports.
	Directory(path string) (host.FileID, error)
	// Match returns the paths that match a pattern.
	Match(pattern string) ([]string, error)
}

// Below are the files below a directory: "" is the root of this host. Tests use the root
// of a fixture tree.
type Below string

var _ Files = Below("")

// Read returns the content of a regular file, at most limit bytes of it.
func (b Below) Read(path string, limit int64) (string, error) {
	info, err := b.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() { // opening a FIFO would block
		return "", fmt.Errorf("read %s: not a regular file", path)
	}
	file, err := os.Open(string(b) + path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, limit))
	return string(data), err
}

// Names returns the names of at most limit entries of a directory, sorted.
func (b Below) Names(path string, limit int) ([]string, error) {
	info, err := b.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("list %s: not a directory", path)
	}
	directory, err := os.Open(string(b) + path)
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	names, err := directory.Readdirnames(limit)
	if err != nil && err != io.EOF { //nolint:errorlint // Readdirnames returns io.EOF itself
		return nil, err
	}
	slices.Sort(names)
	return names, nil
}

// Link returns the target of a symbolic link.
func (b Below) Link(path string) (string, error) { return os.Readlink(string(b) + path) }

// Stat follows symbolic links.
func (b Below) Stat(path string) (fs.FileInfo, error) { return os.Stat(string(b) + path) }

// Directory identifies a directory.
func (b Below) Directory(path string) (host.FileID, error) { return host.Directory(string(b) + path) }

// Match returns the paths that match a pattern.
func (b Below) Match(pattern string) ([]string, error) {
	paths, err := filepath.Glob(string(b) + pattern)
	for i := range paths {
		paths[i] = paths[i][len(b):]
	}
	return paths, err
}

// Limits of what is read.
const (
	// maxFile limits a file of /proc or of a cgroup.
	maxFile = 256 << 10
	// maxMounts limits /proc/self/mountinfo.
	maxMounts = 4 << 20
	// maxCommandLine limits the command line of a process.
	maxCommandLine = 4 << 10
	// maxProcesses limits the processes that are examined.
	maxProcesses = 32768
	// maxDescriptors limits the open files of one process that are examined, and
	// maxAllDescriptors those of all processes.
	maxDescriptors, maxAllDescriptors = 4096, 262144
	// maxEntries limits the entries of a runtime root or storage path that are examined.
	maxEntries = 1024
)

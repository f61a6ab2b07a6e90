package host

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// maxCgroupDepth is the number of directories between the root and a cgroup,
	// and maxCgroupPath the length of their names. Kubernetes uses up to 6.
	maxCgroupDepth = 32
	maxCgroupPath  = 4096
)

// CgroupReader reads one cgroup. It keeps no files open.
type CgroupReader struct {
	layout *CgroupLayout
	// directory is relative to the root of each hierarchy.
	directory string
	// paths are the whole paths of the directory in the hierarchies.
	paths []string
	// first is the index of the hierarchy that identifies the cgroup.
	first int
}

// Reader finds a cgroup by the path that the runtime configured; see
// [cgroupDirectories] for its forms. The error is [ErrCgroupPath] for a path of the
// root or one that contains "..", and [fs.ErrNotExist] if there is no such cgroup.
func (l *CgroupLayout) Reader(path string) (*CgroupReader, error) {
	if len(path) > maxCgroupPath || strings.Count(path, "/") > maxCgroupDepth || slices.Contains(strings.Split(path, "/"), "..") {
		return nil, fmt.Errorf("%w %.200q", ErrCgroupPath, path)
	}
	directories := cgroupDirectories(path)
	if len(directories) == 0 {
		return nil, fmt.Errorf("%w %.200q", ErrCgroupPath, path)
	}
	for _, directory := range directories {
		// The dashes of a slice are levels, too.
		if len(directory) > maxCgroupPath || strings.Count(directory, "/") >= maxCgroupDepth {
			continue
		}
		for i := range l.hierarchies {
			group, err := l.hierarchies[i].find(directory, nil)
			if err == nil {
				group.close()
				return newCgroupReader(l, directory, i), nil
			}
		}
	}
	return nil, fmt.Errorf("cgroup %q: %w", path, fs.ErrNotExist)
}

func newCgroupReader(layout *CgroupLayout, directory string, first int) *CgroupReader {
	paths := make([]string, len(layout.hierarchies))
	for i := range layout.hierarchies {
		paths[i] = filepath.Join(layout.hierarchies[i].path, directory)
	}
	return &CgroupReader{layout: layout, directory: directory, paths: paths, first: first}
}

// Directory returns the directory of the cgroup, relative to the root. It is the
// same for all notations of a path.
func (r *CgroupReader) Directory() string { return r.directory }

// Read reads the wanted figures. If some are missing because a file is malformed or
// unreadable, it returns the first such error in addition to the other figures.
// If the cgroup no longer exists, the error is [fs.ErrNotExist].
func (r *CgroupReader) Read(wanted Figures, usage *CgroupUsage) error {
	*usage = CgroupUsage{}
	scratch := smallFileBuffers.Get().(*[]byte)
	defer smallFileBuffers.Put(scratch)
	reading := cgroupReading{wanted: wanted, usage: usage, buffer: *scratch}
	for i := range r.layout.hierarchies {
		hierarchy := &r.layout.hierarchies[i]
		if i != r.first && !reading.wants(hierarchy.files) && !reading.wants(hierarchy.limits) {
			continue
		}
		if err := reading.hierarchy(r, i); err != nil {
			reading.fail(err)
		}
	}
	*scratch = reading.buffer
	usage.Known &= wanted
	if usage.Inode == 0 {
		return fmt.Errorf("cgroup %q: %w", r.directory, fs.ErrNotExist)
	}
	if reading.err != nil {
		return fmt.Errorf("cgroup %q: %w", r.directory, reading.err)
	}
	return nil
}

// find opens the directory of a cgroup, one level after the other. If reading is not
// nil, it reads the limits of every parent, including the root of the hierarchy,
// which may itself be the cgroup of a container.
func (h *cgroupHierarchy) find(path string, reading *cgroupReading) (directory, error) {
	current, err := openDirectory(h.path)
	for err == nil && path != "" {
		if reading != nil {
			reading.files(current, h.limits)
		}
		var name string
		name, path, _ = strings.Cut(path, string(filepath.Separator))
		parent := current
		current, err = parent.open(name)
		parent.close()
	}
	return current, err
}

// cgroupReading is a single reading of a cgroup.
type cgroupReading struct {
	wanted Figures
	usage  *CgroupUsage
	buffer []byte
	// err is the first error that is not a missing file.
	err error
}

func (r *cgroupReading) wants(files []cgroupFile) bool {
	for i := range files {
		if files[i].figures&r.wanted != 0 {
			return true
		}
	}
	return false
}

func (r *cgroupReading) fail(err error) {
	if r.err == nil && !missing(err) {
		r.err = err
	}
}

// hierarchy reads the files of a cgroup in one hierarchy.
func (r *cgroupReading) hierarchy(reader *CgroupReader, i int) error {
	hierarchy := &reader.layout.hierarchies[i]
	group, err := r.open(hierarchy, reader.directory, reader.paths[i])
	if err != nil {
		return err
	}
	defer group.close()
	if i == reader.first {
		id, err := group.id()
		if err != nil {
			return err
		}
		r.usage.Device, r.usage.Inode = id.Device, id.Inode
	}
	r.files(group, hierarchy.limits)
	r.files(group, hierarchy.files)
	return nil
}

// open opens the directory of a cgroup, and reads the limits of its parents if they
// are wanted.
func (r *cgroupReading) open(h *cgroupHierarchy, relative, path string) (directory, error) {
	if r.wants(h.limits) {
		return h.find(relative, r)
	}
	if group, possible, err := openExact(path); possible {
		return group, err
	}
	return h.find(relative, nil)
}

// files reads the wanted files in a directory.
func (r *cgroupReading) files(d directory, files []cgroupFile) {
	for i := range files {
		file := &files[i]
		if file.figures&r.wanted == 0 {
			continue
		}
		var err error
		r.buffer, err = d.read(file.name, r.buffer)
		if err == nil && !file.parse(r.usage, r.buffer) {
			err = fmt.Errorf("%s: %w", file.name, errInvalidNumber)
		}
		if err != nil {
			r.fail(err)
		}
	}
}

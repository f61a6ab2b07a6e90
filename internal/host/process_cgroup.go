package host

import (
	"bytes"
	"path/filepath"
	"strings"
)

// InCgroup reports whether a process is in a cgroup or in one below it, in any
// hierarchy. The directory is relative to the root, see [CgroupReader.Directory].
func (p Processes) InCgroup(pid int, directory string) (bool, error) {
	found := false
	err := p.read(pid, "cgroup", func(data []byte) error {
		found = listsCgroup(data, directory)
		return nil
	})
	return found, err
}

// Lists reports whether the cgroup itself, and not one below it, lists a process. The
// file has one process ID in each line, as seen from here:
//
//	11978
//	11982
func (r *CgroupReader) Lists(pid int) (found bool, err error) {
	for _, path := range r.paths {
		err = readSmall(filepath.Join(path, "cgroup.procs"), func(data []byte) error {
			for line := range bytes.Lines(data) {
				number, ok := parseNumber(bytes.TrimSuffix(line, []byte("\n")))
				found = found || ok && number == uint64(pid) //nolint:gosec // not negative
			}
			return nil
		})
		if found {
			return true, nil
		}
	}
	return false, err
}

// listsCgroup parses /proc/<pid>/cgroup. Version 2 has a single line, with empty
// controllers:
//
//	4:memory:/kubepods/burstable/pod1/8f2c
//	0::/kubepods/burstable/pod1/8f2c
//
// To a reader in a cgroup namespace, the kernel shows a path relative to the cgroup
// of the namespace. Of the directory, only the part below the common parent is then
// known:
//
//	0::/../../pod1/8f2c
func listsCgroup(data []byte, directory string) bool {
	for line := range bytes.Lines(data) {
		_, rest, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(":"))
		_, path, found := bytes.Cut(rest, []byte(":"))
		if !found || len(path) < 2 {
			continue
		}
		name := string(path[1:])
		if !strings.HasPrefix(name, "../") {
			if below(name, directory) {
				return true
			}
			continue
		}
		for strings.HasPrefix(name, "../") {
			name = name[len("../"):]
		}
		// The last directory of a cgroup of a sandbox contains an ID.
		last := filepath.Base(directory)
		for part := range strings.SplitSeq(name, "/") {
			if part == last {
				return true
			}
		}
	}
	return false
}

// below reports whether a path is that of a directory or below it.
func below(path, directory string) bool {
	rest, found := strings.CutPrefix(path, directory)
	return found && (rest == "" || rest[0] == '/')
}

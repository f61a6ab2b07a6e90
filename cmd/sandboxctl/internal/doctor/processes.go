package doctor

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// process is a process that is visible from here.
type process struct {
	pid int
	// args are the first arguments of the command line.
	args []string
	// hidden means that its open files cannot be examined.
	hidden bool
	// own means that the process has the user of the command.
	own bool
	// instances and watches are those of inotify.
	instances, watches int
	// watched are the directories of runtimes that it watches.
	watched []string
}

// name is the name of the executable.
func (p *process) name() string {
	if len(p.args) == 0 {
		return ""
	}
	return path.Base(p.args[0])
}

// has reports whether an argument is on the command line.
func (p *process) has(argument string) bool {
	return len(p.args) > 0 && slices.Contains(p.args[1:], argument)
}

// flag returns the value of a flag, empty if it is not on the command line.
func (p *process) flag(name string) string {
	for i, a := range p.args {
		key, value, hasValue := strings.Cut(a, "=")
		if key != "-"+name && key != "--"+name {
			continue
		}
		if hasValue {
			return value
		}
		if i+1 < len(p.args) {
			return p.args[i+1]
		}
	}
	return ""
}

// scanner scans processes within limits.
type scanner struct {
	files       Files
	uid         int
	directories map[watch]string
	descriptors int
}

// watch identifies a directory that is watched.
type watch struct{ device, inode uint64 }

// scanProcesses examines the processes that are visible, except the command.
func scanProcesses(h *Host) []process {
	s := &scanner{files: h.Files, uid: -1, directories: map[watch]string{}}
	if self, err := readSelf(h.Files); err == nil {
		s.uid = self.uid
	}
	for _, directory := range directories(h) {
		if id, err := h.Files.Directory(directory); err == nil {
			s.directories[watch{kernelDevice(id.Device), id.Inode}] = directory
		}
	}
	names, _ := h.Files.Names("/proc", maxProcesses)
	var all []process
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil || pid == h.PID {
			continue
		}
		p := process{pid: pid}
		if s.examine(path.Join("/proc", name), &p) {
			all = append(all, p)
		}
	}
	return all
}

// directories returns the runtime roots and storage paths.
func directories(h *Host) []string {
	all := append([]string(nil), h.StoragePaths...)
	for _, pattern := range h.Roots {
		paths, _ := h.Files.Match(pattern)
		all = append(all, paths...)
	}
	return all
}

// kernelDevice converts a device number of stat(2) to the form that the kernel uses
// internally, which fdinfo shows.
func kernelDevice(device uint64) uint64 {
	major := device>>8&0xfff | device>>32&^0xfff
	minor := device&0xff | device>>12&^0xff
	return major<<20 | minor
}

// examine reads a process. It reports false for kernel threads, and for processes that
// have ended.
func (s *scanner) examine(directory string, p *process) bool {
	line, err := s.files.Read(directory+"/cmdline", maxCommandLine)
	if err != nil || line == "" {
		return false
	}
	p.args = strings.Split(strings.TrimSuffix(line, "\x00"), "\x00")
	if info, err := s.files.Stat(directory); err == nil {
		owner, isUnix := info.Sys().(*syscall.Stat_t)
		p.own = isUnix && int(owner.Uid) == s.uid
	}
	limit := min(maxDescriptors, maxAllDescriptors-s.descriptors)
	if limit <= 0 {
		p.hidden = true
		return true
	}
	names, err := s.files.Names(directory+"/fd", limit)
	p.hidden = err != nil
	s.descriptors += len(names)
	for _, name := range names {
		if target, err := s.files.Link(directory + "/fd/" + name); err == nil && strings.Contains(target, "inotify") {
			s.readWatches(directory+"/fdinfo/"+name, p)
		}
	}
	return true
}

// readWatches reads the watches of an inotify instance, which look like
//
//	inotify wd:1 ino:98806e sdev:fe00000 mask:fc6 ignored_mask:0 …
func (s *scanner) readWatches(path string, p *process) {
	p.instances++
	text, err := s.files.Read(path, maxMounts)
	if err != nil {
		return
	}
	for line := range strings.Lines(text) {
		var number int
		var id watch
		if _, err := fmt.Sscanf(line, "inotify wd:%x ino:%x sdev:%x", &number, &id.inode, &id.device); err != nil {
			continue
		}
		p.watches++
		if directory, found := s.directories[id]; found {
			p.watched = append(p.watched, directory)
		}
	}
}

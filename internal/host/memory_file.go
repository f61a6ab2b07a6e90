package host

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxMemoryFileDescriptors is the number of file descriptors among which a memory file
// is searched. A process opens its memory file early.
const maxMemoryFileDescriptors = 256

// MemoryFileSize returns how many bytes a file that a process has created with
// memfd_create(2) under this name uses. The memory counts whether or not any process
// has mapped it.
func (p Processes) MemoryFileSize(pid int, name string) (uint64, error) {
	path := p.path(pid, "fd")
	directory, err := os.Open(path)
	if err != nil {
		return 0, processError(pid, err)
	}
	// The lowest descriptors come first.
	descriptors, _ := directory.Readdirnames(maxMemoryFileDescriptors)
	_ = directory.Close()
	want := "/memfd:" + name + " (deleted)"
	for _, descriptor := range descriptors {
		link := filepath.Join(path, descriptor)
		if target, err := os.Readlink(link); err == nil && target == want {
			return allocatedBehind(link)
		}
	}
	return 0, fmt.Errorf("pid %d: memory file %q: %w", pid, name, fs.ErrNotExist)
}

package host

import (
	"os"
	"strconv"
	"strings"
)

// maxSearched is the number of entries of a proc filesystem that a search examines.
const maxSearched = 1 << 17

// Named returns the processes whose names have a prefix, as far as they are visible, in
// no particular order. The kernel truncates names to 15 bytes.
func (p Processes) Named(prefix string) (pids []int, err error) {
	directory, err := os.Open(p.Root)
	if err != nil {
		return nil, err
	}
	defer func() { _ = directory.Close() }()
	// An error means that the rest is unknown, which is not different from a process
	// that starts now.
	entries, _ := directory.Readdirnames(maxSearched)
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry)
		if err != nil || pid <= 0 {
			continue
		}
		if times, err := p.Times(pid); err == nil && strings.HasPrefix(times.Name, prefix) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// Arguments returns the command line of a process.
func (p Processes) Arguments(pid int) (arguments []string, err error) {
	err = p.read(pid, "cmdline", func(data []byte) error {
		if len(data) > 0 {
			arguments = strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
		}
		return nil
	})
	return arguments, err
}

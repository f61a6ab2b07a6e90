package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// procFileLimit is far above any file that this package reads in /proc.
const procFileLimit = 64 << 10

// Processes reads processes from a proc filesystem.
type Processes struct {
	// Root is where proc is mounted: /proc, or /hostfs/proc in a container.
	Root string
}

// ProcessStart is when the process began, in clock ticks since boot. Together
// with the pid it tells a process from a later one with the same pid. A zombie
// counts as gone: [ErrNoProcess].
func (p Processes) ProcessStart(pid int) (uint64, error) {
	path := filepath.Join(p.Root, strconv.Itoa(pid), "stat")
	data, _, err := ReadRegular(path, procFileLimit, nil)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return 0, fmt.Errorf("pid %d: %w", pid, ErrNoProcess)
	}
	if err != nil {
		return 0, err
	}
	state, start, err := parseProcessStat(data)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	if state == 'Z' || state == 'X' {
		return 0, fmt.Errorf("pid %d: %w", pid, ErrNoProcess)
	}
	return start, nil
}

// StartTime converts clock ticks since boot to a time of day.
func (p Processes) StartTime(ticks uint64) (time.Time, error) {
	path := filepath.Join(p.Root, "stat")
	data, _, err := ReadRegular(path, 16<<20, nil)
	if err != nil {
		return time.Time{}, err
	}
	// … btime 1795167090 …
	_, rest, found := bytes.Cut(data, []byte("\nbtime "))
	if !found {
		return time.Time{}, fmt.Errorf("%s: no line btime", path)
	}
	text, _, _ := bytes.Cut(rest, []byte("\n"))
	boot, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: btime: %w", path, err)
	}
	return time.Unix(boot, 0).Add(Ticks(ticks)), nil
}

// parseProcessStat takes the state and the start time out of /proc/<pid>/stat
// (proc(5)), for example
//
//	4242 (runsc-sandbox) S 1 4242 4242 0 -1 4194560 … 12345678 …
//
// The name may itself hold spaces and parentheses, so fields are counted from
// the last parenthesis: the state is the third field, the start the 22nd.
func parseProcessStat(data []byte) (state byte, start uint64, err error) {
	end := bytes.LastIndexByte(data, ')')
	if end < 0 {
		return 0, 0, errors.New("no process name in parentheses")
	}
	fields := bytes.Fields(data[end+1:])
	if len(fields) < 20 || len(fields[0]) != 1 {
		return 0, 0, fmt.Errorf("%d fields after the name, 20 expected", len(fields))
	}
	start, err = strconv.ParseUint(string(fields[19]), 10, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("start time: %w", err)
	}
	return fields[0][0], start, nil
}

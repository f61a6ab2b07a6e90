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

const (
	// maxProcessStat is far above the size of any /proc/<pid>/stat.
	maxProcessStat = 64 << 10
	// maxSystemStat bounds /proc/stat, which grows with CPUs and interrupts.
	maxSystemStat = 16 << 20
	// maxPID is the largest PID of the kernel (PID_MAX_LIMIT).
	maxPID = 1 << 22
)

// Processes reads processes from a proc filesystem.
type Processes struct {
	// Root is where proc is mounted: /proc, or /hostfs/proc in a container.
	Root string
}

// ProcessStart returns when a process started, in clock ticks since boot.
// Together with the PID, it distinguishes the process from a later one with the
// same PID. For a zombie it returns [ErrNoProcess].
func (p Processes) ProcessStart(pid int) (uint64, error) {
	path := p.path(pid, "stat")
	data, _, err := ReadRegular(path, maxProcessStat, nil)
	if err != nil {
		return 0, processError(pid, err)
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

// StartTime converts clock ticks since boot to wall-clock time.
func (p Processes) StartTime(ticks uint64) (time.Time, error) {
	path := filepath.Join(p.Root, "stat")
	data, _, err := ReadRegular(path, maxSystemStat, nil)
	if err != nil {
		return time.Time{}, err
	}
	// … btime 1795167090 …
	_, rest, found := bytes.Cut(data, []byte("\nbtime "))
	if !found {
		return time.Time{}, fmt.Errorf("%s: no btime line", path)
	}
	text, _, _ := bytes.Cut(rest, []byte("\n"))
	boot, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: btime: %w", path, err)
	}
	return time.Unix(boot, 0).Add(Ticks(ticks)), nil
}

func (p Processes) path(pid int, name string) string {
	return filepath.Join(p.Root, strconv.Itoa(pid), name)
}

// read passes a file of a process to parse, and adds the path to its error.
func (p Processes) read(pid int, name string, parse func([]byte) error) error {
	path := p.path(pid, name)
	err := readSmall(path, parse)
	var pathError *fs.PathError
	if err != nil && !errors.As(err, &pathError) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return processError(pid, err)
}

// processError converts the errors of reading files of a vanished process to
// [ErrNoProcess].
func processError(pid int, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("pid %d: %w", pid, ErrNoProcess)
	}
	return err
}

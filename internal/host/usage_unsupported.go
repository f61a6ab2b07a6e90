//go:build !linux

package host

import "io/fs"

// Look is not supported here.
func Look(string) (fs.FileMode, FileID, error) { return 0, FileID{}, ErrUnsupported }

// Times is not supported here.
func (Processes) Times(int) (ProcessTimes, error) { return ProcessTimes{}, ErrUnsupported }

// Status is not supported here.
func (Processes) Status(int, func([]byte, uint64)) error { return ErrUnsupported }

// IO is not supported here.
func (Processes) IO(int, func([]byte, uint64)) error { return ErrUnsupported }

// Interfaces is not supported here.
func (Processes) Interfaces(int) ([]InterfaceCounters, error) { return nil, ErrUnsupported }

// OpenFiles is not supported here.
func (Processes) OpenFiles(int) (int, error) { return 0, ErrUnsupported }

// Children is not supported here.
func (Processes) Children(int) ([]int, error) { return nil, ErrUnsupported }

// Cgroups reads control groups of either version.
type Cgroups struct {
	// Root is where they are mounted.
	Root string
}

// Cgroup is one control group.
type Cgroup struct{}

// Find is not supported here.
func (Cgroups) Find(string) (Cgroup, error) { return Cgroup{}, ErrUnsupported }

// CPU is not supported here.
func (Cgroup) CPU() (CgroupCPU, error) { return CgroupCPU{}, ErrUnsupported }

// Memory is not supported here.
func (Cgroup) Memory() (CgroupMemory, error) { return CgroupMemory{}, ErrUnsupported }

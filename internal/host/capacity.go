package host

import (
	"bytes"
	"errors"
	"path/filepath"
)

// Capacity is the number of CPUs and the memory of a host.
type Capacity struct {
	// CPUs is the number of CPUs that are online, not of those that this process may use.
	CPUs int
	// Memory is in bytes.
	Memory uint64
}

var errNoCapacity = errors.New("neither /proc/stat nor /proc/meminfo shows the CPUs and the memory of the host")

// Capacity reads the capacity of the host. /proc/stat has one line for each CPU:
//
//	cpu  41922 0 20712 …
//	cpu0 20912 0 10104 …
//	cpu1 21010 0 10608 …
//
// and /proc/meminfo starts with
//
//	MemTotal:       24689200 kB
func (p Processes) Capacity() (Capacity, error) {
	var c Capacity
	err := readSmall(filepath.Join(p.Root, "stat"), func(data []byte) error {
		for line := range bytes.Lines(data) {
			if len(line) > 3 && bytes.HasPrefix(line, []byte("cpu")) && line[3] >= '0' && line[3] <= '9' {
				c.CPUs++
			}
		}
		return nil
	})
	if err != nil {
		return Capacity{}, err
	}
	err = readSmall(filepath.Join(p.Root, "meminfo"), func(data []byte) error {
		forEachNumber(data, func(name []byte, value uint64) {
			if string(name) == "MemTotal" {
				c.Memory = value << 10
			}
		})
		return nil
	})
	if err == nil && (c.CPUs == 0 || c.Memory == 0) {
		err = errNoCapacity
	}
	return c, err
}

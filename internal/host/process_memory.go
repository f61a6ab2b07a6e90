package host

import (
	"bytes"
	"fmt"
	"math"
	"os"
)

// ProcessMemory is the memory of a process in bytes.
type ProcessMemory struct {
	// Size is the size of its address space. Processes that share one have the same
	// size.
	Size uint64
	// Resident is the part that is in physical memory.
	Resident uint64
}

// Memory reads /proc/<pid>/statm. The first two numbers are the pages of the address
// space, and those in physical memory:
//
//	5210 1830 1402 4 0 386 0
func (p Processes) Memory(pid int) (ProcessMemory, error) {
	var memory ProcessMemory
	err := p.read(pid, "statm", func(data []byte) error {
		_, rest, _ := bytes.Cut(data, []byte(" "))
		size, sizeValid := parseNumber(data)
		resident, residentValid := parseNumber(rest)
		page := uint64(os.Getpagesize()) //nolint:gosec // not negative
		if !sizeValid || !residentValid || max(size, resident) > math.MaxUint64/page {
			return fmt.Errorf("memory: %w", errInvalidNumber)
		}
		memory = ProcessMemory{Size: size * page, Resident: resident * page}
		return nil
	})
	return memory, err
}

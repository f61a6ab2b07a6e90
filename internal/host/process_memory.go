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
	// Private is the part of it that neither comes from files nor from shared memory.
	Private uint64
}

// parseProcessMemory parses /proc/<pid>/statm. The first three numbers are the pages of
// the address space, those in physical memory, and those of them that are in files or
// shared memory:
//
//	5210 1830 1402 4 0 386 0
func parseProcessMemory(data []byte) (ProcessMemory, error) {
	_, rest, _ := bytes.Cut(data, []byte(" "))
	_, third, _ := bytes.Cut(rest, []byte(" "))
	size, sizeValid := parseNumber(data)
	resident, residentValid := parseNumber(rest)
	shared, sharedValid := parseNumber(third)
	page := uint64(os.Getpagesize()) //nolint:gosec // not negative
	if !sizeValid || !residentValid || !sharedValid || max(size, resident) > math.MaxUint64/page {
		return ProcessMemory{}, fmt.Errorf("memory: %w", errInvalidNumber)
	}
	return ProcessMemory{Size: size * page, Resident: resident * page, Private: (resident - min(shared, resident)) * page}, nil
}

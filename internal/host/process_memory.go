package host

import (
	"bytes"
	"fmt"
	"math"
	"os"
)

// ProcessMemory is the physical memory of a process in bytes.
type ProcessMemory struct {
	// Resident is all of it. Shared is the part that other processes may also
	// have: files, and memory in files such as those of memfd_create.
	Resident, Shared uint64
}

// Memory reads /proc/<pid>/statm, in pages: the sizes of all mappings, of those in
// memory, and of those in memory that are shared.
//
//	5210 1830 1402 4 0 386 0
func (p Processes) Memory(pid int) (ProcessMemory, error) {
	var memory ProcessMemory
	err := p.read(pid, "statm", func(data []byte) error {
		_, rest, _ := bytes.Cut(data, []byte(" "))
		_, second, _ := bytes.Cut(rest, []byte(" "))
		resident, residentValid := parseNumber(rest)
		shared, sharedValid := parseNumber(second)
		page := uint64(os.Getpagesize()) //nolint:gosec // not negative
		if !residentValid || !sharedValid || shared > resident || resident > math.MaxUint64/page {
			return fmt.Errorf("memory: %w", errInvalidNumber)
		}
		memory = ProcessMemory{Resident: resident * page, Shared: shared * page}
		return nil
	})
	return memory, err
}

package collect

import (
	"hash/maphash"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var phaseSeed = maphash.MakeSeed()

// hashOf returns a hash that stays the same as long as the instance exists.
func hashOf(id *sandbox.Identity) uint64 {
	var h maphash.Hash
	h.SetSeed(phaseSeed)
	for _, text := range []string{id.Runtime, id.Root, id.ID, id.Iteration} {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// Sandboxes share slots, so that the receiver wakes up about five times per
// interval and not once per sandbox: a wake-up costs more than a pull.
const (
	minSlots = 5
	maxSlot  = 2 * time.Second
)

// phaseOf returns the offset of a sandbox's slot in the interval.
func phaseOf(hash uint64, interval time.Duration) time.Duration {
	slots := max(minSlots, uint64((interval+maxSlot-1)/maxSlot))
	return time.Duration(hash % slots * uint64(interval) / slots)
}

// nextSlot returns the first time at or after earliest that has the phase.
// Intervals are counted from the Unix epoch.
func nextSlot(earliest time.Time, phase, interval time.Duration) time.Time {
	past := time.Duration(earliest.UnixNano() % int64(interval))
	wait := phase - past
	if wait < 0 {
		wait += interval
	}
	return earliest.Add(wait)
}

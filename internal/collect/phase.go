package collect

import (
	"hash/maphash"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var phaseSeed = maphash.MakeSeed()

// hashOf is a number that is the same for all of a sandbox's life and unlike
// those of other sandboxes.
func hashOf(id *sandbox.Identity) uint64 {
	var h maphash.Hash
	h.SetSeed(phaseSeed)
	for _, text := range []string{id.Runtime, id.Place, id.ID, id.Iteration} {
		_, _ = h.WriteString(text)
		_ = h.WriteByte(0)
	}
	return h.Sum64()
}

// Sandboxes share slots, so that the receiver wakes up some five times in an
// interval and not once for each sandbox: a wake-up costs more than a pull.
const (
	fewestSlots = 5
	longestSlot = 2 * time.Second
)

// phaseOf is the place in the interval that belongs to a sandbox.
func phaseOf(hash uint64, interval time.Duration) time.Duration {
	slots := max(fewestSlots, uint64((interval+longestSlot-1)/longestSlot))
	return time.Duration(hash % slots * uint64(interval) / slots)
}

// nextSlot is the first time at or after earliest that lies at the phase in an
// interval. Intervals are counted from the Unix epoch.
func nextSlot(earliest time.Time, phase, interval time.Duration) time.Time {
	past := time.Duration(earliest.UnixNano() % int64(interval))
	wait := phase - past
	if wait < 0 {
		wait += interval
	}
	return earliest.Add(wait)
}

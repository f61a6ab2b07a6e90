package kata

import (
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
)

const (
	// maxShimRecords limits the number of records. Additional shims get one that is
	// not shared.
	maxShimRecords = 20_000
	// recordLifetime is how long a record is kept after its last use, for example
	// while the configuration is reloaded.
	recordLifetime = time.Hour
	// recordSweep is the interval between checks for records that have expired.
	recordSweep = time.Minute
)

// shimRecords are the records of all shims.
type shimRecords struct {
	mu      sync.Mutex
	records map[storage.Instance]*shimRecord
	swept   time.Time
}

// sharedRecords belong to all receivers of this process: without them, two
// receivers with the same storage paths, or one after a reload of the
// configuration, would send requests to a shim more often than every 10 s.
var sharedRecords = newShimRecords()

func newShimRecords() *shimRecords { return &shimRecords{records: map[storage.Instance]*shimRecord{}} }

// acquire returns the record of an instance. release must follow.
func (r *shimRecords) acquire(instance storage.Instance, now time.Time) *shimRecord {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
	record := r.records[instance]
	if record == nil {
		record = &shimRecord{}
		if len(r.records) < maxShimRecords {
			r.records[instance] = record
		}
	}
	record.users++
	return record
}

// hasRequested reports whether a receiver of this process has sent a request to an
// instance, so that its record contains the effect on the shim.
func (r *shimRecords) hasRequested(instance storage.Instance) bool {
	r.mu.Lock()
	record := r.records[instance]
	r.mu.Unlock()
	if record == nil {
		return false
	}
	record.mu.Lock()
	defer record.mu.Unlock()
	return !record.requested.IsZero() || record.reason != ""
}

// release releases a record that acquire returned.
func (r *shimRecords) release(record *shimRecord, by *Sandbox, now time.Time) {
	r.mu.Lock()
	record.users--
	record.released = now
	r.mu.Unlock()
	record.mu.Lock()
	defer record.mu.Unlock()
	// The record must not keep the memory of the sandbox alive.
	if record.by == by {
		record.by = nil
	}
	if record.waiting == by {
		record.waiting = nil
	}
}

// sweep removes the records that have expired.
func (r *shimRecords) sweep(now time.Time) {
	if now.Sub(r.swept) < recordSweep {
		return
	}
	r.swept = now
	for instance, record := range r.records {
		if record.users == 0 && now.Sub(record.released) >= recordLifetime {
			delete(r.records, instance)
		}
	}
}

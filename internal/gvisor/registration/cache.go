package registration

import (
	"hash/maphash"
	"sync"
	"weak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// Cache parses each registration once and returns the same [Registration] for
// all registrations with the same metrics, in any order. It does not keep a
// registration alive: one that no sandbox uses anymore is garbage-collected.
// All methods are safe for concurrent use.
type Cache struct {
	prefix string
	// known is set in a cache of registrations that come from sandboxes
	// themselves.
	known  *Known
	limits Limits
	budget Budget
	seeds  [2]maphash.Seed

	mu sync.Mutex
	// entries are indexed by the bytes of a registration: one per sandbox.
	entries map[digest]*entry
	// sweepAt is the number of entries at which a new entry triggers a sweep.
	sweepAt int
	// registrations are indexed by the metrics of a registration: one per build
	// and set of flags.
	registrations map[metricSet]weak.Pointer[Registration]

	// parsing is held while new metrics are parsed. It is locked before mu.
	parsing sync.Mutex
}

const (
	// maxEntries is far above the number of sandboxes on any host.
	maxEntries = 16_384
	// minSweep is the smallest number of entries that triggers a sweep.
	minSweep = 256
)

// digest identifies bytes. Its seeds are random and secret, so that no sandbox can
// prepare bytes that collide.
type digest [2]uint64

// metricSet identifies metrics in any order: it is the sum of their digests.
type metricSet digest

// entry is the result of parsing the bytes of one registration.
type entry struct {
	// mu is held while the bytes are parsed.
	mu           sync.Mutex
	registration weak.Pointer[Registration]
	err          error
}

// NewCache returns a cache whose registrations have this prefix in the naming
// "prometheus".
func NewCache(prefix string, limits Limits) *Cache {
	return &Cache{
		prefix:        prefix,
		limits:        limits.withDefaults(),
		seeds:         [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		entries:       map[digest]*entry{},
		sweepAt:       minSweep,
		registrations: map[metricSet]weak.Pointer[Registration]{},
	}
}

// NewFirstUseCache returns a cache for registrations that come from sandboxes
// themselves, see [ParseFirstUse].
func NewFirstUseCache(known *Known, limits Limits, budget Budget) *Cache {
	c := NewCache("", limits)
	c.known, c.budget = known, budget
	return c
}

// Get returns the parsed registration. Failures are cached as well, except those
// with [RuleBudget]. They are an [*Error] that must not be changed. Get does not
// retain raw.
func (c *Cache) Get(raw []byte) (*Registration, error) {
	var generation uint64
	if c.known != nil {
		generation = c.known.currentGeneration()
	}
	d := c.digest(raw)
	d[0] += generation
	entry := c.entry(d)
	entry.mu.Lock()
	defer entry.mu.Unlock()
	if entry.err != nil {
		return nil, entry.err
	}
	if r := entry.registration.Value(); r != nil {
		return r, nil
	}
	r, err := c.parse(raw, generation)
	if err != nil {
		if !IsBudget(err) {
			entry.err = err
		}
		return nil, err
	}
	entry.registration = weak.Make(r)
	return r, nil
}

func (c *Cache) digest(data []byte) digest {
	return digest{maphash.Bytes(c.seeds[0], data), maphash.Bytes(c.seeds[1], data)}
}

// entry returns the entry of the bytes with this digest, a new one if there is
// none.
func (c *Cache) entry(d digest) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.entries[d]
	if found == nil {
		if len(c.entries) >= c.sweepAt {
			c.sweep()
		}
		found = &entry{}
		c.entries[d] = found
	}
	return found
}

// sweep deletes failures and registrations that are no longer used. The caller
// holds mu.
func (c *Cache) sweep() {
	for d, entry := range c.entries {
		// A locked entry is being parsed or returned, so it is in use.
		if !entry.mu.TryLock() {
			continue
		}
		if entry.registration.Value() == nil || len(c.entries) >= maxEntries {
			delete(c.entries, d)
		}
		entry.mu.Unlock()
	}
	for set, registration := range c.registrations {
		if registration.Value() == nil {
			delete(c.registrations, set)
		}
	}
	// The next sweep is due at twice the number of entries, which makes the cost
	// of sweeping constant per entry.
	c.sweepAt = min(max(2*len(c.entries), minSweep), maxEntries)
}

// parse returns a cached registration with the same metrics that was parsed with
// the same generation of known metrics, or parses the bytes.
func (c *Cache) parse(raw []byte, generation uint64) (*Registration, error) {
	set, err := c.metricSet(raw)
	if err != nil {
		return nil, err
	}
	set[0] += generation
	// When the receiver starts, all sandboxes of a build are found at once, and
	// only the first one should parse.
	c.parsing.Lock()
	defer c.parsing.Unlock()
	if r := c.find(set); r != nil {
		return r, nil
	}
	var r *Registration
	if c.known != nil {
		r, err = ParseFirstUse(raw, c.known, c.limits)
	} else {
		r, err = Parse(raw, c.prefix, c.limits)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.checkBudget(r); err != nil {
		return nil, err
	}
	c.registrations[set] = weak.Make(r)
	return r, nil
}

// find returns the cached registration of the metrics, or nil.
func (c *Cache) find(set metricSet) *Registration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.registrations[set].Value()
}

// metricSet adds up the digests of all metrics, because runsc lists them in the
// order of a Go map, which differs between sandboxes. It verifies only the
// outermost object of the registration: a cached registration with an equal set
// has byte for byte the same metrics, which are valid.
func (c *Cache) metricSet(raw []byte) (metricSet, error) {
	var s jsonscan.Scanner
	s.ResetBytes(raw, c.limits.scan())
	if s.Null() {
		return metricSet{}, &Error{Rule: RuleAbsent}
	}
	var set metricSet
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(registrationFields, &seen)
		if !more {
			break
		}
		if field == stagesField {
			skipStages(&s)
			continue
		}
		for s.OpenArray(); s.NextElement(); {
			d := c.digest(s.Raw())
			set[0] += d[0]
			set[1] += d[1]
		}
	}
	s.End()
	if err := s.Err(); err != nil {
		return metricSet{}, formatError(err)
	}
	return set, nil
}

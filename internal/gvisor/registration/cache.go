package registration

import (
	"hash/maphash"
	"sync"
	"weak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// Cache parses each registration once and gives equal registrations to all who
// ask, whatever order their metrics are listed in. It does not keep a
// registration alive: when no sandbox uses it any more, it is gone. All methods
// are safe for concurrent use.
type Cache struct {
	prefix string
	limits Limits
	seeds  [2]maphash.Seed

	mu sync.Mutex
	// contents are by the bytes of a registration: one per sandbox.
	contents map[digest]*content
	// sweepAt is how many contents there must be to look for dead ones.
	sweepAt int
	// sets are by the metrics of a registration: one per build and flags.
	sets map[set]weak.Pointer[Registration]

	// parsing is held while a new set is parsed. It is taken before mu.
	parsing sync.Mutex
}

// Bounds of what a cache remembers.
const (
	// keptContents is far above the number of sandboxes on any host.
	keptContents = 16_384
	firstSweep   = 256
)

// digest stands for bytes. Its seeds are random and secret, so nobody can
// prepare bytes that collide.
type digest [2]uint64

// set stands for metrics in any order: it is the sum of their digests.
type set digest

// content is what is known about the bytes of one registration.
type content struct {
	// mu is held while they are parsed.
	mu           sync.Mutex
	registration weak.Pointer[Registration]
	err          error
}

// NewCache makes a cache whose registrations all have this prefix in the
// naming "prometheus".
func NewCache(prefix string, limits Limits) *Cache {
	return &Cache{
		prefix:   prefix,
		limits:   limits.withDefaults(),
		seeds:    [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		contents: map[digest]*content{},
		sweepAt:  firstSweep,
		sets:     map[set]weak.Pointer[Registration]{},
	}
}

// Get parses a registration, or finds it parsed. Failures are remembered as
// well; they are an [*Error] that must not be changed. The bytes are not kept.
func (c *Cache) Get(raw []byte) (*Registration, error) {
	content := c.content(c.digest(raw))
	content.mu.Lock()
	defer content.mu.Unlock()
	if content.err != nil {
		return nil, content.err
	}
	if r := content.registration.Value(); r != nil {
		return r, nil
	}
	r, err := c.parse(raw)
	if err != nil {
		content.err = err
		return nil, err
	}
	content.registration = weak.Make(r)
	return r, nil
}

func (c *Cache) digest(data []byte) digest {
	return digest{maphash.Bytes(c.seeds[0], data), maphash.Bytes(c.seeds[1], data)}
}

// content finds or adds what is known about the bytes with this digest.
func (c *Cache) content(d digest) *content {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.contents[d]
	if known == nil {
		if len(c.contents) >= c.sweepAt {
			c.sweep()
		}
		known = &content{}
		c.contents[d] = known
	}
	return known
}

// sweep forgets failures and what nobody uses any more. The caller holds mu.
func (c *Cache) sweep() {
	for d, known := range c.contents {
		// One that is being parsed just now is in use.
		if !known.mu.TryLock() {
			continue
		}
		if known.registration.Value() == nil || len(c.contents) >= keptContents {
			delete(c.contents, d)
		}
		known.mu.Unlock()
	}
	for s, registration := range c.sets {
		if registration.Value() == nil {
			delete(c.sets, s)
		}
	}
	// Sweeping again only at twice the number makes its cost per content
	// constant.
	c.sweepAt = min(max(2*len(c.contents), firstSweep), keptContents)
}

// parse finds a registration with the same metrics, or parses the bytes.
func (c *Cache) parse(raw []byte) (*Registration, error) {
	key, err := c.set(raw)
	if err != nil {
		return nil, err
	}
	// One at a time: at the start of the receiver, all sandboxes of a build come
	// at once.
	c.parsing.Lock()
	defer c.parsing.Unlock()
	if r := c.known(key); r != nil {
		return r, nil
	}
	r, err := Parse(raw, c.prefix, c.limits)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sets[key] = weak.Make(r)
	return r, nil
}

func (c *Cache) known(key set) *Registration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sets[key].Value()
}

// set adds up the digests of all metrics: runsc lists them in the order of a Go
// map, which is another one in each sandbox. What it takes for a set has the
// shape of a registration as far as its outermost object goes; everything
// below is the same, byte for byte, in a registration with an equal set.
func (c *Cache) set(raw []byte) (set, error) {
	var s jsonscan.Scanner
	s.ResetBytes(raw, c.limits.scan())
	if s.Null() {
		return set{}, &Error{Rule: RuleAbsent}
	}
	var key set
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
			key[0] += d[0]
			key[1] += d[1]
		}
	}
	s.End()
	if err := s.Err(); err != nil {
		return set{}, formatError(err)
	}
	return key, nil
}

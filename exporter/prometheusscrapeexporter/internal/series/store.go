// Package series holds the last point of every series, in the form in which a page
// needs it. A line of a page is put together from three pieces that many lines share:
// the name of the family, the labels of the point and the labels of the resource.
//
//	sandbox_memory_usage_bytes{state="running",sandbox_id="a1"} 4096
//	`------------------------' `-------------' `-------------'
//	          Family              LabelSet        Resource
//
// The series of a resource stay in the order in which they arrive. As the next batch
// nearly always has the same order, a series is found without any lookup.
package series

import (
	"hash/maphash"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
)

// Options configure a Store.
type Options struct {
	// Strategy is one of names.Strategies.
	Strategy string
	// Namespace is prepended to the names of metrics.
	Namespace string
	// ConstLabels are labels of all series. They take precedence over all others.
	ConstLabels map[string]string
	// ResourceLabels reports whether resource attributes become labels, and
	// ExcludeService whether service attributes are excluded from that.
	ResourceLabels, ExcludeService bool
	// WithoutScope reports whether series have no labels for the scope.
	WithoutScope bool
	// Created reports whether a page may have _created lines.
	Created bool
	// Expiration is how long a series without new points is kept.
	Expiration time.Duration
	// MaxSeries limits the number of lines on a page.
	MaxSeries int
	// OnConflict is called when a family is not served because of another one, once
	// in the life of the family. It must not call the Store.
	OnConflict func(lost, won *Family)
}

// Store holds the series. It may be used concurrently.
type Store struct {
	options Options

	// consuming is held for a whole batch, mu only for a part of it, so that a scrape does
	// not have to wait for the rest.
	consuming sync.Mutex
	batches   uint64

	mu          sync.RWMutex
	names       *names.Translator
	hash        hasher
	constLabels []label
	infoName    string

	resources map[uint64]*Resource
	index     map[uint64]*Series
	sources   map[sourceKey]*source
	families  map[familyKey]*Family
	labelSets map[string]*LabelSet
	claims    map[string][]*Family
	sorted    []*Family

	// active is the resource whose points are being consumed. It is kept while it has no
	// series.
	active *Resource
	// targets is the number of resources with target_info.
	targets int
	// unsettled reports whether it has to be decided which families are served.
	unsettled bool
	contested map[*Family]bool
	lines     int
	limit     limit
	lastID    uint64
	// peak is the largest number of entries of a map since it was shrunk.
	peak int
	// The following are scratch space.
	scratch      []byte
	labels       []label
	distribution Distribution
}

// NewStore returns an empty Store.
func NewStore(options Options) *Store {
	s := &Store{
		options:   options,
		names:     names.NewTranslator(options.Strategy, options.Namespace),
		hash:      hasher{seed: maphash.MakeSeed()},
		resources: make(map[uint64]*Resource),
		index:     make(map[uint64]*Series),
		sources:   make(map[sourceKey]*source),
		families:  make(map[familyKey]*Family),
		labelSets: make(map[string]*LabelSet),
		claims:    make(map[string][]*Family),
		contested: make(map[*Family]bool),
		limit:     limit{share: math.MaxInt},
	}
	s.infoName = s.names.TargetInfo()
	for _, name := range slices.Sorted(maps.Keys(options.ConstLabels)) {
		s.constLabels = append(s.constLabels, label{name: name, value: options.ConstLabels[name]})
	}
	return s
}

// Result is what became of a batch.
type Result struct {
	Dropped Dropped
	// First are the first drops for each reason.
	First []Drop
}

// Consume stores the points of a batch.
func (s *Store) Consume(metrics pmetric.Metrics, now time.Time) Result {
	s.consuming.Lock()
	defer s.consuming.Unlock()
	s.batches++
	c := consumer{store: s, now: now.UnixNano(), batch: s.batches}
	resources := metrics.ResourceMetrics()
	for i := range resources.Len() {
		s.mu.Lock()
		c.resourceMetrics(resources.At(i))
		s.mu.Unlock()
	}
	s.mu.Lock()
	c.dropConflicts()
	s.mu.Unlock()
	return c.result
}

// Stats are the sizes of a Store.
type Stats struct {
	Series, Lines, Resources, Families int
}

// Stats returns the current sizes.
func (s *Store) Stats() Stats {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Stats{Series: len(s.index), Lines: s.lines, Resources: len(s.resources), Families: len(s.families)}
}

// Sweep removes expired series.
func (s *Store) Sweep(now time.Time) {
	cutoff := now.Add(-s.options.Expiration).UnixNano()
	s.mu.Lock()
	families := slices.Clone(s.sortFamilies())
	s.limit.relax()
	s.mu.Unlock()
	for _, f := range families {
		s.mu.Lock()
		// Backward, because remove moves the last series to the place of the removed one.
		for _, expired := range slices.Backward(f.series) {
			if expired.updated < cutoff {
				s.remove(expired)
			}
		}
		s.mu.Unlock()
	}
	s.mu.Lock()
	s.settle()
	s.shrink()
	s.mu.Unlock()
}

// shrink replaces maps that became large and are nearly empty now, because a map never
// becomes smaller.
func (s *Store) shrink() {
	const worthIt = 1024
	s.peak = max(s.peak, len(s.index), len(s.labelSets), len(s.resources))
	if used := max(len(s.index), len(s.labelSets), len(s.resources)); s.peak < worthIt || used > s.peak/4 {
		return
	}
	s.peak = 0
	s.index = copyMap(s.index)
	s.labelSets = copyMap(s.labelSets)
	s.resources = copyMap(s.resources)
}

func copyMap[K comparable, V any](old map[K]V) map[K]V {
	fresh := make(map[K]V, len(old))
	maps.Copy(fresh, old)
	return fresh
}

// remove forgets a series and everything that only it needed.
func (s *Store) remove(series *Series) {
	delete(s.index, series.identity)
	s.lines -= int(series.lines)
	src := series.source
	src.family.remove(series)
	s.unsettled = s.unsettled || s.contested[src.family]
	if len(src.family.series) == 0 {
		s.releaseFamily(src.family)
	}
	src.refs--
	if src.refs == 0 {
		delete(s.sources, src.key)
	}
	s.releaseLabelSet(series.Set)
	series.Resource.remove(series)
	s.releaseResource(series.Resource)
}

// Empty reports whether nothing is stored, neither series nor anything they need.
func (s *Store) Empty() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.resources)+len(s.index)+len(s.sources)+len(s.families)+len(s.labelSets)+len(s.claims)+s.lines+s.targets == 0
}

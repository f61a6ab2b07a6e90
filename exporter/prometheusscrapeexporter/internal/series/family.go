package series

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
)

// Kind is the type of a metric in Prometheus.
type Kind uint8

// The types of metrics. In conflicts that cannot be decided otherwise, the first wins.
const (
	Counter Kind = iota
	Gauge
	Histogram
	Summary
)

func (k Kind) String() string {
	switch k {
	case Counter:
		return "counter"
	case Gauge:
		return "gauge"
	case Histogram:
		return "histogram"
	case Summary:
		return "summary"
	}
	return "unknown"
}

func kindOf(kind names.Type) Kind {
	switch kind {
	case names.MonotonicSum:
		return Counter
	case names.Histogram, names.ExponentialHistogram:
		return Histogram
	case names.Summary:
		return Summary
	}
	return Gauge
}

// sourceKey identifies a metric as it arrives.
type sourceKey struct {
	name, unit string
	kind       names.Type
}

// source is a metric as it arrives, and the family that its series belong to. Several
// sources can have the same name after translation.
type source struct {
	key    sourceKey
	family *Family
	refs   int
}

// Family are all series with the same name and type.
type Family struct {
	Name string
	Kind Kind
	// Help is the description of the first metric of the family.
	Help string
	// Unit is the unit in the spelling that names have, for example "seconds".
	Unit string

	id     uint64
	series []*Series
	// claims are the names of all samples of the family.
	claims []string
	// served reports whether the family is on the page. It is not if it lost a conflict.
	served bool
	logged bool
	// points is the number of points in the last batch that had any, and batch which one
	// that is.
	points int
	batch  uint64
}

type familyKey struct {
	name string
	kind Kind
}

// sampleNames returns the names that the samples of a family have.
func sampleNames(name string, kind Kind, created bool) []string {
	claims := []string{name}
	switch kind {
	case Counter:
		if base, ok := strings.CutSuffix(name, "_total"); ok && created {
			claims = append(claims, base+"_created")
		}
		return claims
	case Gauge:
		return claims
	case Histogram:
		claims = append(claims, name+"_bucket", name+"_sum", name+"_count")
	case Summary:
		claims = append(claims, name+"_sum", name+"_count")
	}
	if created {
		claims = append(claims, name+"_created")
	}
	return claims
}

// family returns the family with a name and a kind, and makes it if it does not exist.
func (s *Store) family(name string, kind Kind, unit, help string) *Family {
	key := familyKey{name: name, kind: kind}
	if f, ok := s.families[key]; ok {
		return f
	}
	s.lastID++
	f := &Family{
		Name: name, Kind: kind, Help: validHelp(help), Unit: s.names.Unit(unit),
		id: mix(s.lastID, s.hash.string(name)), claims: sampleNames(name, kind, s.options.Created), served: true,
	}
	s.families[key] = f
	s.sorted = nil
	for _, claim := range f.claims {
		s.claims[claim] = append(s.claims[claim], f)
		s.unsettled = s.unsettled || len(s.claims[claim]) > 1 || claim == s.infoName
	}
	return f
}

// releaseFamily forgets a family without series. Its name, type and help are free again.
func (s *Store) releaseFamily(f *Family) {
	delete(s.families, familyKey{name: f.Name, kind: f.Kind})
	s.sorted = nil
	for _, claim := range f.claims {
		claimants := s.claims[claim]
		s.unsettled = s.unsettled || len(claimants) > 1
		claimants = slices.DeleteFunc(claimants, func(other *Family) bool { return other == f })
		if len(claimants) == 0 {
			delete(s.claims, claim)
			continue
		}
		s.claims[claim] = claimants
	}
}

// count counts a point of a batch.
func (f *Family) count(batch uint64) {
	if f.batch != batch {
		f.batch, f.points = batch, 0
	}
	f.points++
}

// add appends a series to its family.
func (f *Family) add(s *Series) {
	s.slot = int32(len(f.series))
	f.series = append(f.series, s)
}

// remove moves the last series to the place of the removed one.
func (f *Family) remove(s *Series) {
	last := len(f.series) - 1
	moved := f.series[last]
	f.series[s.slot] = moved
	moved.slot = s.slot
	f.series[last] = nil
	f.series = f.series[:last]
	if cap(f.series) > 64 && len(f.series) < cap(f.series)/4 {
		f.series = append(make([]*Series, 0, 2*len(f.series)), f.series...)
	}
}

// sortFamilies returns all families by name.
func (s *Store) sortFamilies() []*Family {
	if s.sorted != nil {
		return s.sorted
	}
	sorted := make([]*Family, 0, len(s.families))
	for _, f := range s.families {
		sorted = append(sorted, f)
	}
	slices.SortFunc(sorted, func(a, b *Family) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Kind, b.Kind))
	})
	s.sorted = sorted
	return sorted
}

// SampleNames returns the names that the samples of the family would have under another
// name.
func (f *Family) SampleNames(name string) []string {
	return sampleNames(name, f.Kind, false)
}

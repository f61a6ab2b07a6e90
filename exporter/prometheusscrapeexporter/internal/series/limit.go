package series

import (
	"math"
	"slices"
)

// limit keeps the number of lines on a page below Options.MaxSeries. When the limit is
// reached, the resources with the most lines lose series first, so that one resource
// cannot keep out all others.
type limit struct {
	// share is how many lines a resource may have.
	share int
	// refused reports whether a series was refused since the last sweep, and exhausted
	// whether nothing can be taken from large resources.
	refused, exhausted bool
}

// relax lifts the share once all resources fit.
func (l *limit) relax() {
	if !l.refused {
		l.share = math.MaxInt
	}
	l.refused, l.exhausted = false, false
}

// admit reports whether a resource may have another series with a number of lines.
func (s *Store) admit(r *Resource, lines int) bool {
	if r.lines+lines <= s.limit.share && s.lines+lines > s.options.MaxSeries && !s.limit.exhausted {
		s.reduce()
	}
	if r.lines+lines <= s.limit.share && s.lines+lines <= s.options.MaxSeries {
		return true
	}
	s.limit.refused = true
	return false
}

// reduce takes series from the largest resources. The share is such that a tenth of the
// lines becomes free, but at least twice the size of a small resource: among resources
// of similar size, new ones are refused instead.
func (s *Store) reduce() {
	sizes := make([]int, 0, len(s.resources))
	for _, r := range s.resources {
		sizes = append(sizes, r.lines)
	}
	slices.Sort(sizes)
	s.limit.share = max(level(sizes, s.options.MaxSeries-s.options.MaxSeries/10), 2*sizes[len(sizes)/4], 1)
	before := s.lines
	for _, r := range s.resources {
		for r.lines > s.limit.share {
			s.remove(r.head.prev)
		}
	}
	s.limit.exhausted = s.lines == before
	if s.limit.exhausted {
		s.limit.share = math.MaxInt
	}
}

// level returns the largest share at which all resources together have at most total
// lines. sizes are sorted.
func level(sizes []int, total int) int {
	for i, size := range sizes {
		share := total / (len(sizes) - i)
		if size > share {
			return share
		}
		total -= size
	}
	return math.MaxInt
}

package series

import "time"

// Families returns the families that are served, sorted by name, and whether there is
// target_info under the name.
func (s *Store) Families(families []*Family) (served []*Family, infoName string, info bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	for _, f := range s.sortFamilies() {
		if f.served {
			families = append(families, f)
		}
	}
	return families, s.infoName, s.targets > 0
}

// Read calls visit for each series of a family that has not expired. It holds a read
// lock, so that visit must be short.
func (s *Store) Read(f *Family, now time.Time, visit func(*Series)) {
	cutoff := now.Add(-s.options.Expiration).UnixNano()
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, series := range f.series {
		if series.updated >= cutoff {
			visit(series)
		}
	}
}

// ReadInfo calls visit once for each job and instance, with the resource that was
// updated last.
func (s *Store) ReadInfo(now time.Time, visit func(*Resource)) {
	cutoff := now.Add(-s.options.Expiration).UnixNano()
	s.mu.RLock()
	defer s.mu.RUnlock()
	latest := make(map[uint64]*Resource, s.targets)
	for _, r := range s.resources {
		if r.Info == "" || r.updated < cutoff {
			continue
		}
		if other := latest[r.target]; other == nil || r.updated > other.updated || r.updated == other.updated && r.hash > other.hash {
			latest[r.target] = r
		}
	}
	for _, r := range latest {
		visit(r)
	}
}

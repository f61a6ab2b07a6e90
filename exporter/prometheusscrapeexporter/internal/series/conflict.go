package series

import (
	"cmp"
	"slices"
	"strings"
)

// settle decides which families are served where several claim the same names: a
// counter and a gauge with the same name, or a histogram x and a gauge x_count. The
// family that more resources have wins, no matter which came first, so that a single
// source cannot hide the metrics of all others.
func (s *Store) settle() {
	if !s.unsettled {
		return
	}
	s.unsettled = false
	for f := range s.contested {
		f.served = true
	}
	clear(s.contested)
	for name, claimants := range s.claims {
		if len(claimants) > 1 || name == s.infoName && s.targets > 0 {
			for _, f := range claimants {
				s.contested[f] = true
			}
		}
	}
	owners := make(map[string]*Family)
	if s.targets > 0 {
		owners[s.infoName] = &Family{Name: s.infoName, Kind: Gauge}
	}
	for _, f := range s.byResources() {
		s.claim(f, owners)
	}
}

// dropConflicts counts the points of the batch that are not served because of a
// conflict. It is called at the end of the batch, because which families are served can
// change with each resource.
func (c *consumer) dropConflicts() {
	for f := range c.store.contested {
		if !f.served && f.batch == c.batch {
			c.key.name = f.Name
			c.drop(TypeConflict, f.points, nil)
		}
	}
}

// byResources returns the contested families, those with the most resources first.
func (s *Store) byResources() []*Family {
	resources := make(map[*Family]int, len(s.contested))
	families := make([]*Family, 0, len(s.contested))
	for f := range s.contested {
		seen := make(map[*Resource]struct{})
		for _, series := range f.series {
			seen[series.Resource] = struct{}{}
		}
		resources[f] = len(seen)
		families = append(families, f)
	}
	slices.SortFunc(families, func(a, b *Family) int {
		return cmp.Or(cmp.Compare(resources[b], resources[a]), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return families
}

// claim serves a family if none of its names has an owner.
func (s *Store) claim(f *Family, owners map[string]*Family) {
	for _, name := range f.claims {
		owner := owners[name]
		if owner == nil {
			continue
		}
		f.served = false
		if !f.logged && s.options.OnConflict != nil {
			f.logged = true
			s.options.OnConflict(f, owner)
		}
		return
	}
	f.served = true
	for _, name := range f.claims {
		owners[name] = f
	}
}

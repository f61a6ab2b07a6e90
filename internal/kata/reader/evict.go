package reader

import "slices"

// evictLabelValues removes a few label values of the guest that the last pull
// lacked, and their series. The values that have been missing longest are
// removed first.
func (r *Reader) evictLabelValues() {
	lastSeen := r.lastSeen()
	var oldest []valueID
	for i := range lastSeen {
		if entry := &r.labelValues.entries[i]; entry.used && entry.guest && lastSeen[i] != r.pull {
			oldest = append(oldest, valueID(i+1))
		}
	}
	slices.SortFunc(oldest, func(a, b valueID) int { return int(int64(lastSeen[a-1]) - int64(lastSeen[b-1])) })
	oldest = oldest[:min(len(oldest), r.settings.limits.evictedLabelValues)]
	if len(oldest) == 0 {
		return
	}
	r.table.removeIf(func(entry *series) bool {
		return entry.guest && slices.ContainsFunc(oldest, entry.key.has)
	})
	for _, id := range oldest {
		if slices.ContainsFunc(r.table.entries, func(entry series) bool { return entry.key.has(id) }) {
			// Series of the host still refer to the value.
			r.labelValues.assignToHost(id)
		} else {
			r.labelValues.remove(id)
		}
	}
}

// lastSeen returns the last pull that had each label value.
func (r *Reader) lastSeen() []uint32 {
	last := make([]uint32, len(r.labelValues.entries))
	for i := range r.table.entries {
		entry := &r.table.entries[i]
		first, second := entry.key.labels()
		for _, id := range [maxLabels]valueID{first, second} {
			if id != 0 && id < firstNumber {
				last[id-1] = max(last[id-1], entry.pull)
			}
		}
	}
	return last
}

package registration

import "regexp"

// Selection is the part of a registration that a filter selects.
type Selection struct {
	// Metrics reports, by [Metric.Index], whether the metric is selected.
	Metrics []bool
	// Counters are the series, in ascending order, of all selected counters that
	// are filled with zero before they are first incremented.
	Counters []uint32
}

// maxSelections is the maximum number of cached selections. There is one per
// receiver with distinct options.
const maxSelections = 16

// selectionKey is what a selection depends on.
type selectionKey struct {
	// filter is the text of the filter, empty if there is none.
	filter   string
	zeroFill ZeroFill
}

// Select applies a filter to the Prometheus names. A nil filter selects all
// metrics. Selections are cached.
func (r *Registration) Select(filter *regexp.Regexp, zeroFill ZeroFill) *Selection {
	key := selectionKey{zeroFill: zeroFill}
	if filter != nil {
		key.filter = filter.String()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if selection := r.selections[key]; selection != nil {
		return selection
	}
	selection := r.newSelection(filter, zeroFill)
	if r.selections == nil {
		r.selections = make(map[selectionKey]*Selection)
	}
	if len(r.selections) < maxSelections {
		r.selections[key] = selection
	}
	return selection
}

func (r *Registration) newSelection(filter *regexp.Regexp, zeroFill ZeroFill) *Selection {
	selection := &Selection{Metrics: make([]bool, len(r.Metrics))}
	for i := range r.Metrics {
		m := &r.Metrics[i]
		if filter != nil && !filter.MatchString(m.Name) {
			continue
		}
		selection.Metrics[i] = true
		if !zeroFill.fills(m) {
			continue
		}
		for number := range m.Series {
			selection.Counters = append(selection.Counters, m.First+number)
		}
	}
	return selection
}

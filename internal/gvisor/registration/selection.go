package registration

import "regexp"

// Selection is the part of a registration that a filter selects.
type Selection struct {
	// Metrics reports, by [Metric.Index], whether the metric is selected.
	Metrics []bool
	// Counters are the series, in ascending order, of all selected counters that
	// can be filled with zero before they are first incremented. Counters that
	// have a field with more than 16 values are excluded, because they have too
	// many series.
	Counters []uint32
}

const (
	// maxZeroFillValues is the maximum number of values per field of a counter in
	// [Selection.Counters].
	maxZeroFillValues = 16
	// maxSelections is the maximum number of cached selections. There is one per
	// receiver with a distinct filter.
	maxSelections = 16
)

// Select applies a filter to the Prometheus names. A nil filter selects all
// metrics. Selections are cached by the text of the filter.
func (r *Registration) Select(filter *regexp.Regexp) *Selection {
	var text string
	if filter != nil {
		text = filter.String()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if selection := r.selections[text]; selection != nil {
		return selection
	}
	selection := r.newSelection(filter)
	if r.selections == nil {
		r.selections = make(map[string]*Selection)
	}
	if len(r.selections) < maxSelections {
		r.selections[text] = selection
	}
	return selection
}

func (r *Registration) newSelection(filter *regexp.Regexp) *Selection {
	selection := &Selection{Metrics: make([]bool, len(r.Metrics))}
	for i := range r.Metrics {
		m := &r.Metrics[i]
		if filter != nil && !filter.MatchString(m.Name) {
			continue
		}
		selection.Metrics[i] = true
		if m.Type != Counter || m.Dropped || !canZeroFill(m) {
			continue
		}
		for number := range m.Series {
			selection.Counters = append(selection.Counters, m.First+number)
		}
	}
	return selection
}

// canZeroFill reports whether a metric has few enough values per field for
// [Selection.Counters].
func canZeroFill(m *Metric) bool {
	for i := range m.Fields {
		if len(m.Fields[i].Values) > maxZeroFillValues {
			return false
		}
	}
	return true
}

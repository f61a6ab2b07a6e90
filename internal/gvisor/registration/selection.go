package registration

import "regexp"

// Selection is which metrics of a registration a filter lets through.
type Selection struct {
	// Metrics tells, by [Metric.Index], whether the metric is let through.
	Metrics []bool
	// Counters are the series, in ascending order, of all counters that are
	// let through and have few enough series to show each before it was first
	// incremented: no field with more than 16 values.
	Counters []uint32
}

const (
	// fillableValues is how many values each field of a counter in
	// [Selection.Counters] may have.
	fillableValues = 16
	// keptSelections is how many selections are remembered. There is one for
	// each receiver with a filter of its own.
	keptSelections = 16
)

// Select applies a filter to the Prometheus names; nil lets everything
// through. Selections are remembered by the filter's text.
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
	if len(r.selections) < keptSelections {
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
		if m.Type != Counter || !fillable(m) {
			continue
		}
		for number := range m.Series {
			selection.Counters = append(selection.Counters, m.First+number)
		}
	}
	return selection
}

func fillable(m *Metric) bool {
	for i := range m.Fields {
		if len(m.Fields[i].Values) > fillableValues {
			return false
		}
	}
	return true
}

package sandbox

import "slices"

// SeriesSet remembers which series were emitted, so that each can be ended. It
// is for the few series that a runtime emits without a pull; decoders of
// responses keep the last value of each series for verification anyway, and
// remember there which of them were emitted.
type SeriesSet struct {
	series []series
}

type series struct {
	family *Family
	labels []string
}

// Add appends a point to a reading and remembers its series. The slice of labels
// is retained and must not be changed afterwards.
func (s *SeriesSet) Add(r *Reading, family *Family, value Number, labels []string) {
	r.Points = append(r.Points, Point{Family: family, Value: value, Labels: labels})
	for i := range s.series {
		if s.series[i].family == family && slices.Equal(s.series[i].labels, labels) {
			return
		}
	}
	s.series = append(s.series, series{family, labels})
}

// AppendSeries appends one point for each remembered series, and forgets them.
func (s *SeriesSet) AppendSeries(r *Reading) {
	for i := range s.series {
		r.Points = append(r.Points, Point{Family: s.series[i].family, Labels: s.series[i].labels})
	}
	s.series = nil
}

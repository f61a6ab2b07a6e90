package sandbox

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSeriesSetEndsEachSeriesOnce(t *testing.T) {
	var (
		set            SeriesSet
		r              Reading
		plain, labeled Family
	)
	for range 2 {
		set.Add(&r, &plain, Int(1), nil)
		set.Add(&r, &labeled, Int(1), []string{"a"})
		set.Add(&r, &labeled, Int(1), []string{"b"})
	}
	assert.Len(t, r.Points, 6)
	r.Reset()
	set.AppendSeries(&r)
	assert.Equal(t, []Point{
		{Family: &plain},
		{Family: &labeled, Labels: []string{"a"}},
		{Family: &labeled, Labels: []string{"b"}},
	}, r.Points)
	r.Reset()
	set.AppendSeries(&r)
	assert.Empty(t, r.Points, "each series must end only once")
}

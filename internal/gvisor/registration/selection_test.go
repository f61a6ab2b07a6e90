package registration

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSelect(t *testing.T) {
	r, err := Parse(small(t), "", Limits{})
	require.NoError(t, err)
	names := func(s *Selection) (names []string) {
		for i, selected := range s.Metrics {
			if selected {
				names = append(names, r.Metrics[i].Name)
			}
		}
		return names
	}
	all := r.Select(nil, ZeroFillAll)
	assert.Len(t, names(all), 7)
	assert.Len(t, all.Counters, 3*8+4)
	assert.IsIncreasing(t, all.Counters)
	assert.Same(t, all, r.Select(nil, ZeroFillAll))

	disk := r.Select(regexp.MustCompile(`^(?:disk_.*)$`), ZeroFillAll)
	assert.Equal(t, []string{"disk_latency", "disk_reads", "disk_wait"}, names(disk))
	assert.Equal(t, []uint32{r.Find([]byte("disk_reads")).First, r.Find([]byte("disk_wait")).First}, disk.Counters)
	assert.Same(t, disk, r.Select(regexp.MustCompile(`^(?:disk_.*)$`), ZeroFillAll))
	assert.Empty(t, r.Select(regexp.MustCompile(`^$`), ZeroFillAll).Counters)

	for i := range 100 {
		r.Select(regexp.MustCompile(fmt.Sprintf("^x%d$", i)), ZeroFillNone)
	}
	assert.LessOrEqual(t, len(r.selections), maxSelections)
}

func TestCountersWithManyValuesAreNotZeroFilled(t *testing.T) {
	values := make([]string, 17)
	for i := range values {
		values[i] = fmt.Sprint(i)
	}
	r, err := Parse([]byte(registered(
		metric(keys{"fields": []keys{field("a", values[:16]...), field("b", "x", "y")}}),
		metric(keys{"name": "/more", "prometheus_name": "more", "fields": []keys{field("a", values...)}}),
		metric(keys{"name": "/level", "prometheus_name": "level", "cumulative": false}),
		histogram(nil),
	)), "", Limits{})
	require.NoError(t, err)
	assert.Len(t, r.Select(nil, ZeroFillAll).Counters, 32)
}

package registration

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// small returns a registration with metrics of every type.
func small(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/small.json")
	require.NoError(t, err)
	return data
}

func TestParse(t *testing.T) {
	r, err := Parse(small(t), "runsc_", Limits{})
	require.NoError(t, err)

	var paths []string
	for i := range r.Metrics {
		m := &r.Metrics[i]
		assert.Equal(t, i, m.Index)
		assert.Same(t, m, r.Find([]byte(m.Name)))
		paths = append(paths, m.Path)
	}
	assert.Equal(t, []string{
		"/calls/odd", "/disk/latency", "/disk/reads", "/disk/wait", "/link/rx/bytes", "/link/rx/packets", "/tasks/open",
	}, paths)
	assert.Nil(t, r.Find([]byte("disk_writes")))
	assert.EqualValues(t, 3*8+2+5, r.Series)

	reads := r.Find([]byte("disk_reads"))
	assert.Equal(t, Counter, reads.Type)
	assert.Equal(t, `Reads of <disk> & "more".`, reads.Help)
	assert.Equal(t, `","type":2,"help":"Reads of \u003cdisk\u003e \u0026 \"more\"."},`, string(reads.Canonical))
	assert.Equal(t, Gauge, r.Find([]byte("tasks_open")).Type)

	latency := r.Find([]byte("disk_latency"))
	assert.Equal(t, Histogram, latency.Type)
	assert.Equal(t, []int64{0, 1000, 1000000}, latency.Bounds)
	assert.Equal(t, []float64{0, 1000, 1000000}, latency.FloatBounds)
	assert.Equal(t, 4, latency.Buckets())
}

// checkSeries checks that series are numbered without gaps, and that the labels of
// a series lead back to its number.
func checkSeries(t *testing.T, r *Registration) {
	t.Helper()
	next := uint32(0)
	for i := range r.Metrics {
		m := &r.Metrics[i]
		require.Equal(t, next, m.First)
		for series := m.First; series < m.First+m.Series; series++ {
			labels := m.Labels(nil, series)
			require.Len(t, labels, len(m.Fields))
			number := m.First
			for j := range m.Fields {
				ordinal, allowed := m.Fields[j].Ordinal([]byte(labels[j]))
				require.True(t, allowed)
				number += m.Fields[j].Offset(ordinal)
			}
			require.Equal(t, series, number)
			require.Same(t, m, r.MetricOf(series))
		}
		next += m.Series
	}
	require.Equal(t, r.Series, next)
}

func TestSeriesNumbers(t *testing.T) {
	r, err := Parse(small(t), "", Limits{})
	require.NoError(t, err)
	checkSeries(t, r)
	seen := map[string]bool{}
	for i := range r.Metrics {
		m := &r.Metrics[i]
		for series := m.First; series < m.First+m.Series; series++ {
			seen[fmt.Sprint(m.Name, m.Labels(nil, series))] = true
		}
	}
	assert.Len(t, seen, int(r.Series), "no two series have the same labels")

	for _, field := range r.Find([]byte("calls_odd")).Fields {
		_, allowed := field.Ordinal([]byte("7"))
		assert.False(t, allowed)
	}
}

func TestErrorText(t *testing.T) {
	_, err := Parse([]byte(withMetric(keys{"prometheus_name": "Reads"})), "", Limits{})
	assert.EqualError(t, err, `invalid registration (name): metric "Reads": prometheus_name is not of the form [a-z][a-z0-9_]*`)
	_, err = Parse([]byte(`{"metrics":{}}`), "", Limits{})
	assert.EqualError(t, err, `invalid registration (format): unexpected kind of JSON value at byte 11: an object instead of an array`)
	assert.ErrorIs(t, err, jsonscan.ErrKind)
	_, err = Parse([]byte(withMetric(keys{"prometheus_name": strings.Repeat("x", 200) + "-"})), "", Limits{})
	assert.Less(t, len(err.Error()), 300)
}

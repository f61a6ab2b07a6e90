package gvisor

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHonestSnapshotMatchesTheRegistration(t *testing.T) {
	s := addSandbox(t, Options{})
	helps, counters := make(map[string]string), make(map[string]bool)
	for _, m := range decodeRegistration(t).Metrics {
		helps[m.PrometheusName], counters[m.PrometheusName] = m.Description, m.Cumulative
	}
	before := time.Now()
	response := export(t, s)
	assert.WithinRange(t, response.Result.Snapshot.When, before.Add(-time.Millisecond), time.Now())
	assert.Len(t, valuesOf(t, response), DefaultPoints)
	labeled := 0
	for _, entry := range response.Result.Snapshot.Data {
		assert.Equal(t, helps[entry.Metric.Name], entry.Metric.Help)
		if counters[entry.Metric.Name] {
			assert.Equal(t, typeCounter, entry.Metric.Type)
			assert.Positive(t, entry.Val.Int, "%s: counters at zero are not sent", entry.Metric.Name)
		} else {
			assert.Equal(t, typeGauge, entry.Metric.Type)
		}
		labeled += min(len(entry.Labels), 1)
	}
	assert.Equal(t, 6, labeled)
}

func TestSizeOfSnapshots(t *testing.T) {
	for points, bytes := range map[int]float64{2: 350, 60: 9_000, 178: 25_000, 2700: 580_000} {
		plan := snapshotPlan{when: time.Now(), elapsed: time.Hour, without: -1}
		response := appendSnapshot(nil, theBuild().points[:points], 1, &plan)
		assert.InEpsilon(t, bytes, len(response), 0.15, "%d points", points)
		var decoded snapshotResponse
		require.NoError(t, json.Unmarshal(response, &decoded))
		assert.Len(t, valuesOf(t, decoded), points)
	}
}

func TestCountersGrowAndTheOrderOfPointsChanges(t *testing.T) {
	points := theBuild().points[:DefaultPoints]
	at := func(elapsed time.Duration) (snapshotResponse, map[string]int64) {
		var decoded snapshotResponse
		plan := snapshotPlan{when: time.Now(), elapsed: elapsed, without: -1}
		require.NoError(t, json.Unmarshal(appendSnapshot(nil, points, 42, &plan), &decoded))
		return decoded, valuesOf(t, decoded)
	}
	var orders []string
	last := make(map[string]int64)
	changed := make(map[string]bool)
	for second := range 30 {
		response, values := at(time.Duration(second) * time.Second)
		var order strings.Builder
		for _, entry := range response.Result.Snapshot.Data {
			series := seriesOf(entry)
			order.WriteString(series + " ")
			if entry.Metric.Type == typeCounter {
				assert.GreaterOrEqual(t, values[series], last[series])
			}
			if second > 0 && values[series] != last[series] {
				changed[series] = true
			}
		}
		last = values
		orders = append(orders, order.String())
	}
	assert.Greater(t, len(changed), DefaultPoints/2, "most values change")
	slices.Sort(orders)
	assert.Greater(t, len(slices.Compact(orders)), 20, "different orders in 30 responses")
}

func TestSnapshotsDoNotAllocate(t *testing.T) {
	points := theBuild().points[:DefaultPoints]
	buffer := make([]byte, 0, 64<<10)
	data := []byte(exportAll)
	var cache requestCache
	cache.parse(data)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		parsed := cache.parse(data[:objectEnd(data)])
		plan := snapshotPlan{when: time.Now(), elapsed: time.Hour, filter: parsed.filter, without: -1}
		buffer = appendSnapshot(buffer[:0], points, 7, &plan)
	}))
}

func BenchmarkSnapshot(b *testing.B) {
	points := theBuild().points[:DefaultPoints]
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		plan := snapshotPlan{when: time.Now(), elapsed: time.Hour, without: -1}
		buffer = appendSnapshot(buffer[:0], points, 7, &plan)
	}
	b.SetBytes(int64(len(buffer)))
}

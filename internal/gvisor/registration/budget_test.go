package registration

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/knownmetrics"
)

// distinct returns a registration with known metrics and values that no other
// one has.
func distinct(i, values int) []byte {
	var all []string
	for j := range values {
		all = append(all, fmt.Sprintf("%050d-%d", j, i))
	}
	return []byte(registered(opens(nil), metric(keys{
		"name": "/weirdness", "prometheus_name": "weirdness", "description": "Lie.",
		"fields": []keys{field("weirdness_type", all...)},
	})))
}

func TestBudgetLimitsDistinctRegistrations(t *testing.T) {
	for name, budget := range map[string]Budget{
		"number": {Registrations: 10, Bytes: 1 << 30},
		"bytes":  {Registrations: 100, Bytes: 1_250_000},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewFirstUseCache(NewKnown("", false), Limits{}, budget)
			var kept []*Registration
			for i := range 10 {
				r, err := c.Get(distinct(i, 1000))
				require.NoError(t, err)
				kept = append(kept, r)
			}
			beyond := distinct(10, 1000)
			for range 2 {
				_, err := c.Get(beyond)
				require.True(t, IsBudget(err), "%v", err)
				require.ErrorContains(t, err, "start sandboxes with --metric-server")
			}
			again, err := c.Get(shuffled(t, distinct(3, 1000), 1))
			require.NoError(t, err, "metrics that are retained already count once")
			assert.Same(t, kept[3], again)

			runtime.KeepAlive(kept)
			clear(kept)
			runtime.GC()
			_, err = c.Get(beyond)
			require.NoError(t, err, "it fits when others are gone")
		})
	}
}

// heapOf returns the memory that the results of a function retain.
func heapOf(create func() any) int64 {
	var before, after runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	kept := create()
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

func TestRetainedSizeIsEstimated(t *testing.T) {
	release := []byte(releaseOf(knownmetrics.All()))
	for name, raw := range map[string]func(i int) []byte{
		"values":  func(i int) []byte { return distinct(i, 3000) },
		"release": func(int) []byte { return slices.Clone(release) },
		"unknown": func(i int) []byte {
			var all []keys
			for j := range 1000 {
				name := fmt.Sprintf("x%d_%d", i, j)
				all = append(all, metric(keys{"name": "/" + name, "prometheus_name": name}))
			}
			return []byte(registered(all...))
		},
	} {
		for _, keep := range []bool{false, true} {
			known := NewKnown("", keep)
			const n = 10
			var estimate, text int64
			var texts [n][]byte
			for i := range n {
				texts[i] = raw(i)
				text += int64(len(texts[i]))
			}
			used := heapOf(func() any {
				var all []*Registration
				for i := range n {
					r, err := ParseFirstUse(texts[i], known, Limits{})
					require.NoError(t, err)
					estimate += r.retained()
					all = append(all, r)
				}
				return all
			})
			runtime.KeepAlive(texts)
			t.Logf("%s, keep %v: text %d, retained %d, estimate %d", name, keep, text/n, used/n, estimate/n)
			assert.InDelta(t, used, estimate, float64(used)/4, "%s, keep %v", name, keep)
		}
	}
}

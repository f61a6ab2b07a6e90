package registration

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
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
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&before)
	kept := create()
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// registrationsOfAnySize are registrations in each of which another part retains
// most of the memory. None of them have the same text for different i.
var registrationsOfAnySize = map[string]func(i int) []byte{
	"values":  func(i int) []byte { return distinct(i, 3000) },
	"release": func(int) []byte { return slices.Clone([]byte(releaseOf(knownmetrics.All()))) },
	"unknown": func(i int) []byte { return manyUnknown(i, 1000, nil) },
	"long names": func(i int) []byte {
		return manyUnknown(i, 300, func(m keys) {
			m["name"] = m["name"].(string) + strings.Repeat("p", 200)
			m["prometheus_name"] = m["prometheus_name"].(string) + strings.Repeat("n", 200)
		})
	},
	"help texts": func(i int) []byte {
		return manyUnknown(i, 120, func(m keys) { m["description"] = m["name"].(string) + strings.Repeat("h", 4000) })
	},
	"fields": func(i int) []byte {
		return manyUnknown(i, 300, func(m keys) {
			var fields []keys
			for j := range 8 {
				fields = append(fields, field(fmt.Sprint("f", j), "x"))
			}
			m["fields"] = fields
		})
	},
	"long field names": func(i int) []byte {
		return manyUnknown(i, 200, func(m keys) {
			m["fields"] = []keys{field("f"+m["prometheus_name"].(string)+strings.Repeat("f", 240), "x")}
		})
	},
	"histograms": func(i int) []byte {
		return manyUnknown(i, 500, func(m keys) { m["type"], m["distribution_bucket_lower_bounds"] = 1, ascending(1) })
	},
	"buckets": func(i int) []byte {
		return manyUnknown(i, 200, func(m keys) { m["type"], m["distribution_bucket_lower_bounds"] = 1, ascending(250) })
	},
}

// manyUnknown returns a registration with n unknown metrics, each of which is
// changed.
func manyUnknown(i, n int, change func(keys)) []byte {
	var all []keys
	for j := range n {
		name := fmt.Sprintf("x%d_%d", i, j)
		m := metric(keys{"name": "/" + name, "prometheus_name": name})
		if change != nil {
			change(m)
		}
		all = append(all, m)
	}
	return []byte(registered(all...))
}

func TestRetainedSizeIsEstimated(t *testing.T) {
	for name, raw := range registrationsOfAnySize {
		for _, keep := range []bool{false, true} {
			known := NewKnown("", keep)
			const n = 3
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
			const noise = 1 << 16 // of the heap itself
			assert.InDelta(t, used, estimate, float64(used)/5+noise, "%s, keep %v", name, keep)
		}
	}
}

// TestBudgetIsExact uses up a budget to the last registration and byte.
func TestBudgetIsExact(t *testing.T) {
	one, err := ParseFirstUse(distinct(0, 10), NewKnown("", false), Limits{})
	require.NoError(t, err)
	for name, budget := range map[string]Budget{
		"number": {Registrations: 2, Bytes: 1 << 30},
		"bytes":  {Registrations: 100, Bytes: 2 * one.retained()},
	} {
		c := NewFirstUseCache(NewKnown("", false), Limits{}, budget)
		var kept []*Registration
		for i := range 2 {
			r, err := c.Get(distinct(i, 10))
			require.NoError(t, err, name)
			kept = append(kept, r)
		}
		_, err := c.Get(distinct(2, 10))
		require.True(t, IsBudget(err), "%s: %v", name, err)
		runtime.KeepAlive(kept)
	}
}

package registration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shuffled lists the metrics of a registration in another order.
func shuffled(t testing.TB, raw []byte, seed uint64) []byte {
	t.Helper()
	var r map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &r))
	var metrics []json.RawMessage
	require.NoError(t, json.Unmarshal(r["metrics"], &metrics))
	random := rand.New(rand.NewPCG(seed, seed))
	random.Shuffle(len(metrics), func(i, j int) { metrics[i], metrics[j] = metrics[j], metrics[i] })
	var err error
	r["metrics"], err = json.Marshal(metrics)
	require.NoError(t, err)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	return data
}

func TestCacheShares(t *testing.T) {
	c := NewCache("runsc_", Limits{})
	first, err := c.Get(small(t))
	require.NoError(t, err)
	again, err := c.Get(small(t))
	require.NoError(t, err)
	assert.Same(t, first, again, "the same bytes")
	reordered, err := c.Get(shuffled(t, small(t), 1))
	require.NoError(t, err)
	assert.Same(t, first, reordered, "the same metrics in another order")

	other, err := c.Get([]byte(registered(metric(nil))))
	require.NoError(t, err)
	assert.NotSame(t, first, other)
	_, err = c.Get([]byte(registered(metric(nil), metric(nil))))
	assert.Error(t, err, "a metric twice is not the same as once")
	changed, err := c.Get([]byte(registered(metric(map[string]any{"description": "Changed."}))))
	require.NoError(t, err)
	assert.Equal(t, "Changed.", changed.Metrics[0].Help)
	runtime.KeepAlive(first)
}

func TestCacheSharesCaptures(t *testing.T) {
	c := NewCache("runsc_", Limits{})
	var first *Registration
	for name, raw := range captured(t) {
		r, err := c.Get(raw)
		require.NoError(t, err)
		if first == nil {
			first = r
		}
		assert.Same(t, first, r, name)
	}
}

func TestCacheRemembersFailures(t *testing.T) {
	c := NewCache("", Limits{})
	raw := []byte(registered(metric(map[string]any{"type": 9})))
	_, first := c.Get(raw)
	require.Error(t, first)
	_, again := c.Get(raw)
	assert.True(t, first == again) //nolint:testifylint // the very same error
	_, err := c.Get([]byte(`null`))
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.Equal(t, RuleAbsent, typed.Rule)
	_, err = c.Get([]byte(`{"metrics":`))
	require.ErrorAs(t, err, &typed)
	assert.Equal(t, RuleFormat, typed.Rule)
}

func TestCacheObeysLimits(t *testing.T) {
	c := NewCache("", Limits{Metrics: 1})
	_, err := c.Get(small(t))
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.Equal(t, RuleLimit, typed.Rule)
}

func TestCacheLetsGo(t *testing.T) {
	c := NewCache("", Limits{})
	r, err := c.Get(small(t))
	require.NoError(t, err)
	gone := make(chan struct{})
	runtime.AddCleanup(r, func(gone chan struct{}) { close(gone) }, gone)
	runtime.KeepAlive(r)
	for deadline := time.Now().Add(10 * time.Second); ; {
		runtime.GC()
		select {
		case <-gone:
		case <-time.After(10 * time.Millisecond):
			require.True(t, time.Now().Before(deadline), "the cache keeps an unused registration")
			continue
		}
		break
	}
	again, err := c.Get(small(t))
	require.NoError(t, err, "and it can be had again")
	assert.Len(t, again.Metrics, 7)
}

func TestCacheIsBounded(t *testing.T) {
	c := NewCache("", Limits{})
	kept, err := c.Get(small(t))
	require.NoError(t, err)
	for i := range 20_000 {
		_, err := c.Get(fmt.Appendf(nil, `{"metrics":%d}`, i))
		require.Error(t, err)
	}
	assert.LessOrEqual(t, len(c.contents), firstSweep+1, "failures are dropped when there are many")
	again, err := c.Get(small(t))
	require.NoError(t, err)
	assert.Same(t, kept, again)
}

func TestCacheIsBoundedWhileAllIsInUse(t *testing.T) {
	c := NewCache("", Limits{})
	kept, err := c.Get([]byte(registered(metric(nil))))
	require.NoError(t, err)
	for i := range keptContents + 100 {
		r, err := c.Get(fmt.Appendf(nil, `{"new":%d,%s`, i, registered(metric(nil))[1:]))
		require.NoError(t, err)
		require.Same(t, kept, r)
	}
	assert.LessOrEqual(t, len(c.contents), keptContents)
}

func TestCacheIsSafeForConcurrentUse(t *testing.T) {
	c := NewCache("", Limits{})
	raws := make([][]byte, 20)
	for i := range raws {
		raws[i] = shuffled(t, small(t), uint64(i))
	}
	got := make([]*Registration, 100)
	var group sync.WaitGroup
	for i := range got {
		group.Go(func() {
			var err error
			got[i], err = c.Get(raws[i%len(raws)])
			assert.NoError(t, err)
		})
	}
	group.Wait()
	for _, r := range got {
		assert.Same(t, got[0], r)
	}
}

func TestCacheFindsWithoutAllocating(t *testing.T) {
	c := NewCache("", Limits{})
	raw := small(t)
	r, err := c.Get(raw)
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if again, _ := c.Get(raw); again != r {
			t.Fatal("not found")
		}
	}))
}

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
	all := r.Select(nil)
	assert.Len(t, names(all), 7)
	assert.Len(t, all.Counters, 3*8+4)
	assert.IsIncreasing(t, all.Counters)
	assert.Same(t, all, r.Select(nil))

	disk := r.Select(regexp.MustCompile(`^(?:disk_.*)$`))
	assert.Equal(t, []string{"disk_latency", "disk_reads", "disk_wait"}, names(disk))
	assert.Equal(t, []uint32{r.Find([]byte("disk_reads")).First, r.Find([]byte("disk_wait")).First}, disk.Counters)
	assert.Same(t, disk, r.Select(regexp.MustCompile(`^(?:disk_.*)$`)))
	assert.Empty(t, r.Select(regexp.MustCompile(`^$`)).Counters)

	for i := range 100 {
		r.Select(regexp.MustCompile(fmt.Sprintf("^x%d$", i)))
	}
	assert.LessOrEqual(t, len(r.selections), keptSelections)
}

func TestSelectFillsOnlyFewValues(t *testing.T) {
	values := make([]string, 17)
	for i := range values {
		values[i] = fmt.Sprint(i)
	}
	r, err := Parse([]byte(registered(
		metric(map[string]any{"fields": fields{field("a", values[:16]...), field("b", "x", "y")}}),
		metric(map[string]any{"name": "/more", "prometheus_name": "more", "fields": fields{field("a", values...)}}),
		metric(map[string]any{"name": "/level", "prometheus_name": "level", "cumulative": false}),
		histogram(nil),
	)), "", Limits{})
	require.NoError(t, err)
	assert.Len(t, r.Select(nil).Counters, 32)
}

func BenchmarkCacheSameMetrics(b *testing.B) {
	captures := captured(b)
	c := NewCache("runsc_", Limits{})
	kept, err := c.Get(captures["docker.state.json"])
	require.NoError(b, err)
	raw := captures["cli-instrumented.state.json"]
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.parse(raw); err != nil {
			b.Fatal(err)
		}
	}
	runtime.KeepAlive(kept)
}

func BenchmarkCacheSameBytes(b *testing.B) {
	raw := captured(b)["docker.state.json"]
	c := NewCache("runsc_", Limits{})
	kept, err := c.Get(raw)
	require.NoError(b, err)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Get(raw); err != nil {
			b.Fatal(err)
		}
	}
	runtime.KeepAlive(kept)
}

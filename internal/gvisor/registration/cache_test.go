package registration

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shuffled returns a registration with its metrics in another order.
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

func TestCacheSharesRegistrations(t *testing.T) {
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
	assert.Error(t, err, "a metric that occurs twice is invalid")
	changed, err := c.Get([]byte(withMetric(keys{"description": "Changed."})))
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

func TestCacheKeepsFailures(t *testing.T) {
	c := NewCache("", Limits{})
	raw := []byte(withMetric(keys{"type": 9}))
	_, first := c.Get(raw)
	require.Error(t, first)
	_, again := c.Get(raw)
	assert.True(t, first == again) //nolint:testifylint // must be the identical error
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

func TestCacheDropsUnusedRegistrations(t *testing.T) {
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
			require.True(t, time.Now().Before(deadline), "the cache keeps an unused registration alive")
			continue
		}
		break
	}
	again, err := c.Get(small(t))
	require.NoError(t, err, "a dropped registration is parsed again")
	assert.Len(t, again.Metrics, 7)
}

func TestCacheLimitsFailures(t *testing.T) {
	c := NewCache("", Limits{})
	kept, err := c.Get(small(t))
	require.NoError(t, err)
	for i := range 20_000 {
		_, err := c.Get(fmt.Appendf(nil, `{"metrics":%d}`, i))
		require.Error(t, err)
	}
	assert.LessOrEqual(t, len(c.entries), minSweep+1, "sweeps drop failures")
	again, err := c.Get(small(t))
	require.NoError(t, err)
	assert.Same(t, kept, again)
}

// TestSweepsBecomeRarer shows that the cost of sweeping does not grow with each
// sandbox, and that a sweep does not drop what is in use.
func TestSweepsBecomeRarer(t *testing.T) {
	c := NewCache("", Limits{})
	kept, err := c.Get([]byte(registered(metric(nil))))
	require.NoError(t, err)
	for i := range 2 * minSweep {
		_, err := c.Get(fmt.Appendf(nil, `{"new":%d,%s`, i, registered(metric(nil))[1:]))
		require.NoError(t, err)
	}
	assert.Len(t, c.entries, 2*minSweep+1)
	assert.Equal(t, 4*minSweep, c.sweepAt, "the number of entries at the last sweep, doubled")
	runtime.KeepAlive(kept)
}

func TestCacheLimitsEntriesInUse(t *testing.T) {
	c := NewCache("", Limits{})
	kept, err := c.Get([]byte(registered(metric(nil))))
	require.NoError(t, err)
	for i := range maxEntries + 100 {
		r, err := c.Get(fmt.Appendf(nil, `{"new":%d,%s`, i, registered(metric(nil))[1:]))
		require.NoError(t, err)
		require.Same(t, kept, r)
	}
	assert.LessOrEqual(t, len(c.entries), maxEntries)
}

func TestCacheConcurrentUse(t *testing.T) {
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

func TestCacheHitDoesNotAllocate(t *testing.T) {
	c := NewCache("", Limits{})
	raw := small(t)
	r, err := c.Get(raw)
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if again, _ := c.Get(raw); again != r {
			t.Fatal("another registration")
		}
	}))
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
		if _, err := c.parse(raw, 0); err != nil {
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

package snapshot

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "run go test -update to rewrite %s", path)
}

func TestReadEmitsPoints(t *testing.T) {
	reg := testRegistration(t)
	r, err := read(NewVerifier(reg, Settings{}), mixedResponse(reg).String())
	require.NoError(t, err)
	assert.Equal(t, testTime, r.Time)
	assert.Equal(t, time.UTC, r.Time.Location())
	assert.Equal(t, len(mixedResponse(reg).String()), r.ResponseSize)
	checkGolden(t, "mixed.golden", formatPoints(r))
}

func TestReadAppendsToReading(t *testing.T) {
	reg := testRegistration(t)
	r := &sandbox.Reading{}
	r.Add(&sandbox.Family{OTel: sandbox.Descriptor{Name: "before"}}, sandbox.Int(1))
	source := strings.NewReader(newResponse(reg, testTime).number("disk_reads", 1).String())
	require.NoError(t, NewVerifier(reg, Settings{}).Read(source, 1000, clock, r))
	assert.Equal(t, "before 1\ngvisor.disk.reads 1\n", formatPoints(r))
}

func TestTimeWithOffset(t *testing.T) {
	reg := testRegistration(t)
	when := testTime.In(time.FixedZone("", 2*3600))
	r, err := read(NewVerifier(reg, Settings{}), newResponse(reg, when).String())
	require.NoError(t, err)
	assert.Equal(t, testTime, r.Time)
}

func TestPointsAreSortedByPath(t *testing.T) {
	reg := testRegistration(t)
	want, err := read(NewVerifier(reg, Settings{}), mixedResponse(reg).String())
	require.NoError(t, err)
	for seed := range uint64(20) {
		shuffled := mixedResponse(reg)
		random := rand.New(rand.NewPCG(seed, 0))
		random.Shuffle(len(shuffled.entries), func(i, j int) {
			shuffled.entries[i], shuffled.entries[j] = shuffled.entries[j], shuffled.entries[i]
		})
		got, err := read(NewVerifier(reg, Settings{}), shuffled.String())
		require.NoError(t, err)
		require.Equal(t, formatPoints(want), formatPoints(got))
	}
}

// TestManySeriesKeepTheirValues reads more series than fit into one word of a
// bitmap, in descending order.
func TestManySeriesKeepTheirValues(t *testing.T) {
	reg := hexRegistration(t, 2)
	response := newResponse(reg, testTime)
	const digits = "0123456789abcde"
	var want strings.Builder
	for i := range len(digits) * len(digits) {
		p, q := digits[i/len(digits):][:1], digits[i%len(digits):][:1]
		response.number("c", int64(i), "p", p, "q", q)
		fmt.Fprintf(&want, "gvisor.c p=%q q=%q %d\n", p, q, i)
	}
	slices.Reverse(response.entries)
	r, err := read(NewVerifier(reg, Settings{}), response.String())
	require.NoError(t, err)
	assert.Equal(t, want.String(), formatPoints(r))
}

func TestZeroFill(t *testing.T) {
	reg := testRegistration(t)
	v := NewVerifier(reg, Settings{ZeroFill: registration.ZeroFillAll})
	r, err := read(v, newResponse(reg, testTime).
		number("disk_reads", 7).number("calls_odd", 2, "kind", "second", "number", "1").number("tasks_open", 0).String())
	require.NoError(t, err)
	checkGolden(t, "zero_fill.golden", formatPoints(r))
	assert.Len(t, r.Points, 3*8+4+1)

	// A counter that has occurred before and is missing now is not zero.
	r, err = read(v, newResponse(reg, testTime).number("link_rx_packets", 1).String())
	require.NoError(t, err)
	assert.NotContains(t, formatPoints(r), "gvisor.disk.reads")
	assert.Contains(t, formatPoints(r), "gvisor.disk.wait 0\n")
	assert.Contains(t, formatPoints(r), "gvisor.link.rx.packets 1\n")
	assert.NotContains(t, formatPoints(r), "gvisor.link.rx.packets 0\n")

	// AppendSeries lists every series emitted so far exactly once.
	series := &sandbox.Reading{}
	v.AppendSeries(series)
	assert.Len(t, series.Points, 3*8+4+1)
	series.Reset()
	v.AppendSeries(series)
	assert.Empty(t, series.Points)

	filtered := NewVerifier(reg, Settings{ZeroFill: registration.ZeroFillAll, Filter: regexp.MustCompile(`^(?:disk_.*)$`)})
	r, err = read(filtered, newResponse(reg, testTime).String())
	require.NoError(t, err)
	assert.Equal(t, "gvisor.disk.reads 0\ngvisor.disk.wait 0\n", formatPoints(r))
}

func TestAppendSeries(t *testing.T) {
	reg := testRegistration(t)
	v := NewVerifier(reg, Settings{})
	series := func() []string {
		r := &sandbox.Reading{}
		v.AppendSeries(r)
		var lines []string
		for _, p := range r.Points {
			assert.Equal(t, p.Family.Prometheus.Kind == sandbox.Histogram, p.Distribution != nil)
			lines = append(lines, p.Family.Prometheus.Name+fmt.Sprint(p.Labels))
		}
		return lines
	}
	assert.Empty(t, series())
	_, err := read(v, newResponse(reg, testTime).number("disk_reads", 7).number("tasks_open", 1).String())
	require.NoError(t, err)
	_, err = read(v, newResponse(reg, testTime).
		number("calls_odd", 2, "kind", "second", "number", "1").number("disk_reads", 7).
		histogram("disk_latency", 0, 0, 0, `{}`, make([]uint64, 4), "mode", "w").
		histogram("disk_latency", 0, 0, 0, `{}`, make([]uint64, 4), "mode", "r").String())
	require.NoError(t, err)
	_, err = read(v, newResponse(reg, testTime).number("link_rx_bytes", 1).number("disk_reads", 6).String())
	require.Error(t, err, "a rejected snapshot emits no series")
	assert.Equal(t, []string{
		"runsc_calls_odd[second 1]",
		"runsc_disk_latency[r]", "runsc_disk_latency[w]",
		"runsc_disk_latency_min[r]", "runsc_disk_latency_min[w]",
		"runsc_disk_latency_max[r]", "runsc_disk_latency_max[w]",
		"runsc_disk_latency_ssd[r]", "runsc_disk_latency_ssd[w]",
		"runsc_disk_reads[]",
		"runsc_tasks_open[]",
	}, series())
	assert.Empty(t, series(), "series are listed once")

	_, err = read(v, newResponse(reg, testTime).number("disk_reads", 6).String())
	require.Error(t, err, "AppendSeries keeps the last values")
	_, err = read(v, newResponse(reg, testTime).number("disk_reads", 8).String())
	require.NoError(t, err)
	assert.Equal(t, []string{"runsc_disk_reads[]"}, series())
}

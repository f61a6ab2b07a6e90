package snapshot

import (
	"fmt"
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

// hexRegistration returns a registration of a gauge "z" without fields and of a
// counter "c" whose fields have 15 values each. With four fields it has about
// 500 bytes and 50,625 counters.
func hexRegistration(t testing.TB, fields int) *registration.Registration {
	t.Helper()
	digits := strings.Split("0123456789abcde", "")
	var parts []string
	for _, name := range []string{"p", "q", "r", "s"}[:fields] {
		parts = append(parts, fmt.Sprintf(`{"field_name":%q,"allowed_values":%s}`, name, toJSON(digits)))
	}
	text := fmt.Sprintf(`{"metrics":[{"name":"/c","prometheus_name":"c","cumulative":true,"fields":[%s]},`+
		`{"name":"/z","prometheus_name":"z"}]}`, strings.Join(parts, ","))
	reg, err := registration.Parse([]byte(text), "", registration.Limits{})
	require.NoError(t, err)
	require.Less(t, len(text), 512)
	return reg
}

// TestZeroFillIsLimited checks that a small registration cannot cause more points
// than a snapshot may have.
func TestZeroFillIsLimited(t *testing.T) {
	reg := hexRegistration(t, 4)
	require.EqualValues(t, 50_626, reg.Series)
	v := NewVerifier(reg, Settings{ZeroFill: registration.ZeroFillAll})
	r, err := read(v, newResponse(reg, testTime).number("z", 1).String())
	require.NoError(t, err)
	assert.Len(t, r.Points, defaultMaxPoints)
	assert.Less(t, cap(r.Points), 2*defaultMaxPoints)
	series := &sandbox.Reading{}
	v.AppendSeries(series)
	assert.Len(t, series.Points, defaultMaxPoints)
}

// zeros returns the labels of the points with the value 0.
func zeros(r *sandbox.Reading) (labels []string) {
	for i := range r.Points {
		if r.Points[i].Value.AsInt() == 0 {
			labels = append(labels, strings.Join(r.Points[i].Labels, ""))
		}
	}
	return labels
}

// TestZerosMakeRoomForValues checks that values have precedence over zeros, that
// zeros that made room do not return, and that all series end.
func TestZerosMakeRoomForValues(t *testing.T) {
	reg := hexRegistration(t, 1)
	v := NewVerifier(reg, Settings{ZeroFill: registration.ZeroFillAll, MaxPoints: 6})
	for i, step := range []struct {
		response *response
		zeros    string
	}{
		{newResponse(reg, testTime), "0 1 2 3 4 5"},
		{newResponse(reg, testTime).number("c", 1, "p", "2"), "0 1 3 4 5"}, // was zero before
		{newResponse(reg, testTime).number("c", 1, "p", "e"), "0 1 3 4"},
		{newResponse(reg, testTime).number("z", 1), "0 1 3"},
		{newResponse(reg, testTime), "0 1 3"},
		{newResponse(reg, testTime).number("c", 1, "p", "9").number("c", 1, "p", "8").number("c", 1, "p", "7"), ""},
	} {
		r, err := read(v, step.response.String())
		require.NoError(t, err)
		assert.Equal(t, step.zeros, strings.Join(zeros(r), " "), "pull %d", i)
		assert.LessOrEqual(t, len(r.Points), 6, "pull %d", i)
	}
	ended := func() string {
		r := &sandbox.Reading{}
		v.AppendSeries(r)
		names := zeros(r)
		slices.Sort(names)
		return strings.Join(names, " ")
	}
	assert.Equal(t, " 0 1 2 3 4 5 7 8 9 e", ended(), "a series without labels and those of the counter")
	assert.Empty(t, ended())

	_, err := read(v, newResponse(reg, testTime.Add(-time.Nanosecond)).String())
	require.Error(t, err)
	assert.Empty(t, ended(), "a rejected snapshot emits nothing")
}

// coreRegistration returns a registration with three core counters and one other.
func coreRegistration(t testing.TB) *registration.Registration {
	t.Helper()
	var metrics []string
	for _, path := range []string{"/fs/opens", "/fs/reads", "/fs/made_up", "/netstack/dropped_packets"} {
		metrics = append(metrics, fmt.Sprintf(`{"name":%q,"prometheus_name":%q,"description":"Number.","cumulative":true}`,
			path, strings.ReplaceAll(path[1:], "/", "_")))
	}
	reg, err := registration.Parse([]byte(`{"metrics":[`+strings.Join(metrics, ",")+`]}`), "runsc_", registration.Limits{})
	require.NoError(t, err)
	return reg
}

func TestZeroFillOfCore(t *testing.T) {
	reg := coreRegistration(t)
	for zeroFill, want := range map[registration.ZeroFill]string{
		registration.ZeroFillNone: "gvisor.fs.reads 3\n",
		registration.ZeroFillCore: "gvisor.fs.opens 0\ngvisor.fs.reads 3\ngvisor.netstack.dropped_packets 0\n",
		registration.ZeroFillAll:  "gvisor.fs.made_up 0\ngvisor.fs.opens 0\ngvisor.fs.reads 3\ngvisor.netstack.dropped_packets 0\n",
	} {
		v := NewVerifier(reg, Settings{ZeroFill: zeroFill})
		r, err := read(v, newResponse(reg, testTime).number("fs_reads", 3).String())
		require.NoError(t, err)
		assert.Equal(t, want, formatPoints(r), zeroFill)
		points := len(r.Points)
		for i := range r.Points {
			assert.Equal(t, sandbox.Counter, r.Points[i].Family.OTel.Kind, "a counter has the start time of the reading")
		}

		// A series that was filled continues with its first increment, and ends once.
		r, err = read(v, newResponse(reg, testTime).number("fs_reads", 3).number("fs_opens", 1).String())
		require.NoError(t, err)
		assert.Contains(t, formatPoints(r), "gvisor.fs.opens 1\n")
		assert.NotContains(t, formatPoints(r), "gvisor.fs.opens 0\n")
		ends := &sandbox.Reading{}
		v.AppendSeries(ends)
		if zeroFill == registration.ZeroFillNone {
			points++ // fs_opens, which was not filled
		}
		assert.Len(t, ends.Points, points, zeroFill)
	}
}

func TestZeroFillOfCoreKeepsFilterAndLimit(t *testing.T) {
	reg := coreRegistration(t)
	filtered := NewVerifier(reg, Settings{ZeroFill: registration.ZeroFillCore, Filter: regexp.MustCompile(`^(?:netstack_.*)$`)})
	r, err := read(filtered, newResponse(reg, testTime).String())
	require.NoError(t, err)
	assert.Equal(t, "gvisor.netstack.dropped_packets 0\n", formatPoints(r))

	limited := NewVerifier(reg, Settings{ZeroFill: registration.ZeroFillCore, MaxPoints: 2})
	r, err = read(limited, newResponse(reg, testTime).number("fs_made_up", 1).String())
	require.NoError(t, err)
	assert.Equal(t, "gvisor.fs.made_up 1\ngvisor.fs.opens 0\n", formatPoints(r))
}

package simulate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type registration struct {
	Metrics []struct {
		Name           string `json:"name"`
		PrometheusName string `json:"prometheus_name"`
		Description    string `json:"description"`
		Cumulative     bool   `json:"cumulative"`
		Units          int    `json:"units"`
		Fields         []struct {
			Name   string   `json:"field_name"`
			Values []string `json:"allowed_values"`
		} `json:"fields"`
	} `json:"metrics"`
	Stages []string `json:"stages"`
}

func TestRegistrationLooksLikeThatOfARealBuild(t *testing.T) {
	data := theGVisorBuild().registration
	assert.InDelta(t, 50_000, len(data), 4_000, "bytes")
	var r registration
	require.NoError(t, json.Unmarshal(data, &r))
	assert.Len(t, r.Metrics, 178)
	assert.Len(t, r.Stages, 5)
	seen := make(map[string]bool)
	widest, gauges, nanoseconds := 0, 0, 0
	for _, m := range r.Metrics {
		assert.Regexp(t, `^/[a-z][a-z0-9_/]*$`, m.Name)
		assert.Equal(t, strings.ReplaceAll(m.Name[1:], "/", "_"), m.PrometheusName)
		assert.NotEmpty(t, m.Description)
		assert.False(t, seen[m.Name], "%s twice", m.Name)
		seen[m.Name] = true
		if !m.Cumulative {
			gauges++
		}
		nanoseconds += m.Units
		combined := 1
		for _, f := range m.Fields {
			combined *= len(f.Values)
			assert.Len(t, f.Values, len(slices.Compact(slices.Sorted(slices.Values(f.Values)))), "%s: values twice", m.Name)
		}
		widest = max(widest, combined)
		if m.PrometheusName == "netstack_socket_unimplemented_set_socket_option" {
			assert.Equal(t, 606, combined)
		}
	}
	assert.Equal(t, 2002, widest)
	assert.Equal(t, 2, gauges)
	assert.Equal(t, 4, nanoseconds)
}

func TestNamesAreThoseOfTheCapture(t *testing.T) {
	data, err := os.ReadFile("../../../shared/gvisor/registered-metrics.response.json")
	if os.IsNotExist(err) {
		t.Skip("the captures are not here")
	}
	require.NoError(t, err)
	var captured struct {
		Result struct{ RegisteredMetrics registration }
	}
	var ours registration
	require.NoError(t, json.Unmarshal(data, &captured))
	require.NoError(t, json.Unmarshal(theGVisorBuild().registration, &ours))
	names := func(r registration) []string {
		var all []string
		for _, m := range r.Metrics {
			all = append(all, m.Name)
		}
		slices.Sort(all)
		return all
	}
	assert.Equal(t, names(captured.Result.RegisteredMetrics), names(ours))
}

func TestStateFileHoldsWhatRunscWrites(t *testing.T) {
	fleet := newFleet(t, Options{GVisor: 1})
	s := fleet.GVisor()[0]
	data, err := os.ReadFile(s.StatePath())
	require.NoError(t, err)
	assert.InDelta(t, 52_000, len(data), 4_000, "bytes")
	assert.Contains(t, string(data), DecoySecret)
	assert.NotContains(t, string(data), registrationMark)
	var state struct {
		ID        string    `json:"id"`
		CreatedAt time.Time `json:"createdAt"`
		Status    string    `json:"status"`
		Sandbox   struct {
			ID                  string            `json:"id"`
			PID                 int               `json:"pid"`
			RegisteredMetrics   registration      `json:"registeredMetrics"`
			MetricMetadata      map[string]string `json:"metricMetadata"`
			MetricServerAddress string            `json:"metricServerAddress"`
			ControlSocketPath   string            `json:"controlSocketPath"`
		} `json:"sandbox"`
	}
	require.NoError(t, json.Unmarshal(data, &state))
	assert.Equal(t, s.ID(), state.ID)
	assert.Equal(t, s.ID(), state.Sandbox.ID)
	assert.Equal(t, "running", state.Status)
	assert.Equal(t, os.Getpid(), state.Sandbox.PID)
	assert.Len(t, state.Sandbox.RegisteredMetrics.Metrics, 178)
	assert.Equal(t, s.SocketPath(), state.Sandbox.ControlSocketPath)
	assert.Equal(t, fleet.MetricServer(), state.Sandbox.MetricServerAddress)
	assert.NotEmpty(t, state.Sandbox.MetricMetadata["platform"])
	assert.False(t, state.CreatedAt.IsZero())

	info, err := os.Stat(s.StatePath())
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	_, err = os.Stat(strings.TrimSuffix(s.StatePath(), ".state") + ".lock")
	assert.NoError(t, err)
}

func TestUnregisteredSandboxHasNoRegistrationInItsFile(t *testing.T) {
	fleet := newFleet(t, Options{})
	s, err := fleet.AddGVisor(GVisorOptions{Unregistered: true})
	require.NoError(t, err)
	data, err := os.ReadFile(s.StatePath())
	require.NoError(t, err)
	assert.Contains(t, string(data), `"registeredMetrics":null`)
	assert.Contains(t, string(data), `"metricServerAddress":""`)
	answer := newCaller(t, s.SocketPath()).call(`{"method":"Metrics.GetRegisteredMetrics","arg":{}}`)
	assert.Equal(t, string(theGVisorBuild().registration), string(answer.Result.RegisteredMetrics))
}

func TestPodsHaveAStateFilePerContainer(t *testing.T) {
	for style, key := range map[PodStyle]string{Containerd: "io.kubernetes.cri.sandbox-name", CRIO: "io.kubernetes.cri-o.KubeName"} {
		t.Run(string(style), func(t *testing.T) {
			fleet := newFleet(t, Options{})
			s, err := fleet.AddGVisor(GVisorOptions{Pod: style, Containers: 2})
			require.NoError(t, err)
			assert.Regexp(t, `^[0-9a-f]{64}$`, s.ID())
			paths, err := filepath.Glob(filepath.Join(fleet.RuntimeRoot(), "*.state"))
			require.NoError(t, err)
			require.Len(t, paths, 3)
			var pods []string
			for _, path := range paths {
				data, err := os.ReadFile(path)
				require.NoError(t, err)
				var state struct {
					ID      string                                  `json:"id"`
					Spec    struct{ Annotations map[string]string } `json:"spec"`
					Sandbox struct {
						ID      string `json:"id"`
						PodName string `json:"podName"`
					} `json:"sandbox"`
				}
				require.NoError(t, json.Unmarshal(data, &state))
				assert.Equal(t, filepath.Base(path), state.ID+"_sandbox:"+s.ID()+".state")
				assert.Equal(t, s.ID(), state.Sandbox.ID)
				assert.Equal(t, state.Sandbox.PodName, state.Spec.Annotations[key])
				pods = append(pods, state.Sandbox.PodName)
			}
			assert.NotEmpty(t, pods[0])
			assert.Len(t, slices.Compact(pods), 1)
		})
	}
}

func TestHonestAnswerAgreesWithItsRegistration(t *testing.T) {
	fleet := newFleet(t, Options{GVisor: 1})
	var r registration
	require.NoError(t, json.Unmarshal(theGVisorBuild().registration, &r))
	helps, counters := make(map[string]string), make(map[string]bool)
	for _, m := range r.Metrics {
		helps[m.PrometheusName], counters[m.PrometheusName] = m.Description, m.Cumulative
	}
	before := time.Now()
	answer := newCaller(t, fleet.GVisor()[0].SocketPath()).call(exportAll)
	assert.WithinRange(t, answer.Result.Snapshot.When, before.Add(-time.Millisecond), time.Now())
	assert.Len(t, valuesOf(t, answer), DefaultPoints)
	labeled := 0
	for _, entry := range answer.Result.Snapshot.Data {
		assert.Equal(t, helps[entry.Metric.Name], entry.Metric.Help)
		if counters[entry.Metric.Name] {
			assert.Equal(t, 2, entry.Metric.Type)
			assert.Positive(t, entry.Val.Int, "%s: zero counters are left out", entry.Metric.Name)
		} else {
			assert.Equal(t, 1, entry.Metric.Type)
		}
		labeled += min(len(entry.Labels), 1)
	}
	assert.Equal(t, 6, labeled)
}

func TestAnswerHasThePromisedSize(t *testing.T) {
	for points, bytes := range map[int]float64{2: 350, 60: 9_000, 178: 25_000, 2700: 580_000} {
		plan := snapshotPlan{when: time.Now(), elapsed: time.Hour, without: -1}
		answer := appendSnapshot(nil, theGVisorBuild().points[:points], 1, &plan)
		assert.InEpsilon(t, bytes, len(answer), 0.15, "%d points", points)
		var decoded snapshotAnswer
		require.NoError(t, json.Unmarshal(answer, &decoded))
		assert.Len(t, valuesOf(t, decoded), points)
	}
}

func TestCountersGrowAndTheOrderChanges(t *testing.T) {
	points := theGVisorBuild().points[:DefaultPoints]
	at := func(elapsed time.Duration) (snapshotAnswer, map[string]int64) {
		var decoded snapshotAnswer
		plan := snapshotPlan{when: time.Now(), elapsed: elapsed, without: -1}
		require.NoError(t, json.Unmarshal(appendSnapshot(nil, points, 42, &plan), &decoded))
		return decoded, valuesOf(t, decoded)
	}
	var orders []string
	last := make(map[string]int64)
	grown := make(map[string]bool)
	for second := range 30 {
		answer, values := at(time.Duration(second) * time.Second)
		var order strings.Builder
		for _, entry := range answer.Result.Snapshot.Data {
			series := seriesOf(entry)
			order.WriteString(series + " ")
			if entry.Metric.Type == 2 {
				assert.GreaterOrEqual(t, values[series], last[series])
			}
			if second > 0 && values[series] != last[series] {
				grown[series] = true
			}
		}
		last = values
		orders = append(orders, order.String())
	}
	assert.Greater(t, len(grown), DefaultPoints/2, "most numbers move")
	slices.Sort(orders)
	assert.Greater(t, len(slices.Compact(orders)), 20, "orders of 30 answers")
}

func TestFilterIsObeyed(t *testing.T) {
	fleet := newFleet(t, Options{GVisor: 1})
	c := newCaller(t, fleet.GVisor()[0].SocketPath())
	values := valuesOf(t, c.call(`{"method":"Metrics.Export","arg":{"only_metrics":"^(?:fs_.*)$"}}`))
	assert.Len(t, values, 3)
	assert.Empty(t, valuesOf(t, c.call(`{"method":"Metrics.Export","arg":{"only_metrics":"^nothing$"}}`)))
	assert.Len(t, valuesOf(t, c.call(exportAll)), DefaultPoints, "the connection is kept")
	assert.Equal(t, int64(3), fleet.GVisor()[0].Load().Calls)
	assert.Equal(t, 1, fleet.GVisor()[0].Load().Connections)
}

func TestRefusals(t *testing.T) {
	fleet := newFleet(t, Options{GVisor: 1})
	c := newCaller(t, fleet.GVisor()[0].SocketPath())
	for request, text := range map[string]string{
		`{"method":"containerManager.Execute","arg":{}}`:         "unknown method",
		`{"method":"Metrics.Export","arg":{"only_metrics":"("}}`: `cannot compile regexp "("`,
		`{"method":"Metrics.Export","arg":{"only_metrics":7}}`:   "cannot decode the argument",
		`{"method":7}`: "cannot decode the request",
	} {
		answer := c.call(request)
		assert.False(t, answer.Success)
		assert.Contains(t, answer.Err, text)
	}
	assert.Equal(t, int64(2), fleet.GVisor()[0].Load().Strange, "calls of other methods")
	assert.Len(t, valuesOf(t, c.call(exportAll)), DefaultPoints)
}

func TestCallsMayComeInPiecesAndTogether(t *testing.T) {
	fleet := newFleet(t, Options{GVisor: 1})
	c := newCaller(t, fleet.GVisor()[0].SocketPath())
	for i := range len(exportAll) {
		_, err := c.conn.Write([]byte(exportAll[i : i+1]))
		require.NoError(t, err)
	}
	assert.Len(t, valuesOf(t, c.answer()), DefaultPoints)
	_, err := c.conn.Write([]byte(exportAll + exportAll))
	require.NoError(t, err)
	assert.Len(t, valuesOf(t, c.answer()), DefaultPoints)
	assert.Len(t, valuesOf(t, c.answer()), DefaultPoints)
	// Longer than the first buffer, with brackets and quotes in a string.
	long := `{"method":"Metrics.Export","arg":{"only_metrics":"` + strings.Repeat(`[\"{}\\\\]?`, 200) + `fs_opens"}}`
	assert.Len(t, valuesOf(t, c.call(long)), 1)
}

func TestValueEnd(t *testing.T) {
	for text, want := range map[string]int{
		``: 0, `{`: 0, `{}`: 2, `{"a":"}"}x`: 9, `{"a":"\"}"}`: 11, `{"a":"\\"}`: 10, `{"a":[{}]}{`: 10, `{"a":[`: 0, `{"a":"`: 0,
	} {
		assert.Equal(t, want, valueEnd([]byte(text)), text)
	}
}

func TestALifeEndsAndAnotherBegins(t *testing.T) {
	fleet := newFleet(t, Options{GVisor: 1})
	s := fleet.GVisor()[0]
	created := func() time.Time {
		data, err := os.ReadFile(s.StatePath())
		require.NoError(t, err)
		var state struct{ CreatedAt time.Time }
		require.NoError(t, json.Unmarshal(data, &state))
		return state.CreatedAt
	}
	first := created()
	c := newCaller(t, s.SocketPath())
	c.call(exportAll)
	require.NoError(t, s.Restart())
	_, err := c.conn.Read(make([]byte, 1))
	require.Error(t, err, "the connection of the first life is closed")
	assert.True(t, created().After(first))
	assert.Len(t, valuesOf(t, newCaller(t, s.SocketPath()).call(exportAll)), DefaultPoints)

	require.NoError(t, fleet.RemoveGVisor(s))
	require.ErrorIs(t, s.Restart(), errRemoved)
	require.ErrorIs(t, s.Checkpoint(), errRemoved)
	left, err := os.ReadDir(fleet.RuntimeRoot())
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestCheckpointRestoreAndStopAreInTheStateFile(t *testing.T) {
	fleet := newFleet(t, Options{GVisor: 1})
	s := fleet.GVisor()[0]
	state := func() string {
		data, err := os.ReadFile(s.StatePath())
		require.NoError(t, err)
		require.True(t, json.Valid(data))
		return string(data)
	}
	assert.Contains(t, state(), `"checkpointed":false,"restored":false,"cpuTimeSaved":0`)
	require.NoError(t, s.Checkpoint())
	assert.Contains(t, state(), `"checkpointed":true,"restored":false`)
	require.NoError(t, s.Restore())
	assert.Contains(t, state(), `"checkpointed":false,"restored":true,"cpuTimeSaved":90000000000,"wallTimeSaved":600000000000`)
	require.NoError(t, s.Stop())
	assert.Contains(t, state(), `"status":"stopped"`)
	_, err := os.Stat(s.SocketPath())
	assert.True(t, os.IsNotExist(err))
}

func TestLongPathsWork(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("x", 120))
	fleet, err := NewFleet(dir, Options{GVisor: 1, Kata: 1})
	require.NoError(t, err)
	assert.Greater(t, len(fleet.GVisor()[0].SocketPath()), longestSocketPath)
	info, err := os.Stat(fleet.GVisor()[0].SocketPath())
	require.NoError(t, err)
	assert.Equal(t, os.ModeSocket, info.Mode().Type())
	require.NoError(t, fleet.Close())
	_, err = os.Stat(dir)
	assert.True(t, os.IsNotExist(err))
}

func TestAnswersNeedNoMemory(t *testing.T) {
	points := theGVisorBuild().points[:DefaultPoints]
	buffer := make([]byte, 0, 64<<10)
	request := []byte(exportAll)
	var cache requestCache
	cache.parse(request)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		parsed := cache.parse(request[:valueEnd(request)])
		plan := snapshotPlan{when: time.Now(), elapsed: time.Hour, filter: parsed.filter, without: -1}
		buffer = appendSnapshot(buffer[:0], points, 7, &plan)
	}))
}

func TestTheRequestCacheIsBounded(t *testing.T) {
	var cache requestCache
	for i := range 3 * requestCacheLimit {
		cache.parse(append([]byte(`{"method":"Metrics.GetRegisteredMetrics","arg":{}}`), byte('a'+i%26), byte(i)))
	}
	assert.LessOrEqual(t, len(cache.known), requestCacheLimit)
}

func BenchmarkSnapshot(b *testing.B) {
	points := theGVisorBuild().points[:DefaultPoints]
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		plan := snapshotPlan{when: time.Now(), elapsed: time.Hour, without: -1}
		buffer = appendSnapshot(buffer[:0], points, 7, &plan)
	}
	b.SetBytes(int64(len(buffer)))
}

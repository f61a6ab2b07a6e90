package snapshot

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// capture reads a file of the captures, which a checkout alone does not have.
func capture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../../shared/gvisor", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no captures here")
	}
	require.NoError(t, err)
	return data
}

func capturedRegistration(t testing.TB) *registration.Registration {
	t.Helper()
	var answer struct {
		Result struct{ RegisteredMetrics json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(capture(t, "registered-metrics.response.json"), &answer))
	known, err := registration.Parse(answer.Result.RegisteredMetrics, "runsc_", registration.Limits{})
	require.NoError(t, err)
	return known
}

// captured reads one captured answer as of the second it was captured in.
func captured(t *testing.T, v *Verifier, name string) (*sandbox.Reading, error) {
	t.Helper()
	return read(v, string(capture(t, name)))
}

func TestCapturedSnapshots(t *testing.T) {
	known := capturedRegistration(t)
	for name, points := range map[string]int{
		"idle.export.response.json":          8,
		"busy.export.response.json":          27,
		"busy-filtered.export.response.json": 2,
	} {
		v := NewVerifier(known, Settings{AnyAge: true})
		r := &sandbox.Reading{}
		data := capture(t, name)
		later := func() time.Time { return time.Date(2026, 11, 20, 10, 19, 39, 0, time.UTC) }
		require.NoError(t, v.Read(&pieces{text: string(data), size: 1000}, 1<<20, later, r), name)
		assert.Len(t, r.Points, points, name)
		assert.Equal(t, len(data), r.ResponseSize)

		// The same data decoded by encoding/json, point by point.
		var answer struct {
			Result struct {
				Snapshot struct {
					When time.Time
					Data []struct {
						Metric struct{ Name string }
						Labels map[string]string
						Val    struct{ Int int64 }
					}
				}
			}
		}
		require.NoError(t, json.Unmarshal(data, &answer))
		assert.Equal(t, answer.Result.Snapshot.When, r.Time)
		want, got := map[string]int64{}, map[string]int64{}
		for _, entry := range answer.Result.Snapshot.Data {
			key := "runsc_" + entry.Metric.Name
			for _, value := range entry.Labels {
				key += " " + value
			}
			want[key] = entry.Val.Int
		}
		for _, p := range r.Points {
			key := p.Family.Prometheus.Name
			for _, value := range p.Labels {
				key += " " + value
			}
			got[key] = p.Value.AsInt()
		}
		assert.Equal(t, want, got, name)
	}
}

func TestCapturedFilter(t *testing.T) {
	known := capturedRegistration(t)
	settings := Settings{AnyAge: true, Filter: regexp.MustCompile(`^(?:fs_(opens|reads))$`)}
	v := NewVerifier(known, settings)
	later := func() time.Time { return moment.Add(time.Second) }
	require.NoError(t, v.Read(&pieces{text: string(capture(t, "busy-filtered.export.response.json")), size: 1000}, 1<<20, later, &sandbox.Reading{}))
	err := v.Read(&pieces{text: string(capture(t, "busy.export.response.json")), size: 1000}, 1<<20, later, &sandbox.Reading{})
	var violation *Violation
	require.ErrorAs(t, err, &violation)
	assert.Equal(t, RuleFilter, violation.Rule)
}

func TestCapturedAnswersThatAreNoSnapshot(t *testing.T) {
	known := capturedRegistration(t)
	for name, want := range map[string]struct {
		outcome sandbox.Outcome
		text    string
	}{
		"busy.event.response.json":              {sandbox.Malformed, "the result holds no snapshot"},
		"cri-pod-container.event.response.json": {sandbox.Malformed, "the result holds no snapshot"},
		"cri-pod-sandbox.event.response.json":   {sandbox.Malformed, "the result holds no snapshot"},
		"busy.usage.response.json":              {sandbox.Malformed, "the result holds no snapshot"},
		"registered-metrics.response.json":      {sandbox.Malformed, "the result holds no snapshot"},
		"bad-regex.export.response.json":        {sandbox.Refused, "cannot compile regexp"},
		"unknown-method.response.json":          {sandbox.Refused, "unknown method"},
		"unknown-container.event.response.json": {sandbox.Refused, "not found"},
	} {
		r, err := captured(t, NewVerifier(known, Settings{}), name)
		assert.Equal(t, want.outcome, sandbox.OutcomeOf(err), name)
		assert.ErrorContains(t, err, want.text, name)
		assert.Empty(t, r.Points)
	}
	paths, err := filepath.Glob("../../../../shared/gvisor/*.response.json")
	require.NoError(t, err)
	assert.Len(t, paths, 8+3, "a captured answer that no test uses")
}

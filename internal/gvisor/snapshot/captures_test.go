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
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/syscalls"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// capture reads a file of the captures, which are not part of the repository. It
// skips the test if there are none.
func capture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("../../../../shared/gvisor", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no captures")
	}
	require.NoError(t, err)
	return data
}

func capturedRegistration(t testing.TB) *registration.Registration {
	t.Helper()
	var response struct {
		Result struct{ RegisteredMetrics json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(capture(t, "registered-metrics.response.json"), &response))
	reg, err := registration.Parse(response.Result.RegisteredMetrics, "runsc_", registration.Limits{})
	require.NoError(t, err)
	return reg
}

// readCapture reads a captured response at the time of the capture.
func readCapture(t *testing.T, v *Verifier, name string) (*sandbox.Reading, error) {
	t.Helper()
	return read(v, string(capture(t, name)))
}

func TestCapturedSnapshots(t *testing.T) {
	reg := capturedRegistration(t)
	for name, points := range map[string]int{
		"idle.export.response.json":          8,
		"busy.export.response.json":          27,
		"busy-filtered.export.response.json": 2,
	} {
		v := NewVerifier(reg, Settings{AnyAge: true})
		r := &sandbox.Reading{}
		data := capture(t, name)
		later := func() time.Time { return time.Date(2026, 11, 20, 10, 19, 39, 0, time.UTC) }
		require.NoError(t, v.Read(&chunkReader{text: string(data), size: 1000}, 1<<20, later, r), name)
		assert.Len(t, r.Points, points, name)
		assert.Equal(t, len(data), r.ResponseSize)

		// Compare each point with the same data decoded by encoding/json.
		var response struct {
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
		require.NoError(t, json.Unmarshal(data, &response))
		assert.Equal(t, response.Result.Snapshot.When, r.Time)
		want, got := map[string]int64{}, map[string]int64{}
		for _, entry := range response.Result.Snapshot.Data {
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
	reg := capturedRegistration(t)
	settings := Settings{AnyAge: true, Filter: regexp.MustCompile(`^(?:fs_(opens|reads))$`)}
	v := NewVerifier(reg, settings)
	later := func() time.Time { return testTime.Add(time.Second) }
	filtered := &chunkReader{text: string(capture(t, "busy-filtered.export.response.json")), size: 1000}
	require.NoError(t, v.Read(filtered, 1<<20, later, &sandbox.Reading{}))
	unfiltered := &chunkReader{text: string(capture(t, "busy.export.response.json")), size: 1000}
	err := v.Read(unfiltered, 1<<20, later, &sandbox.Reading{})
	var violation *Violation
	require.ErrorAs(t, err, &violation)
	assert.Equal(t, RuleFilter, violation.Rule)
}

func TestCapturedResponsesWithoutSnapshot(t *testing.T) {
	reg := capturedRegistration(t)
	for name, want := range map[string]struct {
		outcome sandbox.Outcome
		text    string
	}{
		"busy.event.response.json":              {sandbox.Malformed, "the response contains no snapshot"},
		"cri-pod-container.event.response.json": {sandbox.Malformed, "the response contains no snapshot"},
		"cri-pod-sandbox.event.response.json":   {sandbox.Malformed, "the response contains no snapshot"},
		"busy.usage.response.json":              {sandbox.Malformed, "the response contains no snapshot"},
		"registered-metrics.response.json":      {sandbox.Malformed, "the response contains no snapshot"},
		"bad-regex.export.response.json":        {sandbox.Refused, "cannot compile regexp"},
		"unknown-method.response.json":          {sandbox.Refused, "unknown method"},
		"unknown-container.event.response.json": {sandbox.Refused, "not found"},
	} {
		r, err := readCapture(t, NewVerifier(reg, Settings{}), name)
		assert.Equal(t, want.outcome, sandbox.OutcomeOf(err), name)
		assert.ErrorContains(t, err, want.text, name)
		assert.Empty(t, r.Points)
	}
	paths, err := filepath.Glob("../../../../shared/gvisor/*.response.json")
	require.NoError(t, err)
	assert.Len(t, paths, 8+3, "every captured response is used by a test")
}

// TestCapturedSyscallNames reads a sandbox on amd64 whose programs call rseq, which
// gVisor does not implement.
func TestCapturedSyscallNames(t *testing.T) {
	v := NewVerifier(capturedRegistration(t), Settings{AnyAge: true, Syscalls: syscalls.NamesOf("amd64")})
	source := &chunkReader{text: string(capture(t, "busy.export.response.json")), size: 1000}
	r := &sandbox.Reading{}
	require.NoError(t, v.Read(source, 1<<20, func() time.Time { return testTime.Add(time.Second) }, r))
	assert.Contains(t, labelLists(r), "334 rseq")
}

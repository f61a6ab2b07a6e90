package registration

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// captured returns captured registrations by file.
func captured(t testing.TB) map[string][]byte {
	t.Helper()
	found := map[string][]byte{}
	for _, name := range []string{
		"cli-instrumented.state.json", "cri-pod-container.state.json", "cri-pod-sandbox.state.json", "docker.state.json",
	} {
		var state struct {
			Sandbox struct {
				RegisteredMetrics json.RawMessage `json:"registeredMetrics"`
			} `json:"sandbox"`
		}
		require.NoError(t, json.Unmarshal(capture(t, name), &state), name)
		found[name] = state.Sandbox.RegisteredMetrics
	}
	var response struct {
		Result struct{ RegisteredMetrics json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(capture(t, "registered-metrics.response.json"), &response))
	found["registered-metrics.response.json"] = response.Result.RegisteredMetrics
	return found
}

func TestCaptures(t *testing.T) {
	for name, raw := range captured(t) {
		r, err := Parse(raw, "runsc_", Limits{})
		require.NoError(t, err, name)
		assert.Len(t, r.Metrics, 178, name)
		assert.Equal(t, uint32(172+1+2+6*101+2002+6+5), r.Series, name)
		wait := r.Find([]byte("fs_read_wait")).Family
		assert.Equal(t, "s", wait.OTel.Unit)
		assert.Equal(t, "Time waiting on file reads.", wait.OTel.Description)
		assert.Equal(t, "Time waiting on file reads, in nanoseconds.", wait.Prometheus.Description)
		assert.Equal(t, "gvisor.netstack.nic.rx.bytes", r.Find([]byte("netstack_nic_rx_bytes")).Family.OTel.Name)
		assert.Equal(t, Gauge, r.Find([]byte("netstack_tcp_current_established")).Type)
	}
}

func BenchmarkParse(b *testing.B) {
	raw := captured(b)["docker.state.json"]
	b.ReportAllocs()
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := Parse(raw, "runsc_", Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

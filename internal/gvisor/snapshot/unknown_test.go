package snapshot

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestPointsOfUnknownMetricsAreCounted reads a snapshot of a sandbox that has
// registered an unknown metric.
func TestPointsOfUnknownMetricsAreCounted(t *testing.T) {
	reg, err := registration.ParseFirstUse([]byte(`{"metrics":[`+
		`{"name":"/fs/opens","prometheus_name":"fs_opens","description":"Number of file opens.","cumulative":true},`+
		`{"name":"/made/up","prometheus_name":"made_up","fields":[{"field_name":"x","allowed_values":["1","2"]}]}]}`,
	), registration.NewKnown("", false), registration.Limits{})
	require.NoError(t, err)
	v := NewVerifier(reg, Settings{})

	r, err := read(v, newResponse(reg, testTime).number("fs_opens", 7).String())
	require.NoError(t, err)
	assert.Equal(t, "gvisor.fs.opens 7\n", formatPoints(r))
	assert.Empty(t, r.Dropped)

	r, err = read(v, newResponse(reg, testTime).
		number("made_up", 1, "x", "1").number("fs_opens", 8).number("made_up", 1, "x", "2").String())
	require.NoError(t, err)
	assert.Equal(t, "gvisor.fs.opens 8\n", formatPoints(r))
	assert.Equal(t, []sandbox.Dropped{{Reason: UnknownMetric, Points: 2}}, r.Dropped)
}

package snapshot

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSeriesAreTrackedOnce lets new series appear before, between and after
// those that are tracked already. The limit leaves no room for any series twice.
func TestSeriesAreTrackedOnce(t *testing.T) {
	reg := testRegistration(t)
	const series = 4
	v := NewVerifier(reg, Settings{MaxPoints: series})
	names := []string{}
	for i, name := range []string{"disk_wait", "link_rx_packets", "link_rx_bytes", "disk_reads"} {
		names = append(names, name)
		r := newResponse(reg, testTime)
		for _, seen := range names {
			r = r.number(seen, int64(i))
		}
		_, err := read(v, r.String())
		require.NoError(t, err)
		assert.Len(t, v.series, i+1)
		for j := 1; j < len(v.series); j++ {
			assert.Less(t, v.series[j-1].number(), v.series[j].number())
		}
	}
	for _, name := range names {
		_, err := read(v, newResponse(reg, testTime).number(name, series-2).String())
		require.ErrorContains(t, err, name, "must be compared with its last value")
	}
}

package snapshot

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
)

// readsCanonical reports whether readCanonicalEntry reads the first entry of an
// array of which this much has arrived.
func readsCanonical(reg *registration.Registration, arrived string) bool {
	d := decoder{reg: reg, selection: reg.Select(nil, ""), maxPoints: 10}
	d.scan.ResetReader(strings.NewReader("["+arrived), scanLimits(1<<20))
	d.scan.OpenArray()
	d.scan.NextElement()
	return d.readCanonicalEntry()
}

func TestReadCanonicalEntryAtItsLimits(t *testing.T) {
	reg, err := registration.Parse([]byte(
		`{"metrics":[{"name":"/a","prometheus_name":"a","fields":[{"field_name":"x","allowed_values":[" ","~","a b","é"]}]}]}`,
	), "", registration.Limits{})
	require.NoError(t, err)
	for label, want := range map[string]bool{" ": true, "~": true, "a b": true, "é": false} {
		entry := newResponse(reg, testTime).number("a", 1, "x", label).entries[0]
		assert.Equal(t, want, readsCanonical(reg, entry+"]"), entry)
	}
	for value, want := range map[int64]bool{
		9: true, 10: true, 999_999_999_999_999_999: true, 1_000_000_000_000_000_000: false,
	} {
		entry := newResponse(reg, testTime).number("a", value, "x", "~").entries[0]
		assert.Equal(t, want, readsCanonical(reg, entry+"]"), entry)
	}
}

// TestReadCanonicalEntryThatHasNotArrived cuts an entry at every byte: only a
// complete one may be read, and nothing beyond its end.
func TestReadCanonicalEntryThatHasNotArrived(t *testing.T) {
	reg := testRegistration(t)
	for _, entry := range []string{
		newResponse(reg, testTime).number("disk_reads", 99).entries[0],
		newResponse(reg, testTime).number("tasks_open", 0).entries[0],
		newResponse(reg, testTime).number("calls_odd", 7, "kind", "third", "number", "6").entries[0],
	} {
		for arrived := range len(entry) {
			assert.False(t, readsCanonical(reg, entry[:arrived]), entry[:arrived])
		}
		assert.True(t, readsCanonical(reg, entry))
	}
}

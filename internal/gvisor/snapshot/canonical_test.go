package snapshot

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
)

// TestReadEntryAgreesWithCanonical reads each entry as gVisor encodes it, which
// readCanonicalEntry reads, and with additional white space, which readEntry
// reads.
func TestReadEntryAgreesWithCanonical(t *testing.T) {
	reg := testRegistration(t)
	for _, build := range []step{
		value("disk_reads", 152903),
		value("disk_reads", 999999999999999999),
		value("disk_reads", 1000000000000000000),
		value("tasks_open", 0),
		value("tasks_open", -5),
		value("calls_odd", 7, "kind", "third", "number", "6"),
		value("calls_odd", 7, "kind", "third", "number", "7"),
		value("calls_odd", 7, "kind", "third", "count", "6"),
		raw("calls_odd", `,"labels":{"kind":"third","kind":"third"},"val":{}`),
		raw("disk_reads", `,"val":{"int":01}`),
		raw("disk_reads", `,"val":{"int":}`),
		raw("disk_reads", `,"val":{"int":1}]`),
		value("link_rx_bytes", 1),
	} {
		canonical := build(newResponse(reg, testTime)).String()
		spaced := strings.Replace(canonical, `{"metric":`, `{ "metric":`, 1)
		settings := Settings{Filter: regexp.MustCompile(`^(?:disk_.*|tasks_.*|calls_.*)$`)}
		want, wantErr := read(NewVerifier(reg, settings), spaced)
		got, err := read(NewVerifier(reg, settings), canonical)
		if wantErr != nil {
			require.Error(t, err, canonical)
			var violation, wantViolation *Violation
			require.ErrorAs(t, err, &violation)
			require.ErrorAs(t, wantErr, &wantViolation)
			assert.Equal(t, wantViolation.Rule, violation.Rule, canonical)
			continue
		}
		require.NoError(t, err, canonical)
		assert.Equal(t, formatPoints(want), formatPoints(got))
	}
}

// TestEscapedLabelValue registers a label value that equals the raw JSON of
// another string.
func TestEscapedLabelValue(t *testing.T) {
	reg, err := registration.Parse([]byte(
		`{"metrics":[{"name":"/a","prometheus_name":"a","fields":[{"field_name":"x","allowed_values":["\\b"]}]}]}`,
	), "", registration.Limits{})
	require.NoError(t, err)
	_, err = read(NewVerifier(reg, Settings{}), newResponse(reg, testTime).number("a", 1, "x", `\b`).String())
	require.NoError(t, err)
	_, err = read(NewVerifier(reg, Settings{}), newResponse(reg, testTime).raw("a", `,"val":{"int":1}`, "x", "\b").String())
	var violation *Violation
	require.ErrorAs(t, err, &violation)
	assert.Equal(t, RuleLabelValue, violation.Rule)
}

func TestLabelsAreCountedWhileTheyArrive(t *testing.T) {
	reg := testRegistration(t)
	labels := manyLabels(65)
	_, err := read(NewVerifier(reg, Settings{}), newResponse(reg, testTime).number("disk_reads", 1, labels...).String())
	assert.ErrorContains(t, err, "more than 64 labels")
	_, err = read(NewVerifier(reg, Settings{}), newResponse(reg, testTime).number("disk_reads", 1, labels[2:]...).String())
	assert.ErrorContains(t, err, "64 labels instead of 0")
}

// TestReadCanonicalEntry checks which entries readCanonicalEntry accepts: without
// it everything works, but slowly.
func TestReadCanonicalEntry(t *testing.T) {
	reg := testRegistration(t)
	for text, want := range map[string]bool{
		newResponse(reg, testTime).number("disk_reads", 7).entries[0]:                                     true,
		newResponse(reg, testTime).number("tasks_open", 0).entries[0]:                                     true,
		newResponse(reg, testTime).number("calls_odd", 7, "kind", "third", "number", "6").entries[0]:      true,
		newResponse(reg, testTime).number("tasks_open", -1).entries[0]:                                    false,
		newResponse(reg, testTime).histogram("disk_latency", 0, 0, 0, `{}`, make([]uint64, 4)).entries[0]: false,
	} {
		d := decoder{reg: reg, selection: reg.Select(nil, ""), maxPoints: 10}
		d.scan.ResetReader(strings.NewReader("["+text+"]"), scanLimits(1<<20))
		d.scan.OpenArray()
		d.scan.NextElement()
		require.Equal(t, want, d.readCanonicalEntry(), text)
		if want {
			require.False(t, d.scan.NextElement())
			require.NoError(t, d.scan.Err())
			require.Len(t, d.points, 1)
		}
	}
}

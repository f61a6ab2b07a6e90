package statefile

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestValidIDOfEveryByte compares ValidID with the expression that runsc uses
// for its state files: a gap at either end of a range of characters would hide
// sandboxes.
func TestValidIDOfEveryByte(t *testing.T) {
	valid := regexp.MustCompile(`^[A-Za-z0-9_+.-]$`)
	for b := range 256 {
		id := string([]byte{byte(b)})
		assert.Equal(t, valid.MatchString(id), ValidID("x"+id), "%q", id)
	}
}

// TestParseAcceptsValuesAtTheirLimits complements the invalid state files, which
// are beyond the limits.
func TestParseAcceptsValuesAtTheirLimits(t *testing.T) {
	name, path := strings.Repeat("n", maxName), strings.Repeat("p", maxPath)
	entries := make([]string, maxMetadata)
	for i := range entries {
		entries[i] = fmt.Sprintf(`"%0*d":""`, maxName, i)
	}
	state, err := Parse([]byte(withSandbox(fmt.Sprintf(`{"id":"a","pid":%d,"podName":"%s","controlSocketPath":"%s","metricMetadata":{%s}}`,
		maxPID, name, path, strings.Join(entries, ",")))))
	require.NoError(t, err)
	assert.Equal(t, maxPID, state.Sandbox.PID)
	assert.Equal(t, name, state.Sandbox.PodName)
	assert.Equal(t, path, state.Sandbox.Socket)
	assert.Len(t, state.Sandbox.Metadata, maxMetadata)

	for field, object := range map[string]string{
		"sandbox.pid":                 fmt.Sprintf(`{"id":"a","pid":%d}`, maxPID+1),
		"sandbox.podName":             fmt.Sprintf(`{"id":"a","podName":"%sn"}`, name),
		"sandbox.controlSocketPath":   fmt.Sprintf(`{"id":"a","controlSocketPath":"%sp"}`, path),
		"sandbox.metricMetadata":      fmt.Sprintf(`{"id":"a","metricMetadata":{"%sn":""}}`, name),
		"sandbox.metricServerAddress": fmt.Sprintf(`{"id":"a","metricServerAddress":"%sp"}`, path),
	} {
		_, err := Parse([]byte(withSandbox(object)))
		var invalid *FieldError
		require.ErrorAs(t, err, &invalid, field)
		assert.Equal(t, field, invalid.Field)
	}
}

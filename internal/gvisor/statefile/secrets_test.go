package statefile

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestParseReturnsNoSecrets truncates and corrupts a file at every byte, and checks
// that neither errors nor the parsed state contain secrets of the file.
func TestParseReturnsNoSecrets(t *testing.T) {
	data := bytes.TrimSpace(readFile(t, "testdata/full.json"))
	secrets := []string{"very-secret", "PASSWORD", "com.example", "LANG=C", "/bin/server"}
	for i := range data {
		if _, err := Parse(data[:i]); assert.Error(t, err, "truncated to %d bytes", i) {
			assertNoneContained(t, err.Error(), secrets)
		}
		corrupt := bytes.Clone(data)
		corrupt[i] = 0
		if _, err := Parse(corrupt); err != nil {
			assertNoneContained(t, err.Error(), secrets)
		}
	}
	state, err := Parse(data)
	require.NoError(t, err)
	clear(data)
	state.Sandbox.RegisteredMetrics = nil
	assertNoneContained(t, cmp.Diff(&State{}, state), secrets)
	assert.Equal(t, "app", state.Identity.ContainerName, "no other field may share memory with the input")
}

func assertNoneContained(t *testing.T, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		assert.NotContains(t, text, secret)
	}
}

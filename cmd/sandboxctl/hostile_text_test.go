package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const controlCharacters = "\x00\x07\x1b\x7f\u009b"

// TestHostileLabelInExport prints a label value that a sandbox has chosen to control the
// terminal.
func TestHostileLabelInExport(t *testing.T) {
	family := sandbox.Family{Prometheus: sandbox.Descriptor{Name: "a", Kind: sandbox.Counter, LabelKeys: []string{"x"}}}
	var r sandbox.Reading
	r.AddLabeled(&family, sandbox.Int(1), "\x1b]0;"+controlCharacters)
	var text bytes.Buffer
	require.NoError(t, writeExposition(&text, &sandbox.Identity{}, &r, false))
	assert.False(t, bytes.ContainsAny(text.Bytes(), controlCharacters), "%q", text.String())
	families, err := parser().TextToMetricFamilies(&text)
	require.NoError(t, err)
	assert.Equal(t, `\x1b]0;\x00\a\x1b\x7f\u009b`, families["a"].GetMetric()[0].GetLabel()[0].GetValue())
}

// TestHostilePath prints the name of a file that controls the terminal, in errors and in
// documents.
func TestHostilePath(t *testing.T) {
	h := newMixedHost(t)
	const name = "evil\x7f\x1b[2J.state"
	require.NoError(t, os.WriteFile(filepath.Join(h.RuntimeRoot(), name), nil, 0o600))
	for _, args := range [][]string{
		{"export", name}, {"explain", name}, {"list", "--all", "-o", "yaml"}, {"list", "--all", "-o", "json"},
	} {
		r := h.execute(t, args...)
		assert.Contains(t, r.stdout+r.stderr, `evil\`)
		assert.False(t, strings.ContainsAny(r.stdout+r.stderr, controlCharacters), "%q", r.stdout+r.stderr)
	}
}

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

func TestList(t *testing.T) {
	h := newMixedHost(t)
	fixListing(t, h)
	for name, args := range map[string][]string{
		"table":    {"list"},
		"wide":     {"list", "-o", "wide"},
		"json":     {"list", "-o", "json"},
		"yaml":     {"list", "--output=yaml"},
		"all":      {"list", "--all"},
		"all.json": {"list", "--all", "-o", "json"},
		"excluded": {"list", "--config=yaml:receivers::sandbox::exclude::namespaces: [{strict: default}]"},
	} {
		t.Run(name, func(t *testing.T) { assertGolden(t, "list/"+name, h.execute(t, args...).String()) })
	}
	for _, pod := range h.Kata() {
		assert.Zero(t, pod.Load().Calls)
	}
	for _, s := range h.GVisor() {
		assert.Zero(t, s.Load().Calls)
	}
}

func TestListOfNothing(t *testing.T) {
	h := newHost(t)
	for name, args := range map[string][]string{"table": {"list"}, "wide": {"list", "-o=wide"}, "json": {"list", "-o=json"}} {
		t.Run(name, func(t *testing.T) { assertGolden(t, "list/nothing."+name, h.execute(t, args...).String()) })
	}
	require.NoError(t, os.WriteFile(filepath.Join(h.RuntimeRoot(), "other.state"), nil, 0o600))
	r := h.execute(t, "list")
	assert.Equal(t, exitNothing, r.status)
	assert.Contains(t, r.stderr, "1 skipped: use --all")
	r = h.execute(t, "list", "--all")
	assert.Equal(t, exitOK, r.status)
	assert.Contains(t, r.stdout, "other.state")
}

// TestListWithoutRights checks that what can be read is printed next to an error.
func TestListWithoutRights(t *testing.T) {
	h := newHost(t)
	_, err := h.AddGVisor(gvisor.Options{ID: "web"})
	require.NoError(t, err)
	// The path of a directory that is a file cannot be read by root either.
	file := filepath.Join(h.directory, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	h.flags[3] += "," + file
	r := h.execute(t, "list", "-o", "json")
	assert.Equal(t, exitError, r.status, r.stderr)
	assert.Contains(t, r.stdout, `"id": "web"`)
	assert.Contains(t, r.stderr, "sandboxctl: discover kata sandboxes: ")
	assert.Contains(t, r.stderr, "/simulated/file")
}

func TestListUsage(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		text string
	}{
		"format":   {[]string{"-o", "xml"}, "must be one of table, wide, json, yaml"},
		"argument": {[]string{"web"}, `"web"`},
		"flag":     {[]string{"--nonsense"}, "--nonsense"},
		"option":   {[]string{"--gvisor-roots=relative"}, "gvisor::roots::0"},
	} {
		t.Run(name, func(t *testing.T) {
			r := execute(t, append([]string{"list"}, test.args...)...)
			assert.Equal(t, exitUsage, r.status)
			assert.Contains(t, r.stderr, test.text)
			assert.Empty(t, r.stdout)
		})
	}
}

func TestShortened(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("a", 20)+strings.Repeat("b", 44)
	c := strings.Repeat("c", 64)
	assert.Equal(t, []string{"web", c[:12], c[:12], "cccccccccccccc"}, shortened([]string{"web", c, c, "cccccccccccccc"}))
	assert.Equal(t, []string{a[:24], b[:24], c[:24]}, shortened([]string{a, b, c}))
	notHex := strings.Repeat("x", 64)
	assert.Equal(t, []string{notHex}, shortened([]string{notHex}))
	almost := a[:63] + "b"
	assert.Equal(t, []string{a, almost}, shortened([]string{a, almost}))
}

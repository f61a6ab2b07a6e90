package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

var update = flag.Bool("update", false, "regenerate the golden files and docs/sandboxctl.md")

// assertGolden compares a text with testdata/<name>.golden. After a deliberate change:
//
//	go test . -update
func assertGolden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

// result is what a command has printed, and its exit code.
type result struct {
	stdout, stderr string
	status         int
}

// String returns everything in one text, for golden files.
func (r result) String() string {
	text := r.stdout
	if r.stderr != "" {
		text += "--- standard error ---\n" + r.stderr
	}
	if r.status != exitOK {
		text += "--- exit code " + string(rune('0'+r.status)) + " ---\n"
	}
	return text
}

// execute runs a command line to its end.
func execute(t *testing.T, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), args, &stdout, &stderr)
	return result{stdout.String(), stderr.String(), status}
}

// simulatedHost is a set of simulated sandboxes.
type simulatedHost struct {
	*fleet.Fleet
	directory string
	// flags make commands read these sandboxes.
	flags []string
}

// IDs of simulated sandboxes, as container runtimes generate them.
var (
	podID  = "3f4a" + strings.Repeat("0", 60)
	kataID = "9b1c" + strings.Repeat("1", 60)
	rustID = "c0de" + strings.Repeat("2", 60)
	qemuID = "c0de" + strings.Repeat("3", 60)
)

func newHost(t *testing.T) *simulatedHost {
	t.Helper()
	directory, err := os.MkdirTemp("", "c") //nolint:usetesting // t.TempDir is too long for a socket address
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	cgroups := filepath.Join(directory, "cgroup")
	f, err := fleet.New(directory, fleet.Options{CgroupRoot: cgroups, Points: 5})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	return &simulatedHost{f, directory, []string{
		"--gvisor-roots", f.RuntimeRoot(), "--kata-storage-paths", strings.Join(f.StoragePaths(), ","), "--usage-cgroup-root", cgroups,
	}}
}

// newMixedHost returns sandboxes of all kinds, and a file that is not one.
func newMixedHost(t *testing.T) *simulatedHost {
	t.Helper()
	h := newHost(t)
	for _, options := range []gvisor.Options{
		{ID: "web"}, {ID: "batch", Unregistered: true}, {ID: podID, Pod: simulate.Containerd},
	} {
		_, err := h.AddGVisor(options)
		require.NoError(t, err)
	}
	for _, options := range []kata.Options{
		{ID: kataID}, {ID: rustID, Rust: true}, {ID: qemuID, Rust: true, Hypervisor: "qemu"},
	} {
		_, err := h.AddKata(options)
		require.NoError(t, err)
	}
	require.NoError(t, os.WriteFile(filepath.Join(h.RuntimeRoot(), "other.state"), nil, 0o600))
	return h
}

// execute runs a command that reads the sandboxes. The output names the directory
// /simulated.
func (h *simulatedHost) execute(t *testing.T, args ...string) result {
	t.Helper()
	r := execute(t, append(args, h.flags...)...)
	r.stdout, r.stderr = h.renamed(r.stdout), h.renamed(r.stderr)
	return r
}

func (h *simulatedHost) renamed(text string) string {
	return strings.ReplaceAll(text, h.directory, "/simulated")
}

// fixedTime is the time in golden files.
var fixedTime = time.Date(2026, 11, 21, 20, 53, 14, 123456789, time.UTC)

// fixListing makes the output of list independent of time.
func fixListing(t *testing.T, h *simulatedHost) {
	t.Helper()
	realMeasure, realNow := measure, now
	t.Cleanup(func() { measure, now = realMeasure, realNow })
	now = func() time.Time { return fixedTime }
	measure = func(ctx context.Context, found *inventory.Inventory) error {
		err := realMeasure(ctx, found)
		for i := range found.Items {
			item := &found.Items[i]
			item.Path = h.renamed(item.Path)
			if item.Identity == nil {
				continue
			}
			n := i + 1
			item.Identity.Created = fixedTime.Add(-time.Duration(n*n*n) * 10 * time.Minute)
			item.Identity.Iteration = "1zo45mry6r0n" + string(rune('a'+i))
			if item.Decision == reason.Skipped {
				assert.Zero(t, item.Usage, item.Path)
				continue
			}
			assert.True(t, item.Usage.HasCPU, item.Path)
			assert.Positive(t, item.Usage.Memory, item.Path)
			item.Usage.CPU = time.Duration(n*n*n*1234) * time.Millisecond
			item.Usage.Memory = 1 << (10 + 4*n)
		}
		return err
	}
}

// volatile are parts of metrics that change with time.
var volatile = []struct {
	pattern     *regexp.Regexp
	replacement string
}{
	{regexp.MustCompile(`(?m)^([a-z_]+(?:\{.*\})?) \S+( \d+)?$`), "$1 VALUE"},
	{regexp.MustCompile(` VALUE \d+`), " VALUE TIME"},
	{regexp.MustCompile(`iteration="\w+"`), `iteration="ITERATION"`},
	{regexp.MustCompile(`"(asInt|timeUnixNano|startTimeUnixNano)": "\d+"`), `"$1": "NUMBER"`},
	{regexp.MustCompile(`"asDouble": [0-9.e+-]+`), `"asDouble": 0`},
	{regexp.MustCompile(`("key": "sandbox.iteration",\s+"value": \{\s+"stringValue": )"[^"]*"`), `$1"ITERATION"`},
	{regexp.MustCompile(`"version": "[^"]*"`), `"version": "VERSION"`},
}

// withoutValues replaces what changes with time.
func withoutValues(text string) string {
	for _, v := range volatile {
		text = v.pattern.ReplaceAllString(text, v.replacement)
	}
	return text
}

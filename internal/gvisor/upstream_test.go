package gvisor

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// captures contains a state file and what gVisor's exporter emitted for it. It is not
// part of the repository.
const captures = "../../../shared/gvisor/"

// TestMatchesUpstreamExporter compares what is emitted without a pull with what
// gVisor's exporter emitted for the same sandbox.
func TestMatchesUpstreamExporter(t *testing.T) {
	state, err := os.ReadFile(captures + "cli-instrumented.state.json")
	if os.IsNotExist(err) {
		t.Skip("the captured state file is missing")
	}
	require.NoError(t, err)
	name := statefile.Name{ContainerID: "busy2", SandboxID: "busy2"}
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, name.String()), state, 0o640))
	config := testConfig(root)
	config.VerifyPeer = false
	runtime := newRuntime(t, config)
	s := watch(t, runtime).get("busy2")

	r := new(sandbox.Reading)
	s.AppendInfo(r, true)
	got := exposition(&s.identity, r)
	texts := helpAndTypes(r)
	r.Reset()
	runtime.AppendRuntimeMetrics(r, sandbox.Stats{Started: time.Unix(1795169978, 55547000), Seen: 1, Running: 1})
	got = append(got, exposition(nil, r)...)
	texts = append(texts, helpAndTypes(r)...)

	want, wantTexts := upstreamLines(t)
	assert.ElementsMatch(t, want, got)
	slices.Sort(texts)
	assert.ElementsMatch(t, wantTexts, slices.Compact(texts))
}

// upstreamLines returns what gVisor's exporter emitted without a pull: the points
// without their times, and the lines that describe their families.
func upstreamLines(t *testing.T) (points, texts []string) {
	t.Helper()
	page, err := os.ReadFile(captures + "metric-server.prom")
	require.NoError(t, err)
	for lines := bufio.NewScanner(bytes.NewReader(page)); lines.Scan(); {
		line := lines.Text()
		if !strings.Contains(line, "runsc_meta_") && !strings.Contains(line, "process_start_time_seconds") {
			continue
		}
		if strings.HasPrefix(line, "#") {
			texts = append(texts, line)
			continue
		}
		points = append(points, line[:strings.LastIndexByte(line, ' ')])
	}
	return points, texts
}

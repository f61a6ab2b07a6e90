//go:build linux

package runsc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Releases returns the releases of gVisor in releases.txt, the newest first. The first
// one is that of [New].
func Releases(t *testing.T) (versions []string) {
	t.Helper()
	list, err := os.ReadFile("releases.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(list)) {
		// v0.0.0-20260905035102-160fafc42237 always
		if version, _, listed := strings.Cut(line, " "); listed && !strings.HasPrefix(version, "#") {
			versions = append(versions, version)
		}
	}
	if len(versions) == 0 {
		t.Fatal("releases.txt lists no release")
	}
	return versions
}

// NewRelease is like [New] with a release of gVisor. The test is skipped if it is not
// built.
func NewRelease(t *testing.T, version string) *Runtime {
	t.Helper()
	if version == Releases(t)[0] {
		return New(t)
	}
	tools := filepath.Dir(process.Built(t, "tools/runsc"))
	program := filepath.Join(tools, "gvisor-"+version, "runsc")
	if _, err := os.Stat(program); err != nil {
		t.Skip("this release is not built: run make e2e RELEASES=all")
	}
	return newRuntime(t, program)
}

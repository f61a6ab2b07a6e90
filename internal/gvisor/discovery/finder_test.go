package discovery

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
)

// stateFile returns the content of a state file. extra is added to the fields of
// the sandbox.
func stateFile(containerID, sandboxID string, created time.Time, extra string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"createdAt":%q,"status":"running","spec":{"ociVersion":"1.0.2"},"sandbox":{"id":%q,"pid":1%s}}`,
		containerID, created.Format(time.RFC3339Nano), sandboxID, extra)
}

// writeState writes the state file and the lock file of a container, and returns
// the path of the state file.
func writeState(tb testing.TB, root, containerID, sandboxID string, created time.Time) string {
	tb.Helper()
	name := statefile.Name{ContainerID: containerID, SandboxID: sandboxID}
	path := filepath.Join(root, name.String())
	require.NoError(tb, os.WriteFile(filepath.Join(root, name.LockFile()), nil, 0o600))
	require.NoError(tb, os.WriteFile(path, stateFile(containerID, sandboxID, created, ""), 0o640))
	return path
}

// writeRoot returns a new root with n sandboxes named s0, s1 and so on.
func writeRoot(t *testing.T, n int) string {
	t.Helper()
	root := t.TempDir()
	for i := range n {
		id := fmt.Sprintf("s%d", i)
		writeState(t, root, id, id, testTime)
	}
	return root
}

// testFinder is a finder for real directories with a simulated clock. The test
// simulates the events.
type testFinder struct {
	*finder
	*recorder
	t     *testing.T
	clock time.Time
	// watched is the number of calls of watch by path, for the watched paths.
	watched map[string]int
	logs    *observer.ObservedLogs
}

func newTestFinder(t *testing.T, patterns ...string) *testFinder {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	f := &testFinder{recorder: newRecorder(t), t: t, watched: map[string]int{}, logs: logs}
	// This is well after the test writes its files, so that they count as settled.
	f.clock = time.Now().Add(time.Hour)
	f.finder = newFinder(Settings{
		Roots:         patterns,
		Registrations: registration.NewCache("runsc_", registration.Limits{}),
		Logger:        zap.New(core),
	}, f.recorder, func() time.Time { return f.clock })
	f.watch = func(path string) error {
		f.watched[path]++
		return nil
	}
	f.unwatch = func(path string) { delete(f.watched, path) }
	return f
}

// advance advances the clock, does what is due then, and returns the events that
// concern sandboxes.
func (f *testFinder) advance(d time.Duration) []string {
	f.t.Helper()
	return sandboxEvents(f.advanceAll(d))
}

// advanceAll is like advance, but returns all events.
func (f *testFinder) advanceAll(d time.Duration) []string {
	f.t.Helper()
	f.clock = f.clock.Add(d)
	f.runDue(f.t.Context())
	assert.True(f.t, f.nextDue().After(f.clock), "runDue must do everything that is due")
	return f.take()
}

func (f *testFinder) warnings() int { return f.logs.FilterLevelExact(zapcore.WarnLevel).Len() }

func TestFinderTracksFiles(t *testing.T) {
	root := t.TempDir()
	writeState(t, root, "web", "web", testTime)
	writeState(t, root, "pod", "pod", testTime)
	app := writeState(t, root, "app", "pod", testTime)
	for _, name := range []string{"null-netns", "runsc-web.sock", "metrics.sock", "web_sandbox:web.state.swp"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
	}
	f := newTestFinder(t, root)
	// The files of the pod can be read in either order.
	assert.Subset(t, []string{"added web", "added pod", "added pod +app", "changed pod +app"}, f.advance(0))
	assert.Equal(t, []Container{{ID: "app"}, {ID: "pod"}}, f.present[Key{root, "pod"}].Containers)
	assert.Empty(t, f.skipped, "files that are not state files must not be reported")
	assert.Equal(t, 1, f.watched[root])

	assert.Empty(t, f.advance(scanInterval), "unchanged files must not be read again")

	// An event concerns a single file.
	require.NoError(t, os.WriteFile(app, stateFile("app", "pod", testTime.Add(1), ""), 0o640))
	writeState(t, root, "web", "web", testTime.Add(1))
	f.handleEvent(app)
	assert.Empty(t, f.advance(0), "the file must not be read before the end of a burst of events")
	f.handleEvent(app)
	assert.Equal(t, []string{"changed pod +app"}, f.advance(eventDelay))

	// The next scan detects a change without an event.
	assert.Equal(t, []string{"gone web", "added web"}, f.advance(scanInterval))

	require.NoError(t, os.Remove(app))
	f.handleEvent(app)
	assert.Equal(t, []string{"changed pod"}, f.advance(eventDelay))
	require.NoError(t, os.Remove(Key{root, "pod"}.StateFile()))
	assert.Equal(t, []string{"gone pod"}, f.advance(scanInterval))
	assert.Len(t, f.present, 1)
	assert.Zero(t, f.warnings())
}

func TestFinderIgnoresEventsOfOtherPaths(t *testing.T) {
	root := t.TempDir()
	f := newTestFinder(t, root)
	f.advance(0)
	for _, path := range []string{
		"/elsewhere/web_sandbox:web.state", filepath.Join(root, "web_sandbox:web.lock"), filepath.Join(root, "x.state"), "",
	} {
		f.handleEvent(path)
		assert.Empty(t, f.pending, path)
	}
	// The state file is removed before it is read.
	f.handleEvent(Key{root, "web"}.StateFile())
	assert.Empty(t, f.advance(eventDelay))
	assert.Empty(t, f.roots[root].files)
}

func TestFinderRescansAfterLostEvents(t *testing.T) {
	root := t.TempDir()
	f := newTestFinder(t, root)
	f.advance(0)
	writeState(t, root, "web", "web", testTime)
	assert.Empty(t, f.advance(0))
	f.rescanAll()
	assert.Equal(t, []string{"added web"}, f.advance(0))
}

// TestFinderUnsettledFile covers a file that was read right after it was written:
// another write may not change its version.
func TestFinderUnsettledFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", testTime)
	info, err := os.Stat(path)
	require.NoError(t, err)
	f := newTestFinder(t, root)
	f.clock = info.ModTime()
	assert.Equal(t, []string{"added web"}, f.advance(0))
	f.handleEvent(path)
	assert.Equal(t, []string{"changed web"}, f.advance(eventDelay), "the file must be read again")
	f.handleEvent(path)
	assert.Equal(t, []string{"changed web"}, f.advance(2*clockGranularity), "the file must be read a last time")
	f.handleEvent(path)
	assert.Empty(t, f.advance(eventDelay))
}

package discovery

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	runningPID = 7
	endedPID   = 8
)

// writeStateOf writes the state file of a container of a sandbox with this process,
// and returns its path.
func writeStateOf(t *testing.T, root, containerID, sandboxID string, pid int) string {
	t.Helper()
	path := writeState(t, root, containerID, sandboxID, testTime)
	data := strings.Replace(string(stateFile(containerID, sandboxID, testTime, "")), `"pid":1`, fmt.Sprintf(`"pid":%d`, pid), 1)
	require.NoError(t, os.WriteFile(path, []byte(data), 0o640))
	return path
}

// newLeftoverFinder returns a finder for a root whose files are old. One process
// runs.
func newLeftoverFinder(t *testing.T, root string) (*testFinder, *fakeProcesses) {
	t.Helper()
	f := newTestFinder(t, root)
	processes := newFakeProcesses()
	processes.start(runningPID, 1)
	f.liveness.processes = processes
	return f, processes
}

const loggedLeftovers = "Ignoring state files of gVisor sandboxes that ended long ago: delete them with runsc delete --force"

// TestFinderLeftovers covers stale state files of which there are more than sandboxes
// are allowed.
func TestFinderLeftovers(t *testing.T) {
	root := t.TempDir()
	for i := range 5 {
		id := fmt.Sprintf("stale%d", i)
		writeStateOf(t, root, id, id, endedPID)
	}
	writeStateOf(t, root, "stale0-app", "stale0", endedPID)
	writeStateOf(t, root, "z", "z", runningPID)
	f, processes := newLeftoverFinder(t, root)
	f.limits.files = 2
	assert.Equal(t, []string{"added z"}, f.advance(0), "leftovers must neither be reported nor use up the limit")
	assert.Equal(t, map[string]int{root + " leftover": 6}, f.entries)
	assert.Empty(t, f.skipped)
	logged := f.logs.FilterMessage(loggedLeftovers).All()
	require.Len(t, logged, 1)
	assert.Equal(t, map[string]any{"root": root, "state_files": int64(6)}, logged[0].ContextMap())
	assert.Empty(t, f.advanceAll(scanInterval), "leftovers that have not changed must not be read again")

	processes.end(runningPID)
	writeStateOf(t, root, "new", "new", endedPID)
	require.NoError(t, os.Remove(filepath.Join(root, "stale0-app_sandbox:stale0.state")))
	f.advance(scanInterval)
	assert.Equal(t, map[string]int{root + " leftover": 6}, f.entries)
	assert.True(t, f.present[Key{root, "z"}].Exited, "a sandbox that was seen running must be reported as stopped")
	assert.Len(t, f.present, 1)

	require.NoError(t, os.RemoveAll(root))
	assert.Equal(t, []string{"gone z exited"}, f.advance(resolveInterval))
	assert.Equal(t, map[string]int{root + " leftover": 0}, f.entries)
	assert.Equal(t, 1, f.logs.FilterMessage(loggedLeftovers).Len())
}

func TestFinderRecentEndIsNoLeftover(t *testing.T) {
	root := t.TempDir()
	path := writeStateOf(t, root, "web", "web", endedPID)
	info, err := os.Stat(path)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		age  time.Duration
		want []string
	}{
		"recent":             {minLeftoverAge - time.Second, []string{"added web exited"}},
		"old":                {minLeftoverAge + time.Second, []string{}},
		"clock was set back": {-time.Hour, []string{"added web exited"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, _ := newLeftoverFinder(t, root)
			f.clock = info.ModTime().Add(test.age)
			assert.Equal(t, test.want, f.advance(0))
			assert.Empty(t, f.advance(scanInterval+minLeftoverAge), "the state of a known sandbox must not change with its age")
		})
	}
}

// TestFinderReusedLeftover covers a leftover that is replaced by a running sandbox,
// with and without an event.
func TestFinderReusedLeftover(t *testing.T) {
	for _, event := range []bool{false, true} {
		root := t.TempDir()
		path := writeStateOf(t, root, "web", "web", endedPID)
		f, _ := newLeftoverFinder(t, root)
		assert.Empty(t, f.advance(0))
		require.NoError(t, os.Remove(path))
		writeStateOf(t, root, "web", "web", runningPID)
		delay := scanInterval
		if event {
			f.handleEvent(path)
			delay = eventDelay
		}
		assert.Equal(t, []string{"added web"}, f.advance(delay))
		f.advance(scanInterval)
		assert.Equal(t, map[string]int{root + " leftover": 0}, f.entries)
	}
}

// TestFinderPartOfLeftoverChanges covers a pod of which one file is recent: then the
// others are no leftovers either.
func TestFinderPartOfLeftoverChanges(t *testing.T) {
	root := t.TempDir()
	writeStateOf(t, root, "pod", "pod", endedPID)
	app := writeStateOf(t, root, "app", "pod", endedPID)
	f, _ := newLeftoverFinder(t, root)
	assert.Empty(t, f.advance(0))
	assert.Equal(t, map[string]int{root + " leftover": 2}, f.entries)

	f.clock = time.Now().Add(time.Minute)
	f.roots[root].scanAt, f.resolveAt, f.pollAt = f.clock.Add(time.Minute), f.clock.Add(time.Minute), f.clock.Add(time.Minute)
	require.NoError(t, os.Remove(app))
	writeStateOf(t, root, "app", "pod", endedPID)
	f.handleEvent(app)
	f.advance(eventDelay)
	assert.Equal(t, []string{"added pod exited +app"}, f.advance(minLeftoverAge))
	assert.Equal(t, map[string]int{root + " leftover": 0}, f.entries)
}

func TestFinderLimitsLeftovers(t *testing.T) {
	root := t.TempDir()
	for i := range 3 {
		id := fmt.Sprintf("stale%d", i)
		writeStateOf(t, root, id, id, endedPID)
		require.NoError(t, os.Remove(lockPath(filepath.Join(root, id+"_sandbox:"+id+".state"))))
	}
	f, _ := newLeftoverFinder(t, root)
	f.advance(0)
	r := f.roots[root]
	r.limits.names = 3
	id := "last"
	path := writeStateOf(t, root, id, id, endedPID)
	f.handleEvent(path)
	assert.Equal(t, []string{"added last exited"}, f.advance(eventDelay))
	assert.Len(t, r.leftovers.versions, 3)
}

// TestFinderFullOfEndedSandboxes covers sandboxes that were killed while the receiver
// ran, and whose files use up the limit.
func TestFinderFullOfEndedSandboxes(t *testing.T) {
	root := t.TempDir()
	for _, id := range []string{"a", "b", "b-app"} {
		writeStateOf(t, root, id, id[:1], endedPID)
	}
	f, processes := newLeftoverFinder(t, root)
	f.limits.files = 3
	processes.start(endedPID, 1)
	f.clock = time.Now()
	f.advance(0)
	processes.end(endedPID)
	f.advance(processInterval)
	writeStateOf(t, root, "z", "z", runningPID)
	f.advance(scanInterval)
	require.Len(t, f.present, 2, "sandboxes that ended recently must be reported as stopped")
	assert.True(t, f.present[Key{root, "a"}].Exited && f.present[Key{root, "b"}].Exited)
	f.advance(minLeftoverAge)
	assert.Empty(t, f.present)
	assert.Equal(t, []string{"added z"}, f.advance(unwatchedInterval))
	assert.Equal(t, map[string]int{root + " leftover": 3}, f.entries)
	assert.Empty(t, f.advanceAll(scanInterval))
}

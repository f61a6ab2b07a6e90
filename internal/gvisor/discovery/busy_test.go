package discovery

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// lockPath returns the path of the lock file of a state file.
func lockPath(statePath string) string { return strings.TrimSuffix(statePath, "state") + "lock" }

func TestFinderLockedFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", testTime)
	lock, err := os.Open(lockPath(path))
	require.NoError(t, err)
	defer lock.Close()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))

	f := newTestFinder(t, root)
	assert.Empty(t, f.advance(0))
	assert.Equal(t, map[string]Reason{path: Busy}, f.skipped)
	delay := minRetry
	for range 8 {
		for file := range f.pending {
			assert.Equal(t, f.clock.Add(delay), file.due, "the delay must grow with each retry")
		}
		assert.Empty(t, f.advance(delay))
		delay = min(2*delay, maxRetry)
	}
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_UN))
	f.handleEvent(path)
	assert.Equal(t, []string{"added web"}, f.advance(eventDelay), "an event must bring the next retry forward")
	assert.Empty(t, f.skipped)
	assert.Zero(t, f.warnings(), "a busy file is not a problem")

	// The lock of an unchanged file is not checked.
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	assert.Empty(t, f.advance(scanInterval))
	assert.Empty(t, f.skipped)
}

// TestFinderLockIsHeldForLong covers a hook that hangs while runsc holds the lock.
func TestFinderLockIsHeldForLong(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", testTime)
	lock, err := os.Open(lockPath(path))
	require.NoError(t, err)
	defer lock.Close()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	f := newTestFinder(t, root)
	processes := newFakeProcesses()
	f.liveness.processes = processes
	assert.Empty(t, f.advance(0))
	assert.Empty(t, f.advance(maxLockTime-1))
	assert.Equal(t, map[string]Reason{path: Busy}, f.skipped)
	assert.Equal(t, []string{"added web exited"}, f.advance(maxRetry), "the file of a locked sandbox is no leftover")
	assert.Empty(t, f.skipped)
	assert.Empty(t, f.pending)

	// The next change is made by a runsc that works.
	require.NoError(t, os.WriteFile(path, stateFile("web", "web", testTime, `,"podName":"p"`), 0o640))
	assert.Empty(t, f.advance(scanInterval))
	assert.Equal(t, map[string]Reason{path: Busy}, f.skipped)
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_UN))
	assert.Equal(t, []string{"changed web exited"}, f.advance(minRetry))
	assert.Empty(t, f.skipped)
}

// TestFinderUnusableLockedFile covers files that must not be used while they are
// locked. Each is read once per version.
func TestFinderUnusableLockedFile(t *testing.T) {
	complete := string(stateFile("web", "web", testTime, ""))
	for name, content := range map[string]string{
		"incomplete": complete[:len(complete)/2],
		"empty":      "",
		"creating":   strings.Replace(complete, "running", "creating", 1),
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			path := writeState(t, root, "web", "web", testTime)
			require.NoError(t, os.WriteFile(path, []byte(content), 0o640))
			lock, err := os.Open(lockPath(path))
			require.NoError(t, err)
			defer lock.Close()
			require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
			f := newTestFinder(t, root)
			f.advance(0)
			for range 3 {
				assert.Empty(t, f.advance(maxLockTime))
				assert.Equal(t, map[string]Reason{path: Busy}, f.skipped)
			}
			file := f.roots[root].files["web_sandbox:web.state"]
			assert.False(t, f.reader.ignoresLock(file), "the same version must not be read again")
			assert.Zero(t, f.warnings())

			require.NoError(t, os.WriteFile(path, []byte(complete), 0o640))
			assert.Equal(t, []string{"added web"}, f.advance(maxRetry))
			assert.Empty(t, f.skipped)
		})
	}
}

// TestFinderLockedFileWasJustWritten covers a locked file that may be written right
// now, although it is complete: it is used when it has not changed for a while.
func TestFinderLockedFileWasJustWritten(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", testTime)
	lock, err := os.Open(lockPath(path))
	require.NoError(t, err)
	defer lock.Close()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	f := newTestFinder(t, root)
	f.advance(0)
	info, err := os.Stat(path)
	require.NoError(t, err)
	f.clock = info.ModTime()
	f.roots[root].files["web_sandbox:web.state"].lockedSince = f.clock.Add(-maxLockTime)
	f.handleEvent(path)
	f.resolveAt, f.roots[root].scanAt, f.pollAt = f.clock.Add(time.Hour), f.clock.Add(time.Hour), f.clock.Add(time.Hour)
	assert.Empty(t, f.advance(eventDelay))
	assert.Equal(t, []string{"added web"}, f.advance(maxRetry))
}

func TestFinderMissingLockFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", testTime)
	require.NoError(t, os.Remove(lockPath(path)))
	f := newTestFinder(t, root)
	assert.Equal(t, []string{"added web"}, f.advance(0))
}

// TestFinderFIFOAsLockFile checks that a lock file cannot block discovery.
func TestFinderFIFOAsLockFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", testTime)
	require.NoError(t, os.Remove(lockPath(path)))
	require.NoError(t, syscall.Mkfifo(lockPath(path), 0o600))
	f := newTestFinder(t, root)
	assert.Equal(t, []string{"added web"}, f.advance(0))
}

// TestFinderPartiallyWrittenFile checks that the previous content remains in use
// until the file is complete.
func TestFinderPartiallyWrittenFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", testTime)
	f := newTestFinder(t, root)
	assert.Equal(t, []string{"added web"}, f.advance(0))

	complete := stateFile("web", "web", testTime, `,"podName":"p"`)
	require.NoError(t, os.WriteFile(path, complete[:len(complete)/2], 0o640))
	info, err := os.Stat(path)
	require.NoError(t, err)
	f.clock = info.ModTime()
	f.handleEvent(path)
	f.resolveAt, f.roots[root].scanAt = f.clock.Add(time.Hour), f.clock.Add(time.Hour)
	assert.Empty(t, f.advance(eventDelay))
	assert.Equal(t, map[string]Reason{path: Busy}, f.skipped)
	assert.Empty(t, f.advance(minRetry))
	assert.Zero(t, f.warnings())

	require.NoError(t, os.WriteFile(path, complete, 0o640))
	assert.Equal(t, []string{"changed web"}, f.advance(2*minRetry))
	assert.Equal(t, "p", f.present[Key{root, "web"}].UpstreamPodName)
	assert.Empty(t, f.skipped)
}

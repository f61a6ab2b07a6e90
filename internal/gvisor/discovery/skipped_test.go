package discovery

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
)

// skippedFiles are files that are skipped. If no name is given, it is that of the
// state file of the sandbox "bad".
var skippedFiles = map[string]struct {
	reason Reason
	name   string
	create func(t *testing.T, path string)
	logged bool
}{
	"garbage": {reason: Malformed, logged: true, create: func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte("secret, but not JSON"), 0o640))
	}},
	"empty": {reason: Malformed, logged: true, create: func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, nil, 0o640))
	}},
	"too large": {reason: Oversize, logged: true, create: func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, nil, 0o640))
		require.NoError(t, os.Truncate(path, statefile.MaxSize+1))
	}},
	"symbolic link": {reason: NotRegular, logged: true, create: func(t *testing.T, path string) {
		t.Helper()
		target := filepath.Join(t.TempDir(), "x")
		require.NoError(t, os.WriteFile(target, stateFile("bad", "bad", testTime, ""), 0o640))
		require.NoError(t, os.Symlink(target, path))
	}},
	"FIFO": {reason: NotRegular, logged: true, create: func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, syscall.Mkfifo(path, 0o640))
	}},
	"directory": {reason: NotRegular, logged: true, create: func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.Mkdir(path, 0o755))
	}},
	"IDs of another sandbox": {reason: Foreign, logged: true, create: func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, stateFile("other", "other", testTime, ""), 0o640))
	}},
	"foreign name": {reason: Foreign, name: "my.state", create: func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, stateFile("my", "my", testTime, ""), 0o640))
	}},
	"missing root container": {reason: NoRootContainer, name: "app_sandbox:pod.state", create: func(t *testing.T, path string) {
		t.Helper()
		writeState(t, filepath.Dir(path), "app", "pod", testTime)
	}},
}

func TestFinderSkipsFiles(t *testing.T) {
	for name, test := range skippedFiles {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			writeState(t, root, "good", "good", testTime)
			bad := Key{root, "bad"}.StateFile()
			path := bad
			if test.name != "" {
				path = filepath.Join(root, test.name)
			}
			test.create(t, path)
			f := newTestFinder(t, root)
			assert.Equal(t, []string{"added good"}, f.advance(0))
			assert.Equal(t, map[string]Reason{path: test.reason}, f.skipped)
			for range 3 {
				assert.Empty(t, f.advanceAll(scanInterval), "nothing must be reported twice")
			}
			assert.Equal(t, test.logged, f.warnings() == 1, "the file must be logged once, not once per scan: %v", f.logs.All())
			for _, entry := range f.logs.All() {
				assert.NotContains(t, fmt.Sprint(entry.ContextMap()), "secret")
			}

			// The file is replaced by a valid one.
			require.NoError(t, os.RemoveAll(path))
			writeState(t, root, "bad", "bad", testTime)
			assert.Equal(t, []string{"added bad"}, f.advance(scanInterval))
			assert.Empty(t, f.skipped)
		})
	}
}

// TestFinderSkippedFileIsRemoved checks that a path is no longer reported as
// skipped once it does not exist.
func TestFinderSkippedFileIsRemoved(t *testing.T) {
	for name, test := range skippedFiles {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			root := filepath.Join(base, "runsc")
			require.NoError(t, os.Mkdir(root, 0o755))
			path := Key{root, "bad"}.StateFile()
			if test.name != "" {
				path = filepath.Join(root, test.name)
			}
			f := newTestFinder(t, root)
			test.create(t, path)
			f.advance(0)
			assert.Equal(t, map[string]Reason{path: test.reason}, f.skipped)
			require.NoError(t, os.RemoveAll(path))
			assert.Empty(t, f.advance(scanInterval))
			assert.Empty(t, f.skipped)

			// The whole root is removed.
			test.create(t, path)
			f.advance(scanInterval)
			assert.Equal(t, map[string]Reason{path: test.reason}, f.skipped)
			require.NoError(t, os.RemoveAll(root))
			assert.Empty(t, f.advance(resolveInterval))
			assert.Empty(t, f.skipped)
			assert.Empty(t, f.roots)
		})
	}
}

func TestFinderReportsChangedReason(t *testing.T) {
	root := t.TempDir()
	path := Key{root, "web"}.StateFile()
	require.NoError(t, os.WriteFile(path, nil, 0o640))
	f := newTestFinder(t, root)
	f.advance(0)
	assert.Equal(t, map[string]Reason{path: Malformed}, f.skipped)

	require.NoError(t, os.WriteFile(path, stateFile("db", "db", testTime, ""), 0o640))
	f.handleEvent(path)
	assert.Equal(t, []string{"skipped " + path + " foreign"}, f.advanceAll(eventDelay), "only the new reason must be reported")

	require.NoError(t, os.WriteFile(path, stateFile("web", "web", testTime, ""), 0o640))
	f.handleEvent(path)
	assert.Equal(t, []string{"added web", "skipped " + path + " "}, f.advanceAll(eventDelay))
}

// TestFinderMissingRootContainer covers a pod whose root container is created last
// and removed first.
func TestFinderMissingRootContainer(t *testing.T) {
	root := t.TempDir()
	app := writeState(t, root, "app", "pod", testTime)
	sidecar := writeState(t, root, "sidecar", "pod", testTime)
	f := newTestFinder(t, root)
	assert.Empty(t, f.advance(0))
	assert.Equal(t, map[string]Reason{app: NoRootContainer, sidecar: NoRootContainer}, f.skipped)

	pod := writeState(t, root, "pod", "pod", testTime)
	f.handleEvent(pod)
	assert.Equal(t, []string{"added pod +app +sidecar"}, f.advance(eventDelay))
	assert.Empty(t, f.skipped)

	require.NoError(t, os.Remove(pod))
	f.handleEvent(pod)
	assert.Equal(t, []string{"gone pod +app +sidecar"}, f.advance(eventDelay))
	assert.Equal(t, map[string]Reason{app: NoRootContainer, sidecar: NoRootContainer}, f.skipped)

	// The reason of the file itself takes precedence.
	require.NoError(t, os.WriteFile(app, nil, 0o640))
	f.handleEvent(app)
	assert.Empty(t, f.advance(eventDelay))
	assert.Equal(t, map[string]Reason{app: Malformed, sidecar: NoRootContainer}, f.skipped)
}

func TestFinderLimitsFiles(t *testing.T) {
	root := writeRoot(t, 5)
	f := newTestFinder(t, root)
	f.limits.files = 3
	assert.Len(t, f.advance(0), 3)
	assert.Equal(t, map[string]Reason{root: TooMany}, f.skipped)
	assert.Empty(t, f.advance(scanInterval), "the known sandboxes must remain")
	for range 2 {
		for key := range f.present {
			require.NoError(t, os.Remove(key.StateFile()))
			break
		}
		f.advance(scanInterval)
		assert.Equal(t, map[string]Reason{root: TooMany}, f.skipped)
		assert.Len(t, f.advance(scanInterval), 1, "removed files must make room for others")
	}
	assert.Empty(t, f.skipped)
}

func TestFinderLimitsForeignNames(t *testing.T) {
	root := writeRoot(t, 3)
	for i := range 5 {
		require.NoError(t, os.WriteFile(filepath.Join(root, fmt.Sprintf("%d.state", i)), nil, 0o640))
	}
	f := newTestFinder(t, root)
	f.limits.files = 3
	assert.Len(t, f.advance(0), 3, "foreign names must not use up the limit on state files")
	assert.Len(t, f.skipped, 3+1)
	assert.Equal(t, TooMany, f.skipped[root])
	assert.Empty(t, f.advanceAll(scanInterval), "nothing must be reported twice")

	for i := range 5 {
		require.NoError(t, os.Remove(filepath.Join(root, fmt.Sprintf("%d.state", i))))
	}
	f.advance(scanInterval)
	assert.Empty(t, f.skipped)
}

// TestFinderLimitsLogOfSkippedFiles covers a file that is broken in another way each
// time: every change is reported, but not every one is logged.
func TestFinderLimitsLogOfSkippedFiles(t *testing.T) {
	root := t.TempDir()
	path := Key{root, "web"}.StateFile()
	f := newTestFinder(t, root)
	for n := range 20 {
		content := []byte("x")
		if n%2 == 1 {
			content = stateFile("db", "db", testTime, "")
		}
		require.NoError(t, os.WriteFile(path, content, 0o640))
		f.advance(scanInterval)
		assert.Equal(t, map[string]Reason{path: []Reason{Malformed, Foreign}[n%2]}, f.skipped)
	}
	assert.Equal(t, 4, f.warnings())
}

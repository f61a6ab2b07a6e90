package discovery

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFinderUnreadableRoot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "runsc")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	f := newTestFinder(t, file)
	f.advance(0)
	require.ErrorContains(t, f.err, file)
	assert.Equal(t, map[string]Reason{file: Unreadable}, f.skipped)
	assert.Empty(t, f.advanceAll(resolveInterval), "nothing must be reported twice")
	assert.Equal(t, 1, f.warnings())

	require.NoError(t, os.Remove(file))
	f.advance(resolveInterval)
	require.NoError(t, f.err, "the error must be cleared")
	assert.Empty(t, f.skipped)
}

// TestFinderScanFails covers a root that becomes unreadable. The root is replaced
// by a file, because directories are always readable for the superuser.
func TestFinderScanFails(t *testing.T) {
	root := writeRoot(t, 1)
	f := newTestFinder(t, root)
	f.maxFiles = 0
	f.advance(0)
	assert.Equal(t, map[string]Reason{root: TooMany}, f.skipped)
	saved := root + ".saved"
	require.NoError(t, os.Rename(root, saved))
	require.NoError(t, os.WriteFile(root, nil, 0o600))
	f.rescanAll()
	f.advance(0)
	assert.Equal(t, map[string]Reason{root: Unreadable}, f.skipped, "only the latest reason must be reported")
	require.ErrorContains(t, f.err, "read gVisor runtime root "+root)
	f.rescanAll()
	f.advance(0)
	assert.Equal(t, 1, f.warnings())

	require.NoError(t, os.Remove(root))
	require.NoError(t, os.Rename(saved, root))
	f.advance(unwatchedInterval)
	assert.Equal(t, map[string]Reason{root: TooMany}, f.skipped)
	assert.NoError(t, f.err)
}

// TestFinderUnreadableFiles checks that many unreadable files result in one error.
func TestFinderUnreadableFiles(t *testing.T) {
	root := writeRoot(t, 3)
	f := newTestFinder(t, root)
	f.advance(0)
	readable := Key{root, "s2"}
	for _, file := range f.roots[root].files {
		if file.key() != readable {
			f.setReason(file, &fs.PathError{Op: "open", Path: file.path(), Err: syscall.EACCES})
		}
	}
	f.report()
	require.ErrorContains(t, f.err, "2 of 3 state files")
	assert.Equal(t, map[string]Reason{Key{root, "s0"}.StateFile(): Unreadable, Key{root, "s1"}.StateFile(): Unreadable}, f.skipped)
	assert.Zero(t, f.warnings())
	for _, file := range f.roots[root].files {
		f.setReason(file, nil)
	}
	f.report()
	require.NoError(t, f.err)
	assert.Empty(t, f.skipped)
}

func TestFinderInvisibleProcesses(t *testing.T) {
	root := t.TempDir()
	writeState(t, root, "web", "web", testTime)
	writeState(t, root, "db", "db", testTime)
	for _, ownProcessesOnly := range []bool{true, false} {
		f := newTestFinder(t, root)
		f.liveness.processes = newFakeProcesses()
		f.ownProcessesOnly = ownProcessesOnly
		assert.ElementsMatch(t, []string{"added web exited", "added db exited"}, f.advance(0))
		if ownProcessesOnly {
			assert.ErrorContains(t, f.err, "verify_peer")
		} else {
			assert.NoError(t, f.err, "all processes are visible, so these have exited")
		}
	}
}

// limitedContext is a context that ends after a number of calls of Err.
type limitedContext struct {
	context.Context
	calls int
}

func (c *limitedContext) Err() error {
	if c.calls--; c.calls < 0 {
		return context.Canceled
	}
	return nil
}

func TestFinderStopsDuringScan(t *testing.T) {
	root := writeRoot(t, 10)
	require.NoError(t, os.WriteFile(Key{root, "s0"}.StateFile(), nil, 0o640))
	f := newTestFinder(t, root, filepath.Join(root, "s1_sandbox:s1.state"))
	f.runDue(&limitedContext{Context: t.Context(), calls: 3})
	events := f.take()
	assert.Less(t, len(events), 10)
	for _, event := range events {
		assert.True(t, strings.HasPrefix(event, "added"), "nothing else must be reported after an incomplete scan: %s", event)
	}
}

func TestFinderReportsFirstScan(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, test := range map[string]struct {
		patterns []string
		want     []string
	}{
		"no roots":        {nil, nil},
		"missing root":    {[]string{filepath.Join(base, "missing")}, nil},
		"unreadable root": {[]string{file}, []string{"skipped " + file + " unreadable", "error"}},
		"two roots":       {[]string{writeRoot(t, 1), writeRoot(t, 1)}, []string{"added s0", "added s0"}},
		"readable and unreadable root": {
			[]string{file, writeRoot(t, 1)},
			[]string{"added s0", "skipped " + file + " unreadable", "error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newTestFinder(t, test.patterns...)
			events := f.advanceAll(0)
			for i, event := range events {
				if strings.HasPrefix(event, "error ") {
					events[i] = "error"
				}
			}
			assert.Equal(t, append(slices.Clone(test.want), "scanned"), events)
			for range 3 {
				assert.Empty(t, f.advanceAll(scanInterval), "nothing must be reported twice")
			}
		})
	}
}

// TestFinderReportsFirstScanOfBusyFile checks that a file that is still busy does
// not delay the report of the first scan.
func TestFinderReportsFirstScanOfBusyFile(t *testing.T) {
	root := t.TempDir()
	path := Key{root, "web"}.StateFile()
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o640))
	info, err := os.Stat(path)
	require.NoError(t, err)
	f := newTestFinder(t, root)
	f.clock = info.ModTime()
	assert.Equal(t, []string{"skipped " + path + " busy", "scanned"}, f.advanceAll(0))
	require.NoError(t, os.WriteFile(path, stateFile("web", "web", testTime, ""), 0o640))
	assert.Equal(t, []string{"added web", "skipped " + path + " "}, f.advanceAll(minRetry))
}

package discovery

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
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
	f.limits.files = 0
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
	assert.Equal(t, 1, f.warnings(), "one for all files")
	for _, file := range f.roots[root].files {
		f.setReason(file, nil)
	}
	f.report()
	require.NoError(t, f.err)
	assert.Empty(t, f.skipped)
}

func TestFinderProcessesInAnotherNamespace(t *testing.T) {
	root := t.TempDir()
	writeState(t, root, "web", "web", testTime)
	writeState(t, root, "db", "db", testTime)
	f := newTestFinder(t, root)
	f.liveness.processes = newFakeProcesses()
	f.liveness.ownProcessesOnly = true
	assert.ElementsMatch(t, []string{"added web unseen", "added db unseen"}, f.advance(0))
	for range 3 {
		assert.Empty(t, f.advance(scanInterval))
	}
	for _, text := range []string{"hostPID", "gvisor::verify_peer"} {
		assert.ErrorContains(t, f.err, text)
	}
	assert.Equal(t, 1, f.warnings(), "a warning must be logged once")

	require.NoError(t, os.Remove(Key{root, "web"}.StateFile()))
	require.NoError(t, os.Remove(Key{root, "db"}.StateFile()))
	f.advance(scanInterval)
	assert.NoError(t, f.err)
}

// TestFinderProcessesInOwnNamespace covers sandboxes in the receiver's PID
// namespace where that is not the one of the host, for example in a node of kind.
func TestFinderProcessesInOwnNamespace(t *testing.T) {
	root := t.TempDir()
	writeState(t, root, "ended", "ended", testTime)
	web := writeState(t, root, "web", "web", testTime)
	data := bytes.Replace(stateFile("web", "web", testTime, ""), []byte(`"pid":1`), []byte(`"pid":7`), 1)
	require.NoError(t, os.WriteFile(web, data, 0o640))
	f := newTestFinder(t, root)
	processes := newFakeProcesses()
	processes.start(7, 1)
	processes.arguments[7] = "web"
	f.liveness.processes = processes
	f.liveness.ownProcessesOnly = true
	f.advance(0)
	assert.True(t, f.present[Key{root, "ended"}].Exited)
	assert.False(t, f.present[Key{root, "ended"}].Unseen)
	assert.False(t, f.present[Key{root, "web"}].Exited || f.present[Key{root, "web"}].Unseen)
	require.NoError(t, f.err)
	assert.Zero(t, f.warnings())
}

func TestFinderHiddenProcesses(t *testing.T) {
	root := t.TempDir()
	writeState(t, root, "web", "web", testTime)
	f := newTestFinder(t, root)
	processes := newFakeProcesses()
	processes.hidden = map[int]bool{1: true}
	f.liveness.processes = processes
	assert.Equal(t, []string{"added web unseen"}, f.advance(0))
	f.advance(scanInterval)
	require.NoError(t, f.err, "the sandbox can be pulled")
	require.Equal(t, 1, f.warnings())
	warning := f.logs.FilterLevelExact(zapcore.WarnLevel).All()[0]
	for _, text := range []string{"CAP_SYS_PTRACE", "ProtectProc", "gvisor::verify_peer"} {
		assert.Contains(t, warning.ContextMap()["error"], text)
	}
	processes.hidden = nil
	assert.Equal(t, []string{"changed web exited"}, f.advance(processInterval))
}

// TestFinderExitedProcesses checks that processes that do not exist have exited
// where all processes are visible.
func TestFinderExitedProcesses(t *testing.T) {
	f := newTestFinder(t, writeRoot(t, 2))
	f.clock = time.Now().Add(minLeftoverAge / 2)
	f.liveness.processes = newFakeProcesses()
	assert.ElementsMatch(t, []string{"added s0 exited", "added s1 exited"}, f.advance(0))
	assert.NoError(t, f.err)
	assert.Zero(t, f.warnings())
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
	f.runDue(&limitedContext{Context: t.Context(), calls: 6})
	events := f.take()
	assert.NotEmpty(t, events)
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

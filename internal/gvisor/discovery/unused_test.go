package discovery

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"
)

// warnedRoots returns the warnings by the root they concern.
func (f *testFinder) warnedRoots() map[string]string {
	warned := map[string]string{}
	for _, entry := range f.logs.FilterLevelExact(zapcore.WarnLevel).All() {
		warned[entry.ContextMap()["root"].(string)] = entry.Message
	}
	return warned
}

func TestFinderWarnsAboutConfiguredRoots(t *testing.T) {
	base := t.TempDir()
	makeDirectories(t, base, 2)
	used := writeRoot(t, 1)
	missing, empty, file := filepath.Join(base, "missing"), t.TempDir(), filepath.Join(base, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	left := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(left, "null-netns"), nil, 0o600))
	namespaces := filepath.Join(base, "*", "x")
	f := newTestFinder(t, used, "/etc", missing, empty, file, left, base, namespaces, used+"/")
	f.configured = true
	f.advance(0)
	const remedy = ": check gvisor::roots, which must list the directories that runsc is given as --root"
	const (
		doesNotExist = "Configured gVisor runtime root does not exist" + remedy
		noRoot       = "Configured path is not a gVisor runtime root: it contains nothing that runsc creates" + remedy
		noStateFile  = "Configured gVisor runtime root contains no state file" + remedy
	)
	assert.Equal(t, map[string]string{
		"/etc": noRoot, missing: doesNotExist, empty: noStateFile, left: noStateFile, base: noRoot, namespaces: doesNotExist,
		file: "Failed to access gVisor runtime root",
	}, f.warnedRoots())
	var discovered []any
	for _, entry := range f.logs.FilterMessage("Discovered gVisor runtime root").All() {
		discovered = append(discovered, entry.ContextMap()["root"])
	}
	assert.ElementsMatch(t, []any{used, left}, discovered)

	warnings := f.warnings()
	require.NoError(t, os.Mkdir(missing, 0o755))
	for range 3 {
		f.advance(scanInterval)
	}
	assert.Equal(t, warnings, f.warnings(), "each root must be warned about once")
	writeState(t, empty, "web", "web", testTime)
	f.advance(scanInterval)
	assert.Equal(t, 3, f.logs.FilterMessage("Discovered gVisor runtime root").Len())
}

func TestFinderDoesNotWarnAboutDefaultRoots(t *testing.T) {
	f := newTestFinder(t, "/etc", filepath.Join(t.TempDir(), "missing"))
	f.advance(0)
	assert.Zero(t, f.warnings())
	assert.Zero(t, f.logs.FilterMessage("Discovered gVisor runtime root").Len())
}

func TestFinderWarnsOnceForAPattern(t *testing.T) {
	base := t.TempDir()
	makeDirectories(t, base, 3)
	pattern := filepath.Join(base, "*")
	f := newTestFinder(t, pattern)
	f.configured = true
	f.advance(0)
	assert.Equal(t, []string{pattern}, keys(f.warnedRoots()))

	writeState(t, filepath.Join(base, "00001"), "web", "web", testTime)
	f = newTestFinder(t, pattern)
	f.configured = true
	f.advance(0)
	assert.Zero(t, f.warnings(), "one root with a sandbox is enough")
}

func keys(m map[string]string) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

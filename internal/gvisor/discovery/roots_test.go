package discovery

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDefaultRoots(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/[1]")
	for _, pattern := range DefaultRoots() {
		assert.True(t, filepath.IsAbs(pattern), pattern)
		_, err := filepath.Match(pattern, "")
		require.NoError(t, err, pattern)
	}
	assert.Contains(t, DefaultRoots(), `/run/user/\[1]/runsc`)
	t.Setenv("XDG_RUNTIME_DIR", "relative")
	assert.NotContains(t, strings.Join(DefaultRoots(), " "), "relative")
}

// makeDirectories creates n directories in base.
func makeDirectories(t *testing.T, base string, n int) {
	t.Helper()
	for i := range n {
		require.NoError(t, os.Mkdir(filepath.Join(base, fmt.Sprintf("%05d", i)), 0o755))
	}
}

func TestResolveLimitsRoots(t *testing.T) {
	base := t.TempDir()
	makeDirectories(t, base, maxRoots+2)
	resolved := resolve(t.Context(), []string{filepath.Join(base, "*"), base})
	assert.Len(t, resolved.roots, maxRoots)
	assert.Empty(t, resolved.failed)
	last := fmt.Sprintf("%05d", maxRoots+1)
	assert.Equal(t, []string{filepath.Join(base, fmt.Sprintf("%05d", maxRoots)), filepath.Join(base, last), base}, resolved.excess)

	patterns := append([]string{filepath.Join(base, "*")}, slices.Repeat([]string{base}, maxRoots)...)
	resolved = resolve(t.Context(), patterns)
	assert.Len(t, resolved.roots, maxRoots)
	assert.Len(t, resolved.excess, maxRoots)
}

func TestResolveLimitsFailedRoots(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	var patterns []string
	for i := range maxRoots + 1 {
		patterns = append(patterns, filepath.Join(file, fmt.Sprint(i)))
	}
	assert.Len(t, resolve(t.Context(), patterns).failed, maxRoots)
}

func TestFinderExcessRoots(t *testing.T) {
	base := t.TempDir()
	makeDirectories(t, base, maxRoots+1)
	f := newTestFinder(t, filepath.Join(base, "*"))
	f.advance(0)
	excess := filepath.Join(base, fmt.Sprintf("%05d", maxRoots))
	assert.Equal(t, map[string]Reason{excess: TooMany}, f.skipped)
	assert.Empty(t, f.advanceAll(resolveInterval), "nothing must be reported twice")

	require.NoError(t, os.Remove(filepath.Join(base, "00000")))
	f.advance(resolveInterval)
	assert.Empty(t, f.skipped)
	assert.Contains(t, f.roots, excess)
}

func TestFinderRoots(t *testing.T) {
	base := t.TempDir()
	docker := filepath.Join(base, "docker")
	f := newTestFinder(t, docker, filepath.Join(base, "containerd", "*"))
	assert.Empty(t, f.advance(0))
	assert.Empty(t, f.roots)
	require.NoError(t, f.err, "a missing root is not an error")

	require.NoError(t, os.Mkdir(docker, 0o755))
	writeState(t, docker, "web", "web", testTime)
	assert.Equal(t, []string{"added web"}, f.advance(resolveInterval))

	namespace := filepath.Join(base, "containerd", "k8s.io")
	require.NoError(t, os.MkdirAll(namespace, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(base, "containerd", "file"), nil, 0o600))
	writeState(t, namespace, "pod", "pod", testTime)
	assert.Equal(t, []string{"added pod"}, f.advance(resolveInterval))
	assert.Len(t, f.watched, 2)

	// Another directory replaces a root.
	require.NoError(t, os.Rename(docker, filepath.Join(base, "old")))
	require.NoError(t, os.Mkdir(docker, 0o755))
	writeState(t, docker, "new", "new", testTime)
	assert.Equal(t, []string{"gone web", "added new"}, f.advance(resolveInterval))

	require.NoError(t, os.RemoveAll(filepath.Join(base, "containerd")))
	assert.Equal(t, []string{"gone pod"}, f.advance(resolveInterval))
	assert.Len(t, f.watched, 1)
	assert.Empty(t, f.skipped)
	assert.NoError(t, f.err)
}

// TestFinderRootWithReusedInode covers a root that is replaced by a directory with
// the same inode, which only an event reveals.
func TestFinderRootWithReusedInode(t *testing.T) {
	root := t.TempDir()
	f := newTestFinder(t, root)
	f.advance(0)
	writeState(t, root, "web", "web", testTime)
	f.handleEvent(root)
	assert.Equal(t, []string{"added web"}, f.advance(0))
	assert.Equal(t, 2, f.watched[root], "the root must be watched again")
}

func TestFinderScansEachRootOnce(t *testing.T) {
	base := t.TempDir()
	root, link := filepath.Join(base, "run", "runsc"), filepath.Join(base, "var-run")
	require.NoError(t, os.MkdirAll(root, 0o755))
	require.NoError(t, os.Symlink(filepath.Join(base, "run"), link))
	writeState(t, root, "web", "web", testTime)
	f := newTestFinder(t, filepath.Join(link, "runsc"), root, filepath.Join(base, "*", "runsc"), root+"/")
	assert.Equal(t, []string{"added web"}, f.advance(0))
	assert.Contains(t, f.present, Key{filepath.Join(link, "runsc"), "web"}, "the first path must be used")
	assert.Empty(t, f.advance(resolveInterval))
}

func TestFinderUnwatchedRoot(t *testing.T) {
	root := t.TempDir()
	f := newTestFinder(t, root)
	f.watch = func(string) error { return errors.New("too many watches") }
	f.advance(0)
	writeState(t, root, "web", "web", testTime)
	assert.Equal(t, []string{"added web"}, f.advance(unwatchedInterval))
	for range 3 {
		f.advance(unwatchedInterval)
	}
	assert.Equal(t, 1, f.warnings())

	// Once the root can be watched, it is scanned less often again.
	f.watch = func(string) error { return nil }
	f.advance(unwatchedInterval)
	writeState(t, root, "late", "late", testTime)
	assert.Empty(t, f.advance(unwatchedInterval))
}

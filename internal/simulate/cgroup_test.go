package simulate

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCgroupTree(t *testing.T) {
	tree := CgroupTree{Root: filepath.Join(t.TempDir(), "cgroup")}
	require.NoError(t, tree.Init())
	require.NoError(t, tree.Write("sandboxes/web", CgroupUsage{User: time.Second, System: time.Millisecond, Memory: 4096}))
	require.NoError(t, tree.Write("sandboxes/web", CgroupUsage{User: 2 * time.Second, System: time.Millisecond, Memory: 4096}))
	content, err := os.ReadFile(filepath.Join(tree.Root, "sandboxes/web/cpu.stat"))
	require.NoError(t, err)
	assert.Contains(t, string(content), "usage_usec 2001000\nuser_usec 2000000\nsystem_usec 1000\n")
	entries, err := os.ReadDir(filepath.Join(tree.Root, "sandboxes/web"))
	require.NoError(t, err)
	for _, entry := range entries {
		assert.NotEqual(t, ".new", filepath.Ext(entry.Name()), "no file is left half-written")
	}
	require.NoError(t, tree.Remove("sandboxes/web"))
	assert.NoDirExists(t, filepath.Join(tree.Root, "sandboxes/web"))
}

func TestNoCgroupTree(t *testing.T) {
	var none CgroupTree
	require.NoError(t, none.Init())
	require.NoError(t, none.Write("web", CgroupUsage{}))
	require.NoError(t, none.Remove("web"))
	assert.NoDirExists(t, "web")
}

package discovery

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// reasonCauses cause each reason in an empty root, as far as skippedFiles does not.
// They return the finder before its first scan.
var reasonCauses = map[Reason]func(t *testing.T, root string) *testFinder{
	Busy: func(t *testing.T, root string) *testFinder {
		t.Helper()
		lock, err := os.Open(lockPath(writeState(t, root, "web", "web", testTime)))
		require.NoError(t, err)
		t.Cleanup(func() { _ = lock.Close() })
		require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
		return newTestFinder(t, root)
	},
	Unreadable: func(t *testing.T, root string) *testFinder {
		t.Helper()
		file := filepath.Join(root, "file")
		require.NoError(t, os.WriteFile(file, nil, 0o600))
		return newTestFinder(t, file)
	},
	TooMany: func(t *testing.T, root string) *testFinder {
		t.Helper()
		writeState(t, root, "web", "web", testTime)
		f := newTestFinder(t, root)
		f.limits.files = 0
		return f
	},
	Leftover: func(t *testing.T, root string) *testFinder {
		t.Helper()
		writeStateOf(t, root, "web", "web", endedPID)
		f, _ := newLeftoverFinder(t, root)
		return f
	},
}

// TestEveryReasonOccurs checks that the finder reports each reason of the list, and no
// other.
func TestEveryReasonOccurs(t *testing.T) {
	causes := maps.Clone(reasonCauses)
	for name, file := range skippedFiles {
		causes[file.reason] = func(t *testing.T, root string) *testFinder {
			t.Helper()
			if file.name == "" {
				file.name = filepath.Base(Key{root, "bad"}.StateFile())
			}
			file.create(t, filepath.Join(root, file.name))
			return newTestFinder(t, root)
		}
		assert.NotEmpty(t, file.reason, name)
	}
	for _, reason := range Reasons {
		t.Run(reason.Name, func(t *testing.T) {
			require.Contains(t, causes, Reason(reason.Name))
			f := causes[Reason(reason.Name)](t, t.TempDir())
			f.advance(0)
			reported := map[string]bool{}
			for _, skipped := range f.skipped {
				reported[string(skipped)] = true
			}
			for entry := range f.entries {
				reported[entry[strings.LastIndexByte(entry, ' ')+1:]] = true
			}
			assert.Equal(t, map[string]bool{reason.Name: true}, reported)
			assert.True(t, reason.IsAboutPath())
		})
	}
	assert.Len(t, causes, len(Reasons), "a reason is not in the list")
}

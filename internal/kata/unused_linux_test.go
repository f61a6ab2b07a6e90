package kata

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// TestUnreadableEntriesAreNamed checks a storage path whose entries the Collector may
// not read: it is one, although no entry can be recognized as a sandbox.
func TestUnreadableEntriesAreNamed(t *testing.T) {
	p := newStoragePaths(t)
	if err := os.Chmod(filepath.Dir(filepath.Dir(p.golang)), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Dir(p.golang), p.golang} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	bind(t, p.golang, "web-0")
	entry := filepath.Join(p.golang, "web-0")
	if err := os.Chmod(entry, 0); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.Chmod(entry, 0o700) }()
	if os.Geteuid() == 0 {
		// As root, this thread gives up the right to read all files.
		const nobody = 65534
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = syscall.Setfsuid(0) }()
	}
	warned := warnedPaths(t, []string{p.golang})
	if !strings.Contains(warned[p.golang], "run the Collector as root") {
		t.Errorf("got %q, want the missing permission", warned)
	}
}

//go:build linux

package process

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// ShortTempDir creates a temporary directory whose path is short enough for Unix
// sockets in it, unlike that of [testing.T.TempDir]. At the end of the test,
// everything that is mounted below it is unmounted.
func ShortTempDir(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "e2e-") //nolint:usetesting // the path of t.TempDir is too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		mounts, err := mountsBelow(directory)
		if err != nil {
			t.Error(err)
		}
		for _, mount := range mounts {
			if err := syscall.Unmount(mount, syscall.MNT_DETACH); err != nil {
				t.Errorf("unmount %s: %v", mount, err)
			}
		}
		if err := os.RemoveAll(directory); err != nil {
			t.Error(err)
		}
	})
	return directory
}

// mountsBelow returns the mount points below a directory, the most recent first.
func mountsBelow(directory string) ([]string, error) {
	file, err := os.Open("/proc/self/mounts")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var mounts []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		// proc /proc proc rw,nosuid 0 0
		if fields := strings.Fields(lines.Text()); len(fields) > 1 && strings.HasPrefix(fields[1], directory+"/") {
			mounts = append(mounts, fields[1])
		}
	}
	slices.Reverse(mounts)
	return mounts, lines.Err()
}

// RemoveNew removes, at the end of the test, those of the given paths that do not
// exist now. They may be files, mount points or empty directories. A directory
// must precede the paths below it.
func RemoveNew(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		t.Cleanup(func() {
			_ = syscall.Unmount(path, syscall.MNT_DETACH)
			_ = os.Remove(path)
		})
	}
}

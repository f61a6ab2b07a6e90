package kata

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
)

func TestSkippedPaths(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	bind(t, paths.rust, "db-0")
	write(t, filepath.Join(paths.rust, "db-0", "state.json"), stateFile("db-0", "clh"))
	write(t, filepath.Join(paths.rust, "firecracker", "db-1", "root", "state.json"), stateFile("db-1", "firecracker"))
	write(t, filepath.Join(paths.rust, podUID, "file"), "")
	write(t, filepath.Join(paths.golang, "leftover", "persist.json"), "")
	f.advance(time.Second)
	f.expect(t, "first scan", "+db-0")
	want := map[string]string{
		filepath.Join(paths.rust, "firecracker"): "jailer",
		filepath.Join(paths.rust, podUID):        "template",
		filepath.Join(paths.golang, "leftover"):  "no_socket",
	}
	if !maps.Equal(f.recorder.skipped, want) {
		t.Errorf("got skipped paths %v, want %v", f.recorder.skipped, want)
	}
	if f.recorder.err != nil {
		t.Errorf("skipped paths cause the error %v", f.recorder.err)
	}

	remove(t, paths.golang)
	f.advance(time.Minute)
	delete(want, filepath.Join(paths.golang, "leftover"))
	if !maps.Equal(f.recorder.skipped, want) {
		t.Errorf("got skipped paths %v without the storage path of the Go runtime, want %v", f.recorder.skipped, want)
	}
}

// A skipped path is reported once when it appears, when its reason changes and
// when it is no longer skipped, however often it is checked.
func TestSkippedPathsAreReportedOnChange(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	web, file := filepath.Join(paths.golang, "web-0"), filepath.Join(paths.rust, "file")
	socket := filepath.Join(web, "shim-monitor.sock")
	step := func(name string, want ...skip) {
		t.Helper()
		f.advance(time.Minute)
		got := f.recorder.takeSkips()
		for _, skips := range [][]skip{got, want} {
			slices.SortFunc(skips, func(a, b skip) int { return cmp.Compare(a.path, b.path) })
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	step("empty storage paths")
	write(t, file, "")
	write(t, filepath.Join(web, "persist.json"), persistFile("web-0", "qemu", "web-0"))
	step("file and directory appear", skip{file, "not_directory"}, skip{web, "no_socket"})
	step("no change")
	write(t, socket, "")
	step("reason changes", skip{web, "not_socket"})
	remove(t, socket)
	bind(t, paths.golang, "web-0")
	step("directory becomes a sandbox", skip{web, ""})
	step("no change of the sandbox")
	remove(t, socket)
	step("sandbox loses its socket", skip{web, "no_socket"})
	remove(t, web)
	step("directory vanishes", skip{web, ""})
	remove(t, file)
	step("file vanishes", skip{file, ""})
	f.expect(t, "sandbox appeared and vanished", "+web-0", "-web-0")
}

// A storage path that cannot be read, or has too many entries, is a skipped path of
// its own: sandboxes may be missing.
func TestStoragePathsAreSkipped(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	expect := func(step string, want map[string]string) {
		t.Helper()
		f.advance(2 * time.Minute)
		if !maps.Equal(f.recorder.skipped, want) {
			t.Fatalf("%s: got skipped paths %v, want %v", step, f.recorder.skipped, want)
		}
	}
	expect("empty storage paths", nil)
	remove(t, paths.golang)
	expect("missing storage path", nil)
	write(t, paths.golang, "")
	expect("file", map[string]string{paths.golang: "not_directory"})
	remove(t, paths.golang)
	expect("removed file", nil)
	if err := os.Symlink(paths.golang, paths.golang); err != nil {
		t.Fatal(err)
	}
	expect("loop of symbolic links", map[string]string{paths.golang: "unreadable"})
	f.recorder.takeSkips()
	expect("no change", map[string]string{paths.golang: "unreadable"})
	if got := f.recorder.takeSkips(); len(got) > 0 {
		t.Errorf("got reports %q without a change", got)
	}
	remove(t, paths.golang)
	expect("removed link", nil)
}

func TestReasonOfStoragePath(t *testing.T) {
	for _, test := range []struct {
		err  error
		cut  bool
		want storage.Reason
	}{
		{nil, false, ""},
		{nil, true, storage.TooMany},
		{fmt.Errorf("scan: %w", fs.ErrPermission), false, storage.Unreadable},
		{fmt.Errorf("scan: %w", fs.ErrPermission), true, storage.Unreadable},
		{fmt.Errorf("scan: %w", storage.ErrNotDirectory), false, storage.NotDirectory},
	} {
		if got := rootReason(test.err, test.cut); got != test.want {
			t.Errorf("%v, %v: got %q, want %q", test.err, test.cut, got, test.want)
		}
	}
}

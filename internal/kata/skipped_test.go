package kata

import (
	"maps"
	"path/filepath"
	"testing"
	"time"
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

package kata

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// expectScans compares all calls of Scanned.
func (f *testFinder) expectScans(t *testing.T, step string, want ...scan) {
	t.Helper()
	if got := f.recorder.allScans(); !slices.Equal(got, want) {
		t.Fatalf("%s: got calls of Scanned %+v, want %+v", step, got, want)
	}
}

func TestScannedWithoutSandboxes(t *testing.T) {
	paths := newStoragePaths(t)
	write(t, filepath.Join(paths.rust, "file"), "")
	f := newTestFinder(t, newConfig(paths))
	f.expectScans(t, "before the first scan")
	f.tick(f.now)
	f.expectScans(t, "first scan", scan{skipped: 1})
	f.advance(time.Minute)
	f.expectScans(t, "more scans", scan{skipped: 1})
}

// The end of the first scan is reported after the sandboxes and skipped paths that
// it found, and only once.
func TestScannedAfterFirstSandboxes(t *testing.T) {
	paths := newStoragePaths(t)
	bind(t, paths.golang, "web-0")
	bind(t, paths.rust, "db-0")
	write(t, filepath.Join(paths.rust, "file"), "")
	f := newTestFinder(t, newConfig(paths))
	f.tick(f.now)
	f.expect(t, "db-0 has no state file yet", "+web-0")
	f.advance(f.runtime.pace.identity / 2)
	f.expectScans(t, "db-0 has no state file yet")

	write(t, filepath.Join(paths.rust, "db-0", "state.json"), stateFile("db-0", "clh"))
	f.advance(f.runtime.pace.soon)
	f.expect(t, "db-0 has a state file", "+db-0")
	want := scan{added: 2, skipped: 1}
	f.expectScans(t, "both sandboxes are reported", want)

	bind(t, paths.golang, "web-1")
	f.advance(time.Minute)
	f.expect(t, "another sandbox appears", "+web-1")
	f.expectScans(t, "another sandbox appears", want)
}

// New sandboxes that keep appearing must not delay the end of the first scan
// indefinitely.
func TestScannedAlthoughCandidatesWait(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	limit := f.runtime.pace.identity
	bind(t, paths.rust, "db-0")
	f.tick(f.now)
	f.advance(limit / 2)
	bind(t, paths.rust, "db-1")
	f.changed(filepath.Join(paths.rust, "db-1"), f.now)
	f.advance(limit - limit/2 - f.runtime.pace.soon)
	f.expect(t, "before the limit")
	f.expectScans(t, "before the limit")

	f.advance(f.runtime.pace.soon)
	f.expect(t, "limit", "+db-0")
	if len(f.candidates) != 1 {
		t.Fatalf("got %d candidates at the limit, want db-1", len(f.candidates))
	}
	f.expectScans(t, "limit", scan{added: 1})

	f.advance(time.Minute)
	f.expect(t, "after the limit", "+db-1")
	f.expectScans(t, "after the limit", scan{added: 1})
}

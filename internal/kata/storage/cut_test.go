package storage

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestScanOfTooManyEntries covers a storage path with more entries than a scan reads.
// What is known remains known whether or not it is among those that are read.
func TestScanOfTooManyEntries(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	bind(t, filepath.Join(storagePath, "web-0", socketName))
	bind(t, filepath.Join(storagePath, "web-1", socketName))
	mkdir(t, filepath.Join(storagePath, "db-0"))
	mkdir(t, filepath.Join(storagePath, "db-1"))
	inventory := NewInventory([]string{storagePath})
	expectScan := func(listed int, cut bool, want ...string) {
		t.Helper()
		inventory.listed = listed
		if got := scan(t, inventory, storagePath); !slices.Equal(got, want) {
			t.Errorf("got %q with %d entries, want %q", got, listed, want)
		}
		if got := inventory.IsCut(storagePath); got != cut {
			t.Errorf("got %v with %d entries, want %v", got, listed, cut)
		}
	}
	expectScan(4, false, "+web-0", "+web-1")
	version := inventory.SkippedVersion()
	for listed := range 4 {
		expectScan(listed, true)
	}
	expectSkipped(t, inventory, storagePath, map[string]Reason{"db-0": NoSocket, "db-1": NoSocket})
	if got := inventory.SkippedVersion(); got != version {
		t.Errorf("got version %d of skipped paths, want %d", got, version)
	}

	for _, name := range []string{"web-0", "db-0"} {
		if err := os.RemoveAll(filepath.Join(storagePath, name)); err != nil {
			t.Fatal(err)
		}
	}
	bind(t, filepath.Join(storagePath, "db-1", socketName))
	expectScan(1, true, "+db-1", "-web-0")
	expectSkipped(t, inventory, storagePath, nil)
	expectScan(2, false)
}

package storage

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// describe formats changes for comparison: -removed, +added, ±replaced.
func describe(changes []Change) []string {
	var texts []string
	for _, change := range changes {
		switch {
		case change.Removed != nil && change.Added != nil:
			texts = append(texts, "±"+change.Added.ID)
		case change.Removed != nil:
			texts = append(texts, "-"+change.Removed.ID)
		case change.Added != nil:
			texts = append(texts, "+"+change.Added.ID)
		}
	}
	slices.SortFunc(texts, cmp.Compare[string])
	return texts
}

func scan(t *testing.T, inventory *Inventory, storagePath string) []string {
	t.Helper()
	inventory.Refresh(storagePath)
	changes, err := inventory.Scan(storagePath)
	if err != nil {
		t.Fatal(err)
	}
	return describe(changes)
}

// expectSkipped compares the skipped paths with the expected reasons by name.
func expectSkipped(t *testing.T, inventory *Inventory, storagePath string, want map[string]Reason) {
	t.Helper()
	paths := map[string]Reason{}
	for name, reason := range want {
		paths[filepath.Join(storagePath, name)] = reason
	}
	if got := inventory.Skipped(); !maps.Equal(got, paths) {
		t.Fatalf("skipped %v, want %v", got, paths)
	}
}

func TestScan(t *testing.T) {
	storagePath := newStoragePath(t, "sbs")
	inventory := NewInventory([]string{storagePath})
	step := func(name string, want ...string) {
		t.Helper()
		if got := scan(t, inventory, storagePath); !slices.Equal(got, want) {
			t.Fatalf("%s: got %q, want %q", name, got, want)
		}
	}
	skipped := func(want map[string]Reason) {
		t.Helper()
		expectSkipped(t, inventory, storagePath, want)
	}
	step("empty storage path")
	skipped(nil)

	bind(t, filepath.Join(storagePath, "web-0", socketName))
	mkdir(t, filepath.Join(storagePath, "db-0"))
	mkdir(t, filepath.Join(storagePath, "leftover"))
	mkdir(t, filepath.Join(storagePath, "firecracker"))
	step("first sandbox", "+web-0")
	skipped(map[string]Reason{"db-0": NoSocket, "leftover": NoSocket, "firecracker": Jailer})
	step("no change")

	bind(t, filepath.Join(storagePath, "db-0", socketName))
	step("socket appears", "+db-0")
	skipped(map[string]Reason{"leftover": NoSocket, "firecracker": Jailer})

	socket := filepath.Join(storagePath, "web-0", socketName)
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	bind(t, socket)
	if err := os.Chtimes(socket, time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	step("id is reused", "±web-0")

	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	step("socket vanishes", "-web-0")
	skipped(map[string]Reason{"web-0": NoSocket, "leftover": NoSocket, "firecracker": Jailer})

	for _, name := range []string{"db-0", "leftover", "web-0"} {
		if err := os.RemoveAll(filepath.Join(storagePath, name)); err != nil {
			t.Fatal(err)
		}
	}
	step("directories vanish", "-db-0")
	skipped(map[string]Reason{"firecracker": Jailer})
}

func TestSkippedVersion(t *testing.T) {
	storagePath := newStoragePath(t, "sbs")
	inventory := NewInventory([]string{storagePath})
	version := uint64(0)
	step := func(name string, changes bool) {
		t.Helper()
		scan(t, inventory, storagePath)
		got := inventory.SkippedVersion()
		if (got != version) != changes {
			t.Errorf("%s: version changed from %d to %d, want a change: %v", name, version, got, changes)
		}
		version = got
	}
	step("empty storage path", false)
	bind(t, filepath.Join(storagePath, "web-0", socketName))
	step("sandbox appears", false)
	mkdir(t, filepath.Join(storagePath, "db-0"))
	step("skipped path appears", true)
	step("no change", false)
	write(t, filepath.Join(storagePath, "db-0", "file"), "")
	step("skipped directory is modified", false)
	mkdir(t, filepath.Join(storagePath, "db-0", socketName))
	step("reason changes", true)
	if err := os.RemoveAll(filepath.Join(storagePath, "db-0")); err != nil {
		t.Fatal(err)
	}
	step("skipped path vanishes", true)
	if err := os.Remove(filepath.Join(storagePath, "web-0", socketName)); err != nil {
		t.Fatal(err)
	}
	step("sandbox becomes a skipped path", true)
	bind(t, filepath.Join(storagePath, "web-0", socketName))
	step("skipped path becomes a sandbox", true)
}

// TestSkippedVersionNeverReturns lets skipped paths appear and vanish: a version
// that occurs twice would hide a change from a reader that missed those between.
func TestSkippedVersionNeverReturns(t *testing.T) {
	storagePath := newStoragePath(t, "sbs")
	inventory := NewInventory([]string{storagePath})
	last := inventory.SkippedVersion()
	for _, name := range []string{"db-0", "db-1", "db-2"} {
		mkdir(t, filepath.Join(storagePath, name))
		scan(t, inventory, storagePath)
		if got := inventory.SkippedVersion(); got <= last {
			t.Errorf("%s appeared: version %d after %d, want a higher one", name, got, last)
		}
		last = inventory.SkippedVersion()
		if err := os.Remove(filepath.Join(storagePath, name)); err != nil {
			t.Fatal(err)
		}
		scan(t, inventory, storagePath)
		if got := inventory.SkippedVersion(); got <= last {
			t.Errorf("%s vanished: version %d after %d, want a higher one", name, got, last)
		}
	}
}

func TestSkippedReturnsCopy(t *testing.T) {
	storagePath := newStoragePath(t, "sbs")
	mkdir(t, filepath.Join(storagePath, "db-0"))
	inventory := NewInventory([]string{storagePath})
	scan(t, inventory, storagePath)
	clear(inventory.Skipped())
	expectSkipped(t, inventory, storagePath, map[string]Reason{"db-0": NoSocket})
}

func TestPending(t *testing.T) {
	storagePath := newStoragePath(t, "sbs")
	bind(t, filepath.Join(storagePath, "web-0", socketName))
	mkdir(t, filepath.Join(storagePath, "db-0"))
	mkdir(t, filepath.Join(storagePath, "firecracker"))
	mkdir(t, filepath.Join(storagePath, "file", socketName))
	inventory := NewInventory([]string{storagePath})
	pending := func(after time.Time) []string {
		t.Helper()
		paths := inventory.Pending(after)
		slices.Sort(paths)
		return paths
	}
	past, future := time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if inventory.HasPending() {
		t.Error("HasPending is true before the first scan")
	}
	scan(t, inventory, storagePath)
	want := []string{filepath.Join(storagePath, "db-0"), filepath.Join(storagePath, "firecracker")}
	if got := pending(past); !slices.Equal(got, want) || !inventory.HasPending() {
		t.Errorf("got %q, want %q", got, want)
	}
	// Directories that have not changed recently are no longer pending.
	if got := pending(future); len(got) != 0 || inventory.HasPending() {
		t.Errorf("got %q, want none", got)
	}
	inventory.Examine(storagePath, "db-0")
	if got := pending(past); !slices.Equal(got, want[:1]) {
		t.Errorf("got %q after db-0 was examined, want %q", got, want[:1])
	}
	bind(t, filepath.Join(storagePath, "db-0", socketName))
	inventory.Examine(storagePath, "db-0")
	if got := pending(past); len(got) != 0 {
		t.Errorf("got %q after the socket was created, want none", got)
	}
}

func TestMaxSandboxes(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	bind(t, filepath.Join(storagePath, "web-0", socketName))
	inventory := NewInventory([]string{storagePath})
	for n := range maxSandboxes {
		inventory.found[fmt.Sprintf("/elsewhere/%d", n)] = Directory{}
	}
	if got := scan(t, inventory, storagePath); len(got) != 0 {
		t.Errorf("got %q above the limit, want no changes", got)
	}
	expectSkipped(t, inventory, storagePath, map[string]Reason{"web-0": TooMany})
	delete(inventory.found, "/elsewhere/0")
	if got := scan(t, inventory, storagePath); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("got %q after a sandbox was removed, want +web-0", got)
	}
}

func TestMaxSkippedPaths(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	mkdir(t, filepath.Join(storagePath, "db-0"))
	inventory := NewInventory([]string{storagePath})
	for n := range maxEntries {
		inventory.skipped[fmt.Sprintf("/elsewhere/%d", n)] = NoSocket
	}
	scan(t, inventory, storagePath)
	if got := len(inventory.Skipped()); got != maxEntries || inventory.HasPending() {
		t.Errorf("got %d skipped paths, pending: %v; want %d, none pending", got, inventory.HasPending(), maxEntries)
	}
	if !inventory.IsCut(storagePath) {
		t.Error("a storage path with an entry that is not recorded must count as cut")
	}
	delete(inventory.skipped, "/elsewhere/0")
	scan(t, inventory, storagePath)
	if inventory.IsCut(storagePath) {
		t.Error("the storage path counts as cut below the limit")
	}
	if got := inventory.Skipped()[filepath.Join(storagePath, "db-0")]; got != NoSocket {
		t.Errorf("got reason %q below the limit, want %q", got, NoSocket)
	}
}

package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestStoragePathAppearsAndVanishes(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	inventory := NewInventory([]string{storagePath})
	if err := os.RemoveAll(storagePath); err != nil {
		t.Fatal(err)
	}
	if inventory.Refresh(storagePath) {
		t.Error("a storage path that never existed is reported as changed")
	}
	if got := scan(t, inventory, storagePath); len(got) != 0 {
		t.Errorf("got %q from a missing storage path", got)
	}

	bind(t, filepath.Join(storagePath, "web-0", socketName))
	// Scan uses the result of the last Refresh, when there was no directory.
	if changes, err := inventory.Scan(storagePath); err != nil || len(changes) > 0 {
		t.Errorf("got %q, %v before Refresh, want no changes", describe(changes), err)
	}
	if !inventory.Refresh(storagePath) || inventory.Refresh(storagePath) {
		t.Error("the new storage path must be reported exactly once")
	}
	inventory.Invalidate(storagePath)
	if !inventory.Refresh(storagePath) || inventory.Refresh(storagePath) {
		t.Error("the invalidated storage path must be reported exactly once")
	}
	if got := scan(t, inventory, storagePath); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("got %q from the new storage path, want +web-0", got)
	}

	if err := os.RemoveAll(storagePath); err != nil {
		t.Fatal(err)
	}
	if !inventory.Refresh(storagePath) || inventory.Refresh(storagePath) {
		t.Error("the removed storage path must be reported exactly once")
	}
	if got := scan(t, inventory, storagePath); !slices.Equal(got, []string{"-web-0"}) {
		t.Errorf("got %q from the removed storage path, want -web-0", got)
	}
}

func TestStoragePathIsNotDirectory(t *testing.T) {
	file := filepath.Join(newStoragePath(t, "kata"), "file")
	write(t, file, "")
	inventory := NewInventory([]string{file})
	if _, err := inventory.Scan(file); err == nil {
		t.Error("Scan of a regular file returned no error")
	}
	if inventory.Refresh(file) {
		t.Error("a regular file is reported as a new storage path")
	}
}

func TestUnreadableStoragePathKeepsSandboxes(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	bind(t, filepath.Join(storagePath, "web-0", socketName))
	inventory := NewInventory([]string{storagePath})
	scan(t, inventory, storagePath)
	hidden := storagePath + "-hidden"
	if err := os.Rename(storagePath, hidden); err != nil {
		t.Fatal(err)
	}
	write(t, storagePath, "not a directory")
	if change := inventory.Examine(storagePath, "web-0"); change != (Change{}) {
		t.Errorf("got %q from an unreadable entry, want no change", describe([]Change{change}))
	}
	inventory.Refresh(storagePath)
	if changes, err := inventory.Scan(storagePath); err == nil || errors.Is(err, fs.ErrNotExist) || len(changes) > 0 {
		t.Errorf("got %q, %v from an unreadable storage path, want an error", describe(changes), err)
	}
	if err := os.Remove(storagePath); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(hidden, storagePath); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, inventory, storagePath); len(got) != 0 {
		t.Errorf("got %q when the storage path is readable again, want no changes", got)
	}
}

func TestAlias(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	bind(t, filepath.Join(storagePath, "web-0", socketName))
	linked := filepath.Join(filepath.Dir(storagePath), "linked")
	if err := os.Symlink(storagePath, linked); err != nil {
		t.Fatal(err)
	}
	inventory := NewInventory([]string{linked, storagePath, storagePath + "/"})
	if got := inventory.StoragePaths(); !slices.Equal(got, []string{linked, storagePath}) {
		t.Errorf("got storage paths %q, want %q", got, []string{linked, storagePath})
	}
	if got := scan(t, inventory, linked); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("scan of the link: got %q, want +web-0", got)
	}
	if got := scan(t, inventory, storagePath); len(got) != 0 {
		t.Errorf("scan of the alias: got %q, want no changes", got)
	}
	if change := inventory.Examine(storagePath, "web-0"); change != (Change{}) {
		t.Errorf("entry of the alias: got %q, want no change", describe([]Change{change}))
	}
	if inventory.IsAlias(linked) || !inventory.IsAlias(storagePath) {
		t.Error("only the second path must be an alias")
	}

	if err := os.Remove(linked); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, inventory, linked); !slices.Equal(got, []string{"-web-0"}) {
		t.Errorf("scan of the removed link: got %q, want -web-0", got)
	}
	if got := scan(t, inventory, storagePath); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("scan of the only remaining path: got %q, want +web-0", got)
	}

	// When the link is created again, it takes precedence as before.
	if err := os.Symlink(storagePath, linked); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, inventory, linked); !slices.Equal(got, []string{"+web-0"}) {
		t.Errorf("scan of the new link: got %q, want +web-0", got)
	}
	if got := scan(t, inventory, storagePath); !slices.Equal(got, []string{"-web-0"}) {
		t.Errorf("scan of the path that became an alias: got %q, want -web-0", got)
	}
}

package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestExamine(t *testing.T) {
	storagePath := newStoragePath(t, "sbs")
	bind(t, filepath.Join(storagePath, webID, socketName))
	bind(t, filepath.Join(storagePath, ".hidden", socketName))
	mkdir(t, filepath.Join(storagePath, "leftover"))
	mkdir(t, filepath.Join(storagePath, podID))
	mkdir(t, filepath.Join(storagePath, "firecracker"))
	write(t, filepath.Join(storagePath, "file0", socketName), "")
	mkdir(t, filepath.Join(storagePath, "dir00", socketName))
	write(t, filepath.Join(storagePath, "plain"), "")
	if err := os.Symlink(webID, filepath.Join(storagePath, "linked")); err != nil {
		t.Fatal(err)
	}
	mkdir(t, filepath.Join(storagePath, "link0"))
	if err := os.Symlink(filepath.Join(storagePath, webID, socketName), filepath.Join(storagePath, "link0", socketName)); err != nil {
		t.Fatal(err)
	}

	for name, want := range map[string]Reason{
		webID: "", ".hidden": InvalidName, "leftover": NoSocket, podID: Template, "firecracker": Jailer,
		"file0": NotSocket, "dir00": NotSocket, "plain": NotDirectory, "linked": NotDirectory, "link0": NotSocket,
	} {
		directory, reason, err := Examine(storagePath, name)
		if err != nil || reason != want {
			t.Errorf("%s: got reason %q, error %v, want reason %q", name, reason, err, want)
		}
		if (directory != Directory{}) != (want == "") {
			t.Errorf("%s: got directory %+v with reason %q", name, directory, reason)
		}
	}
	if _, _, err := Examine(storagePath, "missing"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing entry: got error %v, want fs.ErrNotExist", err)
	}
}

// The names of the jailer's directory and of templates are also valid IDs.
func TestExamineAcceptsAnyValidIDWithSocket(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	for _, name := range []string{"firecracker", podID} {
		bind(t, filepath.Join(storagePath, name, socketName))
		if _, reason, err := Examine(storagePath, name); reason != "" || err != nil {
			t.Errorf("%s: got reason %q, error %v, want none", name, reason, err)
		}
	}
}

func TestInstance(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	socket := filepath.Join(storagePath, "web-0", socketName)
	bind(t, socket)
	first, _, err := Examine(storagePath, "web-0")
	if err != nil {
		t.Fatal(err)
	}
	if !first.Unchanged() {
		t.Error("directory reported as changed immediately after it was examined")
	}
	write(t, filepath.Join(storagePath, "web-0", stateName), "{}")
	if err := os.Chmod(socket, 0o600); err != nil {
		t.Fatal(err)
	}
	if !first.Unchanged() {
		t.Error("directory reported as changed after a file was created in it")
	}
	if age := time.Since(first.Instance.Created()); age < -time.Minute || age > time.Hour {
		t.Errorf("instance reported as created %v ago", age)
	}

	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	if first.Unchanged() {
		t.Error("directory reported as unchanged without its socket")
	}
	bind(t, socket)
	// The new socket can have the same inode and, with a coarse clock, the same
	// time, so the time is set explicitly.
	if err := os.Chtimes(socket, time.Time{}, first.Instance.Created().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	second, _, err := Examine(storagePath, "web-0")
	if err != nil {
		t.Fatal(err)
	}
	if first.Unchanged() || first.Instance.Iteration() == second.Instance.Iteration() {
		t.Errorf("instances are not distinguished: %+v, %+v", first, second)
	}
}

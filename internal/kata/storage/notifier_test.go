package storage

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestNotifier(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	notifier, err := NewNotifier()
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = notifier.Close() }()
	if err := notifier.Watch(filepath.Join(storagePath, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("watching a missing path: got error %v, want fs.ErrNotExist", err)
	}
	await := func(want string) {
		t.Helper()
		deadline := time.After(10 * time.Second)
		for {
			select {
			case event := <-notifier.Events():
				if event.Name == filepath.Join(storagePath, want) {
					return
				}
			case err := <-notifier.Errors():
				t.Fatal(err)
			case <-deadline:
				t.Fatalf("no event for %s", want)
			}
		}
	}
	if err := notifier.Watch(storagePath); err != nil {
		t.Fatal(err)
	}
	mkdir(t, filepath.Join(storagePath, "web-0"))
	await("web-0")

	// A watch follows the directory, not its path.
	if err := os.RemoveAll(storagePath); err != nil {
		t.Fatal(err)
	}
	mkdir(t, storagePath)
	if err := notifier.Watch(storagePath); err != nil {
		t.Fatal(err)
	}
	mkdir(t, filepath.Join(storagePath, "db-0"))
	await("db-0")
}

func TestNotifierWithoutInotify(t *testing.T) {
	var notifier Notifier
	if err := notifier.Watch("/missing"); err != nil {
		t.Error(err)
	}
	if notifier.Events() != nil || notifier.Errors() != nil || notifier.Close() != nil {
		t.Error("got a channel or an error, want none")
	}
}

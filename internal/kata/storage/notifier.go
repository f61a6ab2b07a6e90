package storage

import (
	"github.com/fsnotify/fsnotify"
)

// Notifier tells which entries of storage paths have changed. What it misses, a
// scan has to find.
type Notifier struct {
	watcher *fsnotify.Watcher
}

// NewNotifier makes a notifier that watches nothing yet. With an error, for
// example because the user has too many of them already, it works, but never
// tells anything.
func NewNotifier() (Notifier, error) {
	watcher, err := fsnotify.NewBufferedWatcher(1024)
	return Notifier{watcher}, err
}

// Watch begins to watch a storage path, again if it was replaced.
func (n Notifier) Watch(place string) error {
	if n.watcher == nil {
		return nil
	}
	_ = n.watcher.Remove(place)
	return n.watcher.Add(place)
}

// Events yields an event for each change of an entry, or of the storage path
// itself, named by its path.
func (n Notifier) Events() <-chan fsnotify.Event {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Events
}

// Errors yields an error when events were lost, so that a scan is due.
func (n Notifier) Errors() <-chan error {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Errors
}

// Close ends watching and all that it started.
func (n Notifier) Close() error {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Close()
}

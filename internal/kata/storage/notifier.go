package storage

import (
	"github.com/fsnotify/fsnotify"
)

// Notifier reports which entries of storage paths have changed. It can miss
// changes, so storage paths must also be scanned at intervals.
type Notifier struct {
	watcher *fsnotify.Watcher
}

// NewNotifier returns a notifier that watches no storage path yet. If it returns
// an error, for example because the user has reached the limit of inotify
// instances, the notifier can still be used but never sends an event.
func NewNotifier() (Notifier, error) {
	watcher, err := fsnotify.NewBufferedWatcher(1024)
	return Notifier{watcher}, err
}

// Watch starts to watch a storage path. Call it again after the directory was
// replaced, because a watch follows the directory and not its path.
func (n Notifier) Watch(storagePath string) error {
	if n.watcher == nil {
		return nil
	}
	_ = n.watcher.Remove(storagePath)
	return n.watcher.Add(storagePath)
}

// Events returns the channel of events, one for each change of an entry or of a
// storage path itself. The name of an event is the path that changed.
func (n Notifier) Events() <-chan fsnotify.Event {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Events
}

// Errors returns the channel of errors. An error means that events were lost and
// that a scan is required.
func (n Notifier) Errors() <-chan error {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Errors
}

// Close stops watching and releases all resources.
func (n Notifier) Close() error {
	if n.watcher == nil {
		return nil
	}
	return n.watcher.Close()
}

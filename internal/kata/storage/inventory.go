package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const (
	// maxSandboxes limits the number of sandboxes in an inventory.
	maxSandboxes = 10_000
	// maxEntries limits the number of entries that a scan of a storage path reads, and
	// the number of skipped paths in an inventory.
	maxEntries = 65_536
)

// ErrNotDirectory is the error for a storage path that is not a directory.
var ErrNotDirectory = errors.New("not a directory")

// Inventory holds the content of storage paths as of the last scan. It reads
// the file system only in calls of its methods, which must all come from one
// goroutine.
type Inventory struct {
	storagePaths []string
	// found and skipped hold all entries, by path. No path is in both.
	found   map[string]Directory
	skipped map[string]Reason
	// skippedVersion counts the changes of skipped.
	skippedVersion uint64
	// pending holds the change time of each skipped directory that becomes a
	// sandbox once a socket is created in it.
	pending map[string]int64
	// identities holds the directory behind each storage path, as of the last
	// call of Refresh.
	identities map[string]identity
	// cut holds the storage paths of which the last scan did not read or record all
	// entries, because there are more than listed or maxEntries.
	cut    map[string]bool
	listed int
}

// Change is one difference between two scans. Removed is set for a sandbox that
// no longer exists, Added for a new one, and both if an ID was reused.
type Change struct {
	Removed, Added *Directory
}

// NewInventory returns an empty inventory of the storage paths.
func NewInventory(storagePaths []string) *Inventory {
	unique := make([]string, 0, len(storagePaths))
	for _, storagePath := range storagePaths {
		if storagePath = filepath.Clean(storagePath); !slices.Contains(unique, storagePath) {
			unique = append(unique, storagePath)
		}
	}
	return &Inventory{
		storagePaths: unique,
		found:        map[string]Directory{},
		skipped:      map[string]Reason{},
		pending:      map[string]int64{},
		identities:   map[string]identity{},
		cut:          map[string]bool{},
		listed:       maxEntries,
	}
}

// StoragePaths returns the storage paths, cleaned and without duplicates.
func (i *Inventory) StoragePaths() []string { return i.storagePaths }

// Examine inspects one entry of a storage path and updates the inventory.
func (i *Inventory) Examine(storagePath, name string) Change {
	if i.IsAlias(storagePath) {
		return Change{}
	}
	path := filepath.Join(storagePath, name)
	before, known := i.found[path]
	current, changed, reason, err := examine(storagePath, name)
	if reason == "" && err == nil && !known && len(i.found) >= maxSandboxes {
		reason = TooMany
	}
	switch {
	case reason == Unreadable && known:
		// The sandbox may still exist.
		return Change{}
	case reason != "":
		i.skip(path, reason, changed)
	default:
		i.forgetSkipped(path)
	}
	switch {
	case reason != "" || err != nil:
		if !known {
			return Change{}
		}
		delete(i.found, path)
		return Change{Removed: &before}
	case !known:
		i.found[path] = current
		return Change{Added: &current}
	case current != before:
		i.found[path] = current
		return Change{Removed: &before, Added: &current}
	}
	return Change{}
}

// skip records a skipped path. If there are too many of them, its storage path counts
// as cut instead.
func (i *Inventory) skip(path string, reason Reason, changed int64) {
	delete(i.pending, path)
	before, known := i.skipped[path]
	if !known && len(i.skipped) >= maxEntries {
		i.cut[filepath.Dir(path)] = true
		return
	}
	if before != reason {
		i.skipped[path] = reason
		i.skippedVersion++
	}
	if reason == NoSocket || reason == Jailer || reason == Template {
		i.pending[path] = changed
	}
}

// forgetSkipped removes a path from the skipped ones.
func (i *Inventory) forgetSkipped(path string) {
	if _, known := i.skipped[path]; known {
		delete(i.skipped, path)
		i.skippedVersion++
	}
	delete(i.pending, path)
}

// Skipped returns all skipped paths with their reasons. The map is a copy that
// belongs to the caller, so call it only if SkippedVersion has changed.
func (i *Inventory) Skipped() map[string]Reason { return maps.Clone(i.skipped) }

// SkippedVersion returns a number that changes whenever the result of Skipped
// does. It is 0 while nothing has ever been skipped.
func (i *Inventory) SkippedVersion() uint64 { return i.skippedVersion }

// Pending returns the paths of directories that have no socket and changed after
// the given time, and therefore may become sandboxes at any moment. Directories
// with older changes are not returned again until they are examined again.
func (i *Inventory) Pending(after time.Time) []string {
	var paths []string
	for path, changed := range i.pending {
		if changed > after.UnixNano() {
			paths = append(paths, path)
		} else {
			delete(i.pending, path)
		}
	}
	return paths
}

// HasPending reports whether Pending may return any paths.
func (i *Inventory) HasPending() bool { return len(i.pending) > 0 }

// Scan examines all entries of a storage path. A storage path that does not
// exist is not an error, because the runtime may not have run yet.
func (i *Inventory) Scan(storagePath string) ([]Change, error) {
	names, complete, err := i.list(storagePath)
	i.cut[storagePath] = err == nil && !complete
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		if errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("scan storage path %s: %w: run the Collector as root", storagePath, err)
		}
		return nil, fmt.Errorf("scan storage path %s: %w: check kata::storage_paths", storagePath, err)
	}
	var changes []Change
	listed := make(map[string]bool, len(names))
	add := func(change Change) {
		if change != (Change{}) {
			changes = append(changes, change)
		}
	}
	for _, name := range names {
		listed[filepath.Join(storagePath, name)] = true
		add(i.Examine(storagePath, name))
	}
	for path, directory := range i.found {
		switch {
		case filepath.Dir(path) != storagePath || listed[path]:
		case i.IsAlias(storagePath):
			// The storage path became an alias after the last scan, so its
			// sandboxes are now reported under the other name.
			delete(i.found, path)
			add(Change{Removed: &directory})
		default:
			add(i.Examine(storagePath, directory.ID))
		}
	}
	for path := range i.skipped {
		switch {
		case filepath.Dir(path) != storagePath || listed[path]:
		case complete:
			i.forgetSkipped(path)
		default:
			add(i.Examine(storagePath, filepath.Base(path)))
		}
	}
	return changes, nil
}

// IsCut reports whether the last scan of a storage path did not read or record all of
// its entries, because there are too many.
func (i *Inventory) IsCut(storagePath string) bool { return i.cut[storagePath] }

// list returns the names of the entries of a storage path. It returns none for a
// storage path that did not exist at the last call of Refresh, even if it exists
// now, and none for an alias. complete is false if there are more entries.
func (i *Inventory) list(storagePath string) (names []string, complete bool, err error) {
	if i.identities[storagePath] == (identity{}) {
		info, err := os.Stat(storagePath)
		if err == nil && !info.IsDir() {
			err = ErrNotDirectory
		}
		return nil, true, err
	}
	if i.IsAlias(storagePath) {
		return nil, true, nil
	}
	directory, err := os.Open(storagePath)
	if err != nil {
		return nil, true, err
	}
	defer directory.Close()
	names, err = directory.Readdirnames(i.listed + 1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if len(names) > i.listed {
		return names[:i.listed], false, err
	}
	return names, true, err
}

// Refresh looks up the directory behind a storage path, and reports whether it
// has appeared, vanished or been replaced since the last call. Scan and IsAlias
// use the result of the last call.
func (i *Inventory) Refresh(storagePath string) bool {
	before, current := i.identities[storagePath], identify(storagePath)
	i.identities[storagePath] = current
	return before != current
}

// Exists reports whether there was a directory at a storage path at the last call
// of Refresh.
func (i *Inventory) Exists(storagePath string) bool { return i.identities[storagePath] != (identity{}) }

// Invalidate makes the next call of Refresh return true if the storage path
// exists. It is for a storage path that may have been replaced by a directory
// with the same inode.
func (i *Inventory) Invalidate(storagePath string) { delete(i.identities, storagePath) }

// IsAlias reports whether a storage path is the same directory as an earlier one
// in the list, for example through a symbolic link, as of the last calls of
// Refresh. An alias has no entries of its own and must not be watched.
func (i *Inventory) IsAlias(storagePath string) bool {
	if i.identities[storagePath] == (identity{}) {
		return false
	}
	earlier := i.storagePaths[:slices.Index(i.storagePaths, storagePath)]
	return slices.ContainsFunc(earlier, func(other string) bool {
		return i.identities[other] == i.identities[storagePath]
	})
}

// identity identifies a directory. The zero value means that there is none.
type identity struct{ device, inode uint64 }

// identify returns the identity of the directory behind a storage path.
func identify(storagePath string) identity {
	// The trailing dot makes Look follow a symbolic link: /var/run is often one.
	kind, id, err := host.Look(storagePath + "/.")
	if err != nil || kind != fs.ModeDir {
		return identity{}
	}
	return identity{id.Device, id.Inode}
}

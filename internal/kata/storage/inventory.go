package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const (
	// mostSandboxes is how many sandboxes are looked after at once.
	mostSandboxes = 10_000
	// mostEntries is how many entries of a storage path are looked at.
	mostEntries = 65_536
)

// Inventory is what storage paths were last seen to hold. It looks when it is
// told to, and belongs to one goroutine.
type Inventory struct {
	places []string
	// found and passed hold every entry, by its path.
	found  map[string]Directory
	passed map[string]Reason
	// lacking are those directories that only lack a socket to be a sandbox,
	// and when they last changed.
	lacking map[string]int64
	// roots is which directory each storage path was when last asked.
	roots map[string]root
}

// Change is what became different: a directory was lost, or found, or, when an
// id was used again, first one and then the other.
type Change struct {
	Lost, Found *Directory
}

// NewInventory makes an inventory of storage paths, still empty.
func NewInventory(places []string) *Inventory {
	clean := make([]string, 0, len(places))
	for _, place := range places {
		if place = filepath.Clean(place); !slices.Contains(clean, place) {
			clean = append(clean, place)
		}
	}
	return &Inventory{
		places:  clean,
		found:   map[string]Directory{},
		passed:  map[string]Reason{},
		lacking: map[string]int64{},
		roots:   map[string]root{},
	}
}

// Places are the storage paths.
func (i *Inventory) Places() []string { return i.places }

// Examine looks at one entry.
func (i *Inventory) Examine(place, name string) Change {
	if i.IsTwin(place) {
		return Change{}
	}
	path := filepath.Join(place, name)
	before, known := i.found[path]
	now, changed, reason, err := examine(place, name)
	if reason == "" && err == nil && !known && len(i.found) >= mostSandboxes {
		reason = TooMany
	}
	i.forget(path)
	switch {
	case reason == Unreadable && known:
		// What cannot be seen may still be there.
		return Change{}
	case reason == "" && err == nil:
		if known && now == before {
			return Change{}
		}
		i.found[path] = now
		if known {
			return Change{Lost: &before, Found: &now}
		}
		return Change{Found: &now}
	case reason != "" && len(i.passed) < mostEntries:
		i.passed[path] = reason
		if reason == NoSocket || reason == Jailer || reason == Template {
			i.lacking[path] = changed
		}
	}
	if known {
		delete(i.found, path)
		return Change{Lost: &before}
	}
	return Change{}
}

// forget removes an entry that was passed over.
func (i *Inventory) forget(path string) {
	delete(i.passed, path)
	delete(i.lacking, path)
}

// Unsettled lists directories that lack a socket and have changed after a time,
// so that they may become sandboxes any moment. Others will not be listed again
// before they are examined again.
func (i *Inventory) Unsettled(after time.Time) []string {
	var paths []string
	for path, changed := range i.lacking {
		if changed > after.UnixNano() {
			paths = append(paths, path)
		} else {
			delete(i.lacking, path)
		}
	}
	return paths
}

// HasUnsettled tells whether Unsettled may list something.
func (i *Inventory) HasUnsettled() bool { return len(i.lacking) > 0 }

// Scan looks at all entries of a storage path. A path that does not exist is no
// error: the runtime may not have run yet.
func (i *Inventory) Scan(place string) ([]Change, error) {
	names, err := i.list(place)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("storage path %s: %w", place, err)
	}
	var changes []Change
	listed := make(map[string]bool, len(names))
	note := func(change Change) {
		if change != (Change{}) {
			changes = append(changes, change)
		}
	}
	for _, name := range names {
		listed[filepath.Join(place, name)] = true
		note(i.Examine(place, name))
	}
	for path, directory := range i.found {
		switch {
		case filepath.Dir(path) != place || listed[path]:
		case i.IsTwin(place):
			// The other name has appeared meanwhile.
			delete(i.found, path)
			note(Change{Lost: &directory})
		default:
			note(i.Examine(place, directory.ID))
		}
	}
	for path := range i.passed {
		if filepath.Dir(path) == place && !listed[path] {
			i.forget(path)
		}
	}
	return changes, nil
}

// list reads the names in a storage path. A path that was not there when it was
// last looked for holds nothing: it will when it was noticed. A path that is
// another one by a second name has nothing of its own.
func (i *Inventory) list(place string) ([]string, error) {
	if i.roots[place] == (root{}) {
		info, err := os.Stat(place)
		if err == nil && !info.IsDir() {
			err = errors.New("is no directory")
		}
		return nil, err
	}
	if i.IsTwin(place) {
		return nil, nil
	}
	directory, err := os.Open(place)
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	names, err := directory.Readdirnames(mostEntries)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return names, err
}

// Moved looks for a storage path, and tells whether it has appeared, vanished or
// been replaced since the last call. A scan takes the storage path to be as it
// was at that time.
func (i *Inventory) Moved(place string) bool {
	before, now := i.roots[place], identify(place)
	i.roots[place] = now
	return before != now
}

// Doubt makes the next call of Moved tell so in any case, unless the storage
// path is not there: a directory can have the inode of the one before.
func (i *Inventory) Doubt(place string) { delete(i.roots, place) }

// IsTwin tells whether a storage path is another one by a second name, as of
// when they were last looked for. It holds nothing of its own then, and must not
// be watched.
func (i *Inventory) IsTwin(place string) bool {
	if i.roots[place] == (root{}) {
		return false
	}
	before := i.places[:slices.Index(i.places, place)]
	return slices.ContainsFunc(before, func(other string) bool { return i.roots[other] == i.roots[place] })
}

// Passed counts the entries that are no sandboxes, by reason.
func (i *Inventory) Passed() map[string]int {
	counts := map[string]int{}
	for _, reason := range i.passed {
		counts[string(reason)]++
	}
	return counts
}

// root is which directory a storage path is; zero if it is none.
type root struct{ device, inode uint64 }

func identify(place string) root {
	// With the dot, a symbolic link is followed: /var/run is often one.
	kind, id, err := host.Look(place + "/.")
	if err != nil || kind != fs.ModeDir {
		return root{}
	}
	return root{id.Device, id.Inode}
}

package storage

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

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
		places: clean,
		found:  map[string]Directory{},
		passed: map[string]Reason{},
		roots:  map[string]root{},
	}
}

// Places are the storage paths.
func (i *Inventory) Places() []string { return i.places }

// Examine looks at one entry.
func (i *Inventory) Examine(place, name string) Change {
	path := filepath.Join(place, name)
	before, known := i.found[path]
	now, reason, err := Examine(place, name)
	if reason == "" && err == nil && !known && len(i.found) >= mostSandboxes {
		reason = TooMany
	}
	delete(i.passed, path)
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
	}
	if known {
		delete(i.found, path)
		return Change{Lost: &before}
	}
	return Change{}
}

// LacksSocket tells whether an entry is a directory that only lacks a socket to
// be a sandbox.
func (i *Inventory) LacksSocket(path string) bool {
	switch i.passed[path] {
	case NoSocket, Jailer, Template:
		return true
	}
	return false
}

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
	for path := range i.found {
		if filepath.Dir(path) == place && !listed[path] {
			note(i.Examine(place, filepath.Base(path)))
		}
	}
	for path := range i.passed {
		if filepath.Dir(path) == place && !listed[path] {
			delete(i.passed, path)
		}
	}
	return changes, nil
}

// list reads the names in a storage path. A path that is another one by a
// second name holds nothing of its own.
func (i *Inventory) list(place string) ([]string, error) {
	if i.isTwin(place) {
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

// Moved tells whether a storage path has appeared, vanished or been replaced
// since the last call.
func (i *Inventory) Moved(place string) bool {
	before, now := i.roots[place], identify(place)
	i.roots[place] = now
	return before != now
}

func (i *Inventory) isTwin(place string) bool {
	now := identify(place)
	if now == (root{}) {
		return false
	}
	for _, other := range i.places {
		if other == place {
			return false
		}
		if identify(other) == now {
			return true
		}
	}
	return false
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

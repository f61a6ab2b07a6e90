package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// StateFile is the state file of one instance, which may not exist yet. It is
// used by one goroutine.
type StateFile struct {
	directory Directory
	// annotations are the keys of the annotations that are kept.
	annotations []string
	// examined means that Read has found out what state.json is, and initial is
	// what it was then; zero if it did not exist.
	examined bool
	initial  version
}

// version distinguishes what a file contained at different times.
type version struct {
	inode    uint64
	size     int64
	modified int64 // in ns since the epoch
}

// NewStateFile returns the state file of an instance, of whose annotations only the
// listed ones are kept.
func NewStateFile(d Directory, annotations ...string) *StateFile {
	return &StateFile{directory: d, annotations: annotations}
}

// Read reads the file and returns the runtime flavor and the state. The flavor is
// also valid with an error. The error is [ErrNoState] if there is no state file;
// an incomplete file results in another error.
func (f *StateFile) Read() (catalog.Flavor, State, error) {
	path := filepath.Join(f.directory.Path(), stateName)
	data, id, err := host.ReadRegular(path, maxStateSize, nil)
	leftover := false
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		leftover = f.isLeftover(version{inode: id.Inode, size: id.Size, modified: id.ModTime})
	}
	if err == nil {
		if leftover {
			return catalog.Rust, State{}, fmt.Errorf("%w: %s is older than the socket", ErrNoState, path)
		}
		state, err := parseState(data)
		return catalog.Rust, state, parseError(path, err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return catalog.Rust, State{}, err
	}
	base := filepath.Base(f.directory.StoragePath)
	if base == "kata" {
		return catalog.Rust, State{}, ErrNoState
	}
	path = filepath.Join(f.directory.Path(), persistName)
	data, _, err = host.ReadRegular(path, maxStateSize, nil)
	if err == nil {
		state, err := parsePersist(data, f.directory.ID, f.annotations...)
		return catalog.Go, state, parseError(path, err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return catalog.Go, State{}, err
	}
	if base == "sbs" {
		return catalog.Go, State{}, ErrNoState
	}
	return catalog.Rust, State{}, ErrNoState
}

// isLeftover reports whether the current state.json is that of a previous
// instance, which may have used another hypervisor. runtime-rs writes the file
// after it has bound its socket, so an older file is a leftover.
//
// The wall clock may have been set back between the two. A file that is not the
// one that was there at the first look, which is after the socket was bound, is
// therefore no leftover, whatever its time.
func (f *StateFile) isLeftover(current version) bool {
	if !f.examined {
		f.examined, f.initial = true, current
	}
	return current.modified < f.directory.Instance.bound && current == f.initial
}

package storage

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const socketName = "shim-monitor.sock"

// Directory is the directory of one life of a sandbox.
type Directory struct {
	// Place is the storage path, ID the name of the directory in it.
	Place, ID string
	Life      Life
}

// Path is the directory's own path.
func (d Directory) Path() string { return filepath.Join(d.Place, d.ID) }

// Socket is the path of the shim's socket.
func (d Directory) Socket() string { return filepath.Join(d.Place, d.ID, socketName) }

// StillThere tells whether the directory is still that of the same life.
func (d Directory) StillThere() bool {
	now, reason, err := Examine(d.Place, d.ID)
	return err == nil && reason == "" && now == d
}

// Life tells the lives of an id apart.
type Life struct {
	directory, socket uint64 // inodes
	bound             int64  // when the socket was made, in ns since the epoch
}

// Iteration is a short text for the life, the same at all times and for every
// reader of the directory.
func (l Life) Iteration() string {
	return strconv.FormatInt(l.bound, 36) + "-" + strconv.FormatUint(l.socket, 36)
}

// Created is when the shim made its socket: after the virtual machine booted
// with the Go runtime, and before that with runtime-rs.
func (l Life) Created() time.Time { return time.Unix(0, l.bound) }

// Reason is why an entry of a storage path is not taken as a sandbox. There are
// few and they are fixed.
type Reason string

// Reasons.
const (
	// NotDirectory: a file or a symbolic link.
	NotDirectory Reason = "not_directory"
	// InvalidName: no sandbox can have this id.
	InvalidName Reason = "invalid_name"
	// NoSocket: what a crash left behind, or a sandbox that is just starting.
	NoSocket Reason = "no_socket"
	// NotSocket: something else than a socket has the socket's name.
	NotSocket Reason = "not_socket"
	// Jailer: the directory in which Firecracker's jailer works.
	Jailer Reason = "jailer"
	// Template: a virtual machine that others are cloned from, or that waits
	// to be used.
	Template Reason = "template"
	// Unreadable: looking at it failed.
	Unreadable Reason = "unreadable"
	// TooMany: there are more sandboxes than are looked after.
	TooMany Reason = "too_many"
)

// Examine looks at an entry of a storage path. It is a sandbox if there is
// neither a reason against it nor an error. The error is [fs.ErrNotExist] if
// the entry is gone.
func Examine(place, name string) (Directory, Reason, error) {
	directory, _, reason, err := examine(place, name)
	return directory, reason, err
}

// examine also tells when something in the directory last changed, in ns since
// the epoch.
func examine(place, name string) (found Directory, changed int64, reason Reason, err error) {
	path := filepath.Join(place, name)
	kind, directory, err := host.Look(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Directory{}, 0, "", err
	case err != nil:
		return Directory{}, 0, Unreadable, err
	case kind != fs.ModeDir:
		return Directory{}, 0, NotDirectory, nil
	case !ValidID(name):
		return Directory{}, 0, InvalidName, nil
	}
	changed = directory.ChangeTime
	kind, socket, err := host.Look(filepath.Join(path, socketName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Directory{}, changed, withoutSocket(name), nil
	case err != nil:
		return Directory{}, changed, Unreadable, err
	case kind != fs.ModeSocket:
		return Directory{}, changed, NotSocket, nil
	}
	return Directory{
		Place: place, ID: name,
		Life: Life{directory: directory.Inode, socket: socket.Inode, bound: socket.ModTime},
	}, changed, "", nil
}

// withoutSocket says what a directory without a socket is, as far as its name
// tells.
func withoutSocket(name string) Reason {
	switch {
	case name == "firecracker":
		return Jailer
	case isUUID(name):
		return Template
	}
	return NoSocket
}

// longestID is the longest name that a directory can have.
const longestID = 255

// ValidID tells whether a sandbox may have this id, by the rule of both
// runtimes: a letter or digit, then at least one more character out of letters,
// digits, dot, underscore and dash.
func ValidID(id string) bool {
	if len(id) < 2 || len(id) > longestID || !isAlphanumeric(id[0]) {
		return false
	}
	for i := 1; i < len(id); i++ {
		if c := id[i]; !isAlphanumeric(c) && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// isUUID tells whether text is like 51cf5a9b-0d2f-4a3c-8f6e-0123456789ab.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if text[i] != '-' {
				return false
			}
		} else if !isHex(text[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

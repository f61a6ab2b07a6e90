package storage

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

const socketName = "shim-monitor.sock"

// Directory is the directory of one instance of a sandbox.
type Directory struct {
	// StoragePath contains the directory, and ID is the directory's name in it.
	StoragePath, ID string
	Instance        Instance
}

// Path returns the path of the directory.
func (d Directory) Path() string { return filepath.Join(d.StoragePath, d.ID) }

// Socket returns the path of the shim's socket.
func (d Directory) Socket() string { return filepath.Join(d.StoragePath, d.ID, socketName) }

// Unchanged reports whether the directory still belongs to the same instance.
func (d Directory) Unchanged() bool {
	current, reason, err := Examine(d.StoragePath, d.ID)
	return err == nil && reason == "" && current == d
}

// Instance distinguishes the sandboxes that have used the same ID one after the
// other.
type Instance struct {
	directory, socket uint64 // inodes
	bound             int64  // creation time of the socket, in ns since the epoch
}

// Iteration returns a short text that identifies the instance. It is the same
// for every process that reads the directory.
func (i Instance) Iteration() string {
	return strconv.FormatInt(i.bound, 36) + "-" + strconv.FormatUint(i.socket, 36)
}

// Created returns when the shim created its socket. The Go runtime does so
// after the virtual machine has booted, runtime-rs before.
func (i Instance) Created() time.Time { return time.Unix(0, i.bound) }

// Examine inspects one entry of a storage path. The entry is a sandbox if both
// the reason and the error are empty. The error is [fs.ErrNotExist] if the entry
// does not exist.
func Examine(storagePath, name string) (Directory, Reason, error) {
	directory, _, reason, err := examine(storagePath, name)
	return directory, reason, err
}

// examine implements Examine. It also returns the change time of the directory,
// in ns since the epoch.
func examine(storagePath, name string) (found Directory, changed int64, reason Reason, err error) {
	path := filepath.Join(storagePath, name)
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
		return Directory{}, changed, reasonWithoutSocket(name), nil
	case err != nil:
		return Directory{}, changed, Unreadable, err
	case kind != fs.ModeSocket:
		return Directory{}, changed, NotSocket, nil
	}
	return Directory{
		StoragePath: storagePath, ID: name,
		Instance: Instance{directory: directory.Inode, socket: socket.Inode, bound: socket.ModTime},
	}, changed, "", nil
}

// reasonWithoutSocket classifies a directory without a socket by its name.
func reasonWithoutSocket(name string) Reason {
	switch {
	case name == "firecracker":
		return Jailer
	case kubepod.IsUUID(name):
		return Template
	}
	return NoSocket
}

package discovery

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
)

// root is a runtime root that exists.
type root struct {
	location
	// files are the state files by name.
	files map[string]*file
	// foreign contains the names that have the extension of a state file but are not
	// the name of one, each with the number of the last scan that listed it. They
	// have been reported as skipped.
	foreign map[string]uint64
	// maxFiles limits files and foreign, each.
	maxFiles int
	// tooMany reports whether the last scan exceeded maxFiles.
	tooMany bool
	// watched reports whether inotify watches the root.
	watched bool
	// scanAt is the time of the next scan. scans is the number of scans so far.
	scanAt time.Time
	scans  uint64
	// entries is the number of directory entries of the last scan, at most
	// maxNames. hasTraces reports whether runsc created any entry of any scan.
	entries   int
	hasTraces bool
	// logged reports whether the root was logged as discovered.
	logged bool
	// failed is the error of the last scan.
	failed error
}

const (
	// maxFiles limits the number of state files per root.
	maxFiles = 20_000
	// maxNames limits the number of directory entries that a scan of a root reads.
	maxNames = 1 << 18
	// namesPerRead is the number of directory entries that are read at once.
	namesPerRead = 1024
)

func newRoot(l location, maxFiles int) *root {
	return &root{location: l, files: map[string]*file{}, foreign: map[string]uint64{}, maxFiles: maxFiles}
}

// list calls handle for each name in the root that has the extension of a state
// file. It reads the directory in chunks, so that even a very large directory does
// not need much memory.
func (r *root) list(handle func(name string)) error {
	// With the suffix, opening anything but a directory fails and cannot block.
	directory, err := os.Open(r.path + "/.")
	if err != nil {
		return err
	}
	defer directory.Close()
	r.entries = 0
	for range maxNames / namesPerRead {
		names, err := directory.Readdirnames(namesPerRead)
		r.entries += len(names)
		for _, name := range names {
			r.hasTraces = r.hasTraces || isTrace(name)
			if statefile.HasExtension(name) {
				handle(name)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isTrace reports whether runsc creates files with such a name in its root: state
// files, lock files, control sockets and the empty network namespace.
func isTrace(name string) bool {
	switch filepath.Ext(name) {
	case ".state", ".lock":
		return strings.Contains(name, "_sandbox:")
	case ".sock":
		return strings.HasPrefix(name, "runsc-")
	}
	return name == "null-netns"
}

// file returns the file with the given name and adds it if it is new. It returns
// no file but the reason if the name is not that of a state file or if the root
// has too many files.
func (r *root) file(name string) (*file, Reason) {
	if f := r.files[name]; f != nil {
		return f, ""
	}
	parsed, ok := statefile.ParseName(name)
	switch {
	case !ok:
		return nil, Foreign
	case len(r.files) >= r.maxFiles:
		return nil, TooMany
	}
	f := &file{root: r, name: parsed}
	r.files[name] = f
	return f, ""
}

// unreadable returns the number of state files that cannot be read.
func (r *root) unreadable() (n int) {
	for _, f := range r.files {
		if f.reason == Unreadable {
			n++
		}
	}
	return n
}

// reason returns the reason that concerns the whole root, empty if there is none.
func (r *root) reason() Reason {
	switch {
	case r.failed != nil:
		return Unreadable
	case r.tooMany:
		return TooMany
	}
	return ""
}

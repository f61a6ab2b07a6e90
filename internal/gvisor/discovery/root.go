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
	foreign   map[string]uint64
	leftovers leftovers
	limits    limits
	// tooMany reports whether the last scan exceeded the limit on files, and cut
	// whether its listing is incomplete.
	tooMany, cut bool
	// watched reports whether inotify watches the root.
	watched bool
	// scanAt is the time of the next scan. scans is the number of scans so far.
	scanAt time.Time
	scans  uint64
	// entries is the number of directory entries of the last scan, at most
	// maxNames. hasTraces reports whether runsc created any entry of any scan.
	entries   int
	hasTraces bool
	// logged reports whether the root was logged as discovered, and loggedCut,
	// loggedLeftovers and loggedUnreadable whether these were logged.
	logged, loggedCut, loggedLeftovers, loggedUnreadable bool
	// failed is the error of the last scan.
	failed error
}

// limits are the limits of one root.
type limits struct {
	// files limits files and foreign, each, and names the names that a scan reads
	// and the leftovers.
	files, names int
}

const (
	// maxFiles limits the number of state files per root.
	maxFiles = 20_000
	// maxNames limits the number of directory entries that a scan of a root reads, and
	// the number of leftovers in a root.
	maxNames = 1 << 18
	// namesPerRead is the number of directory entries that are read at once.
	namesPerRead = 1024
)

func newRoot(l location, limits limits) *root {
	return &root{
		location: l, limits: limits,
		files: map[string]*file{}, foreign: map[string]uint64{}, leftovers: newLeftovers(),
	}
}

// list calls handle for each name in the root that has the extension of a state
// file. It reads the directory in chunks, so that even a very large directory does
// not need much memory. complete is false if the root has more names than the limit.
func (r *root) list(handle func(name string)) (complete bool, err error) {
	// With the suffix, opening anything but a directory fails and cannot block.
	directory, err := os.Open(r.path + "/.")
	if err != nil {
		return false, err
	}
	defer directory.Close()
	r.entries = 0
	for r.entries < r.limits.names {
		names, err := directory.Readdirnames(min(namesPerRead, r.limits.names-r.entries))
		r.entries += len(names)
		for _, name := range names {
			r.hasTraces = r.hasTraces || isTrace(name)
			if statefile.HasExtension(name) {
				handle(name)
			}
		}
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	more, err := directory.Readdirnames(1)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return len(more) == 0, err
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
	case len(r.files) >= r.limits.files:
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
	case r.tooMany, r.cut:
		return TooMany
	}
	return ""
}

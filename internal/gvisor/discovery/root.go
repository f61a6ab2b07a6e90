package discovery

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
)

// root is a runtime root that is there.
type root struct {
	location
	files map[string]*file
	// maxFiles bounds them.
	maxFiles int
	// watched: inotify tells of changes.
	watched bool
	// scanAt is when all of it is to be read again; scans counts that.
	scanAt time.Time
	scans  uint64
	// passed counts what the last scan passed over without keeping a record.
	passed map[Reason]int
	// failed is why it cannot be read.
	failed error
}

const (
	// maxFiles bounds the state files of one root.
	maxFiles = 20_000
	// maxNames bounds the names of one root that are looked at.
	maxNames = 1 << 18
	// namesAtOnce is how many of them are held at once.
	namesAtOnce = 1024
)

// list reads the names in the root that could be state files. They come in
// portions, so that no directory, however large, is held in memory whole.
func (r *root) list(visit func(name string)) error {
	// With the slash and dot, what is not a directory fails instead of blocking.
	directory, err := os.Open(r.path + "/.")
	if err != nil {
		return err
	}
	defer directory.Close()
	for range maxNames / namesAtOnce {
		names, err := directory.Readdirnames(namesAtOnce)
		for _, name := range names {
			if statefile.HasExtension(name) {
				visit(name)
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

// file finds or adds the record of a state file. There is none for names that
// are not those of state files, nor above the bound; the reason tells which.
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

// unreadable counts the state files that may not be read.
func (r *root) unreadable() (n int) {
	for _, f := range r.files {
		if f.passed == Unreadable {
			n++
		}
	}
	return n
}

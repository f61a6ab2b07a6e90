package kata

import (
	"errors"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
)

// facts are what the files of a sandbox say. They are replaced, not changed.
type facts struct {
	flavor catalog.Flavor
	state  storage.State
	// hasState: the state file was there and whole.
	hasState bool
	// settled: this is all that there will ever be.
	settled bool
}

func readFacts(directory storage.Directory) facts {
	flavor, state, err := storage.ReadState(directory)
	return facts{
		flavor:   flavor,
		state:    state,
		hasState: err == nil,
		// The Go runtime writes its file before the socket. If there is none,
		// the virtual machine runs as another user, and its files are
		// elsewhere.
		settled: err == nil || flavor == catalog.Go && errors.Is(err, storage.ErrNoState),
	}
}

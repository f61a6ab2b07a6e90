package kata

import (
	"errors"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
)

// facts is the content of the files of a sandbox. It is immutable.
type facts struct {
	flavor catalog.Flavor
	state  storage.State
	// hasState means that the state file was present and complete.
	hasState bool
	// settled means that the facts will not change anymore.
	settled bool
}

// readFacts reads the state file of a sandbox.
func readFacts(file *storage.StateFile) facts {
	flavor, state, err := file.Read()
	return facts{
		flavor:   flavor,
		state:    state,
		hasState: err == nil,
		// The Go runtime writes its file before it creates the socket. If there is
		// none, the hypervisor runs as a user other than root, and its files are
		// elsewhere.
		settled: err == nil || flavor == catalog.Go && errors.Is(err, storage.ErrNoState),
	}
}

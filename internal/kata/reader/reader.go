package reader

import (
	"errors"
	"io"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalogue"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reader reads the answers of one shim. It belongs to one sandbox and may be
// used by one goroutine at a time.
type Reader struct {
	settings *Settings
}

// New makes a reader. hypervisor is what the runtime's state file says
// ("qemu", "dragonball", …), never what the shim's text says.
func New(flavour catalogue.Flavour, hypervisor string, settings *Settings) *Reader {
	return &Reader{settings: settings}
}

// Read reads one answer to its end and appends what it verified. The reading
// comes in with its Time and with a Start to fall back on (when the shim's
// socket was made); Read sets a better Start where the text tells one.
//
// Its error is a [sandbox.Failure]: [sandbox.Partial] if the answer broke off
// after host data, whose points then count.
func (r *Reader) Read(body io.Reader, reading *sandbox.Reading) error {
	return sandbox.Fail(sandbox.Internal, errors.New("not written yet"))
}

// Sample is a host reading that was not taken from the shim's text.
type Sample struct {
	// Family and Item are those of the shim's twin.
	Family, Item string
	// Label is the text of the family's label other than item, for example the
	// name of a network interface.
	Label string
	// Value is in the unit of the shim's twin in the catalogue.
	Value float64
}

// ReadPassive appends host readings that were taken without asking the shim.
// Samples that the settings leave out, or that the catalogue does not know,
// are not appended.
func (r *Reader) ReadPassive(samples []Sample, reading *sandbox.Reading) {
}

// Series appends a point for each series that has been delivered since the
// last call, and forgets them.
func (r *Reader) Series(reading *sandbox.Reading) {
}

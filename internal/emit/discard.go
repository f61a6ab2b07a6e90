package emit

import (
	"context"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Discard is a sink that drops all readings.
type Discard struct{}

var _ sandbox.Sink = Discard{}

// Lanes implements [sandbox.Sink].
func (Discard) Lanes() int { return 1 }

// Deliver implements [sandbox.Sink].
func (Discard) Deliver(_ context.Context, _ int, deliveries []sandbox.Delivery) {
	for _, d := range deliveries {
		d.Reading.Free()
	}
}

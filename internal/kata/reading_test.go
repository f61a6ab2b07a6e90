package kata

import (
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// familiesOf lists the names of what a reading holds, in the naming "otel".
func familiesOf(r *sandbox.Reading) []string {
	var names []string
	for _, point := range r.Points {
		if name := point.Family.OTel.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func hasFamily(r *sandbox.Reading, name string) bool { return slices.Contains(familiesOf(r), name) }

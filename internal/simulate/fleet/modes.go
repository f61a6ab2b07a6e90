package fleet

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// Modes describes every mode, those of gVisor sandboxes first.
func Modes() []simulate.ModeInfo { return slices.Concat(gvisor.Modes(), kata.Modes()) }

// ParseMode returns the mode with the given name.
func ParseMode(name string) (simulate.Mode, error) {
	var names []string
	for _, info := range Modes() {
		if string(info.Mode) == name {
			return info.Mode, nil
		}
		names = append(names, string(info.Mode))
	}
	slices.Sort(names)
	return "", fmt.Errorf("invalid hostile mode %q: must be one of %s", name, strings.Join(names, ", "))
}

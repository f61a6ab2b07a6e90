package simulate

import (
	"fmt"
	"slices"
	"strings"
)

// Mode is one way of being hostile, or broken. The empty mode is honest.
type Mode string

// ModeInfo describes a mode.
type ModeInfo struct {
	Mode  Mode
	About string
	// Delivers says that a careful receiver still gets all the data.
	Delivers bool
}

// Modes lists every mode, those of gVisor sandboxes first.
func Modes() []ModeInfo {
	var infos []ModeInfo
	for _, mode := range gvisorModes {
		infos = append(infos, mode.ModeInfo)
	}
	for _, mode := range kataModes {
		infos = append(infos, mode.ModeInfo)
	}
	return infos
}

// ForKata tells modes of Kata pods from those of gVisor sandboxes: their names
// begin with kata-.
func (m Mode) ForKata() bool { return strings.HasPrefix(string(m), "kata-") }

// ParseMode finds a mode by its name.
func ParseMode(name string) (Mode, error) {
	var names []string
	for _, info := range Modes() {
		if string(info.Mode) == name {
			return info.Mode, nil
		}
		names = append(names, string(info.Mode))
	}
	slices.Sort(names)
	return "", fmt.Errorf("there is no hostile mode %q; there are: %s", name, strings.Join(names, ", "))
}

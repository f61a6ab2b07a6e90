package simulate

import "strings"

// Mode is one way of being hostile or broken. The empty mode is honest.
type Mode string

// ModeInfo describes a mode.
type ModeInfo struct {
	Mode Mode
	// Description states what a sandbox in the mode does, for example "sends one
	// byte every 20 ms".
	Description string
}

// ForKata reports whether the mode is one of Kata pods. Their names start with
// "kata-".
func (m Mode) ForKata() bool { return strings.HasPrefix(string(m), "kata-") }

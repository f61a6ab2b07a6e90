package sandbox

import "time"

// Settings is the configuration of the receiver that applies to all runtimes.
type Settings struct {
	// Naming selects how metrics are named.
	Naming Naming
	// Preset selects how many metrics are reported.
	Preset Preset
	// Annotations are the keys of the annotations that become part of the identity
	// of a sandbox. No others may be kept.
	Annotations []string
	// MayConnect reports whether connections to the Kata shim of a sandbox may be opened;
	// nil means that they may. Without connections, not even one on which nothing is sent,
	// discovery, status and usage depend on files of the host only, and pulls fail.
	MayConnect func(storagePath, id string) bool
	// Usage selects what is reported about usage.
	Usage UsageSettings
}

// UsageSettings select what is reported about the usage of a sandbox.
type UsageSettings struct {
	// Interval is the time between two readings of the usage of a sandbox; 0 means
	// that usage is not read.
	Interval time.Duration
	// CgroupRoot is where the cgroups of the host are mounted.
	CgroupRoot string
	// Enabled reports whether a metric is enabled, by its name in the naming
	// "otel".
	Enabled func(name string) bool
}

// Preset is a set of metrics.
type Preset string

const (
	// Minimal is what alerts need, at most 20 points for a typical sandbox.
	Minimal Preset = "minimal"
	// Default is what dashboards need.
	Default Preset = "default"
	// All is everything.
	All Preset = "all"
)

// Presets lists all values of [Preset], the smallest first.
var Presets = [...]Preset{Minimal, Default, All}

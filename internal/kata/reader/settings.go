package reader

// Options choose what readers report. The texts are those of the receiver's
// configuration.
type Options struct {
	// Naming is "otel" or "prometheus".
	Naming string
	// Families is "default" or "all".
	Families string
	// FilterFamily are prefixes of the metric families to report, as
	// kata-monitor names them. None means all.
	FilterFamily []string
	// Unknown is what becomes of guest families that the catalogue does not
	// know: "drop" or "gauge". Empty means "drop".
	Unknown string
	// MaxAnswerBytes is how long an answer may be. 0 means 8 MiB.
	MaxAnswerBytes int64
}

// Settings are checked options. All readers share them.
type Settings struct {
	options Options
}

// NewSettings checks options. Its error names the option and what to do.
func NewSettings(options Options) (*Settings, error) {
	return &Settings{options: options}, nil
}

package registration

import (
	"cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// Limits limit the cost of a registration. Zero fields have their default value.
type Limits struct {
	// Bytes is the maximum size of a registration; 1 MiB by default.
	Bytes int64
	// Metrics is the maximum number of metrics; 4096 by default.
	Metrics int
	// Fields is the maximum number of fields of a metric; 8 by default.
	Fields int
	// Values is the maximum number of allowed values of a field; 8192 by default.
	Values int
	// Name is the maximum length of a name, path, field name or allowed value;
	// 256 bytes by default.
	Name int
	// Description is the maximum length of a description; 4096 bytes by default.
	Description int
	// Numbers is the maximum number of numbers in all series together: one per
	// series, and in histograms one more per bucket; 65,536 by default. It limits
	// the state that is kept per sandbox. The maximum is 2³⁰.
	Numbers int
}

func (l Limits) withDefaults() Limits {
	l.Bytes = cmp.Or(l.Bytes, 1<<20)
	l.Metrics = cmp.Or(l.Metrics, 4096)
	l.Fields = cmp.Or(l.Fields, 8)
	l.Values = cmp.Or(l.Values, 8192)
	l.Name = cmp.Or(l.Name, 256)
	l.Description = cmp.Or(l.Description, 4096)
	l.Numbers = min(cmp.Or(l.Numbers, 65_536), 1<<30)
	return l
}

// maxDepth is the nesting depth of a registration, plus room for unknown keys.
const maxDepth = 16

func (l Limits) scan() jsonscan.Limits {
	return jsonscan.Limits{Bytes: l.Bytes, Depth: maxDepth}
}

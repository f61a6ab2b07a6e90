package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/option"
)

// criteria returns how many filters there are, and of what.
func criteria(c *option.Criteria) string {
	var parts []string
	if n := len(c.Namespaces); n > 0 {
		parts = append(parts, fmt.Sprintf("namespaces (%d)", n))
	}
	if len(c.Annotations) > 0 {
		parts = append(parts, "annotations "+strings.Join(slices.Sorted(maps.Keys(c.Annotations)), ", "))
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

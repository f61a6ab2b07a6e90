package catalog

import (
	"strings"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// StartTime is the family that holds the start time of the process of a Go shim.
const StartTime = "process_start_time_seconds"

// Catalog holds everything that one flavor of the runtime reports. It is
// immutable.
type Catalog struct {
	// Families and Rows are ordered by their index.
	Families []*TextFamily
	Rows     []*Row
	// LastHost is the greatest name of a host family in the text. The Go runtime
	// writes its own families in the order of their names.
	LastHost string

	byName map[string]*TextFamily
}

var catalogs = [flavorCount]func() *Catalog{
	Go:   sync.OnceValue(func() *Catalog { return build(Go) }),
	Rust: sync.OnceValue(func() *Catalog { return build(Rust) }),
}

// For returns the catalog of a flavor.
func For(flavor Flavor) *Catalog { return catalogs[flavor]() }

// Family returns the family with this name in the text, or nil if the catalog
// has none.
func (c *Catalog) Family(name []byte) *TextFamily { return c.byName[string(name)] }

// Lookup returns the descriptors of one item of a family, or nil if the flavor
// has no such item. The item is empty for families without items.
func Lookup(flavor Flavor, family, item string) *sandbox.Family {
	found := For(flavor).byName[family]
	if found == nil {
		return nil
	}
	at := found.Items.Find([]byte(item), -1)
	if at < 0 {
		return nil
	}
	return &found.Items[at].Family
}

var (
	// hostPrefixes are the prefixes of the names of all host families.
	hostPrefixes = []string{"go_", "kata_firecracker_", "kata_hypervisor_", "kata_shim_", "kata_virtiofsd_", "process_"}
	// guestPrefixes are the prefixes of the names of all guest families.
	guestPrefixes = []string{"kata_agent_", "kata_guest_"}
)

// IsHostName reports whether a name has a prefix of host families. The family
// need not be in the catalog.
func IsHostName(name []byte) bool { return hasPrefix(name, hostPrefixes) }

// IsGuestName reports whether a name has a prefix of guest families. The family
// need not be in the catalog.
func IsGuestName(name []byte) bool { return hasPrefix(name, guestPrefixes) }

func hasPrefix(name []byte, prefixes []string) bool {
	for _, prefix := range prefixes {
		if len(name) > len(prefix) && string(name[:len(prefix)]) == prefix {
			return true
		}
	}
	return false
}

// UpstreamName returns the name under which kata-monitor exports a family of a
// sandbox. It adds a prefix to the families that describe the process of a Go
// shim.
func UpstreamName(name string) string {
	if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
		return "kata_shim_" + name
	}
	return name
}

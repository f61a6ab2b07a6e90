package guest

import (
	"math"
	"unicode"
	"unicode/utf8"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

const (
	// maxInterfaces limits the network interfaces of a guest that are remembered.
	maxInterfaces = 32
	// maxInterfaceName is the length of a name in Linux (IFNAMSIZ, without the NUL).
	maxInterfaceName = 15
)

// netInterface is the account of one network interface.
type netInterface struct {
	name string
	// base holds the figures of the last verified response, and total what has been
	// accumulated.
	base, total [counters]uint64
	// current holds the figures of the current response that are in seen.
	current [counters]uint64
	seen    uint8
}

// addTraffic adds a counter of an interface. A new interface is remembered with its
// first counter that is not 0, so that idle ones use no memory.
func (a *Account) addTraffic(counter Figure, name []byte, value uint64) {
	at := a.findInterface(name)
	if at < 0 {
		if value == 0 || len(a.interfaces) == maxInterfaces || !isInterfaceName(name) {
			return
		}
		at = len(a.interfaces)
		a.interfaces = append(a.interfaces, netInterface{name: string(name)})
	}
	a.last = at
	known := &a.interfaces[at]
	if known.seen&(1<<counter) == 0 {
		known.seen |= 1 << counter
		known.current[counter] = value
	}
}

// findInterface returns the index of an interface, -1 if there is none.
func (a *Account) findInterface(name []byte) int {
	if a.last < len(a.interfaces) && a.interfaces[a.last].name == string(name) {
		return a.last
	}
	for i := range a.interfaces {
		if a.interfaces[i].name == string(name) {
			return i
		}
	}
	return -1
}

// isInterfaceName reports whether a name can be that of an interface other than
// loopback.
func isInterfaceName(name []byte) bool {
	if len(name) == 0 || len(name) > maxInterfaceName || string(name) == "lo" || !utf8.Valid(name) {
		return false
	}
	for _, r := range string(name) {
		if !unicode.IsGraphic(r) || unicode.IsSpace(r) || r == '/' {
			return false
		}
	}
	return true
}

// commit accumulates the counters of a verified response.
func (n *netInterface) commit() usage.Interface {
	for i := range n.total {
		if n.seen&(1<<i) != 0 {
			n.total[i] += min(grown(n.base[i], n.current[i]), math.MaxInt64-n.total[i])
			n.base[i] = n.current[i]
		}
	}
	return usage.Interface{
		Name:        n.name,
		Received:    usage.Traffic{Bytes: n.total[0], Packets: n.total[1], Errors: n.total[2], Dropped: n.total[3]},
		Transmitted: usage.Traffic{Bytes: n.total[4], Packets: n.total[5], Errors: n.total[6], Dropped: n.total[7]},
	}
}

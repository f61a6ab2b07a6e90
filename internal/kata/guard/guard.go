// Package guard decides whether a Kata shim may be asked for metrics, before
// anything is sent to it.
//
// With runtime-rs, one request can be the end of a pod: for QEMU and
// Firecracker the handler is not written, and panics, and the shim's panic hook
// aborts the process. So there a shim is asked only if its state file names a
// hypervisor for which the handler exists. The Go runtime answers for every
// hypervisor.
package guard

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Collection is what the user wants.
type Collection string

// Values of Collection.
const (
	// Auto asks where it is safe.
	Auto Collection = "auto"
	// Shim asks every shim: for versions in which the handler is written.
	Shim Collection = "shim"
	// Passive asks none.
	Passive Collection = "passive"
)

// bootTime is how long a sandbox may take to boot. After that, it is no longer
// said to be booting, and what can be had without asking is read: runtime-rs
// never writes a state file next to the socket if Firecracker runs in its
// jailer, or if the virtual machine runs as another user.
const bootTime = 2 * time.Minute

// Known is what is known of a sandbox without asking it.
type Known struct {
	Flavor catalog.Flavor
	// HasState tells whether its state file was there and whole.
	HasState bool
	// Hypervisor is what the state file says.
	Hypervisor string
	// Age is the time since the shim made its socket.
	Age time.Duration
}

// Reason is why a sandbox is not asked. There are few and they are fixed.
type Reason string

// Reasons.
const (
	// NoState: there is no whole state file.
	NoState Reason = "no_state"
	// UnsafeHypervisor: the shim aborts when it is asked about this one.
	UnsafeHypervisor Reason = "unsafe_hypervisor"
	// UnknownHypervisor: nobody knows what the shim does when it is asked.
	UnknownHypervisor Reason = "unknown_hypervisor"
	// ByConfiguration: the user wants none to be asked.
	ByConfiguration Reason = "passive"
)

// Decision is what to do with a sandbox.
type Decision struct {
	// Ask tells whether requests may be sent.
	Ask bool
	// Reason is why not; empty if Ask.
	Reason Reason
	State  sandbox.State
}

// Decide decides.
func Decide(collection Collection, known Known) Decision {
	risk := riskOf(known)
	switch {
	case risk == NoState && known.Age < bootTime:
		return Decision{Reason: NoState, State: sandbox.Booting}
	case collection == Passive:
		return Decision{Reason: ByConfiguration, State: sandbox.Running}
	case risk == "" || collection == Shim:
		return Decision{Ask: true, State: sandbox.Running}
	}
	return Decision{Reason: risk, State: sandbox.SkippedUnsafe}
}

// riskOf is the reason not to ask a sandbox, empty if it is safe.
func riskOf(known Known) Reason {
	if known.Flavor == catalog.Go {
		return ""
	}
	if !known.HasState {
		return NoState
	}
	switch known.Hypervisor {
	case "dragonball", "clh", "openvmm", "remote":
		return ""
	case "qemu", "firecracker":
		return UnsafeHypervisor
	}
	return UnknownHypervisor
}

// Package guard decides whether metrics may be requested from a Kata shim,
// before anything is sent to it.
//
// With runtime-rs, a single request can crash a pod. The handler is not
// implemented for QEMU and Firecracker: it panics, and the shim's panic hook
// aborts the process. Therefore a runtime-rs shim is contacted only if its state
// file names a hypervisor for which the handler is implemented, or one that the
// configuration trusts.
//
// The Go runtime supports the request with every hypervisor. But some versions spin
// after malformed text of the guest, and each further request adds a loop. Therefore a
// shim that was found to spin, or whose responses were repeatedly incomplete, is no
// longer contacted.
package guard

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Collection is the configured way to collect metrics.
type Collection string

// Values of Collection.
const (
	// Auto contacts a shim if that is safe.
	Auto Collection = "auto"
	// Shim contacts every shim. It is for versions of runtime-rs that implement
	// the handler for all hypervisors.
	Shim Collection = "shim"
	// Passive contacts no shim.
	Passive Collection = "passive"
)

// maxBootTime limits how long a sandbox without a state file is considered to be
// booting. After that, what can be read without contacting the shim is reported,
// because runtime-rs never writes a state file next to the socket if Firecracker
// runs in its jailer, or if the hypervisor runs as a user other than root.
const maxBootTime = 2 * time.Minute

// Facts are what is known about a sandbox before the next request.
type Facts struct {
	Flavor catalog.Flavor
	// HasState reports whether the state file exists and is complete.
	HasState bool
	// Hypervisor is the hypervisor that the state file names.
	Hypervisor string
	// Age is the time since the shim created its socket.
	Age time.Duration
	// Trusted means that the configuration trusts the installed version of
	// runtime-rs with this hypervisor, and that the shim is of this version.
	Trusted bool
	// Observed is the reason that follows from earlier requests: Spinning,
	// IncompleteResponses, or none.
	Observed Reason
}

// TrustedHypervisor is a hypervisor, as named in the state file, with which the
// configuration declares the installed version of runtime-rs to be safe.
type TrustedHypervisor string

// Values of TrustedHypervisor: the hypervisors with which the safety of a request
// depends on the version.
const (
	// CloudHypervisor is the name that versions before 3.30 wrote for "clh". The
	// handler is implemented since 3.3.0.
	CloudHypervisor TrustedHypervisor = "cloud-hypervisor"
	Firecracker     TrustedHypervisor = "firecracker"
	QEMU            TrustedHypervisor = "qemu"
)

// Reason is why a shim is not contacted. The constants below are the complete
// list of values.
type Reason string

// Values of Reason.
const (
	// NoState means that there is no complete state file.
	NoState Reason = "no_state"
	// UnsafeHypervisor means that with this hypervisor, the shim crashes when it
	// receives a request.
	UnsafeHypervisor Reason = "unsafe_hypervisor"
	// UnknownHypervisor means that the effect of a request is unknown for this
	// hypervisor.
	UnknownHypervisor Reason = "unknown_hypervisor"
	// Spinning means that the shim constantly uses a CPU: it is in an endless loop,
	// and another request could add one.
	Spinning Reason = "spinning"
	// IncompleteResponses means that too many responses of the shim were incomplete.
	// Each of the requests may have added an endless loop.
	IncompleteResponses Reason = "incomplete_responses"
	// ByConfiguration means that the configuration disables requests to shims.
	ByConfiguration Reason = "passive"
)

// Decision is the result of [Decide].
type Decision struct {
	// Pull reports whether the shim may be contacted.
	Pull bool
	// Reason is why the shim must not be contacted. It is empty if Pull is true.
	Reason Reason
	State  sandbox.State
}

// Decide returns whether the shim of a sandbox may be contacted, and the state
// of the sandbox.
func Decide(collection Collection, facts Facts) Decision {
	risk := riskOf(facts)
	switch {
	case risk == NoState && facts.Age < maxBootTime:
		return Decision{Reason: NoState, State: sandbox.Booting}
	case collection == Passive:
		return Decision{Reason: ByConfiguration, State: sandbox.Running}
	case facts.Observed != "":
		// This holds with Shim too, which is about versions that do not crash.
		return Decision{Reason: facts.Observed, State: sandbox.Skipped}
	case risk == "" || collection == Shim:
		return Decision{Pull: true, State: sandbox.Running}
	}
	return Decision{Reason: risk, State: sandbox.Skipped}
}

// riskOf returns why it is unsafe to contact the shim, or "" if it is safe.
func riskOf(facts Facts) Reason {
	if facts.Flavor == catalog.Go {
		return ""
	}
	if !facts.HasState {
		return NoState
	}
	if facts.Trusted {
		return ""
	}
	switch facts.Hypervisor {
	case "dragonball", "clh", "openvmm", "remote":
		return ""
	case "qemu", "firecracker":
		return UnsafeHypervisor
	}
	return UnknownHypervisor
}

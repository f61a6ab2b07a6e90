package guard

import (
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var (
	pull    = Decision{Pull: true, State: sandbox.Running}
	booting = Decision{Reason: NoState, State: sandbox.Booting}
	passive = Decision{Reason: ByConfiguration, State: sandbox.Running}
)

func skipped(reason Reason) Decision { return Decision{Reason: reason, State: sandbox.Skipped} }

// rust are the facts about an old sandbox of runtime-rs.
func rust(hypervisor string) Facts {
	return Facts{Flavor: catalog.Rust, HasState: true, Hypervisor: hypervisor, Age: time.Hour}
}

// decideTest is a set of facts with the decision for each value of Collection.
type decideTest struct {
	name                string
	facts               Facts
	auto, shim, passive Decision
}

func (test *decideTest) run(t *testing.T) {
	t.Helper()
	t.Run(test.name, func(t *testing.T) {
		for collection, want := range map[Collection]Decision{Auto: test.auto, Shim: test.shim, Passive: test.passive} {
			if got := Decide(collection, test.facts); got != want {
				t.Errorf("%s: got %+v, want %+v", collection, got, want)
			}
		}
	})
}

func TestDecide(t *testing.T) {
	young := Facts{Flavor: catalog.Rust, Age: maxBootTime - 1}
	old := Facts{Flavor: catalog.Rust, Age: maxBootTime}
	future := Facts{Flavor: catalog.Rust, Age: -time.Hour}
	// The content of an incomplete file must be ignored.
	incomplete := Facts{Flavor: catalog.Rust, Hypervisor: "dragonball", Age: time.Hour}
	golang := Facts{Flavor: catalog.Go, HasState: true, Hypervisor: "qemu"}
	golangNoState := Facts{Flavor: catalog.Go}
	unknownFlavor := Facts{Flavor: 7, HasState: true, Hypervisor: "qemu", Age: time.Hour}

	tests := []decideTest{
		{"cloud-hypervisor", rust("cloud-hypervisor"), skipped(UnknownHypervisor), pull, passive},
		{"dragonball", rust("dragonball"), pull, pull, passive},
		{"clh", rust("clh"), pull, pull, passive},
		{"openvmm", rust("openvmm"), pull, pull, passive},
		{"remote", rust("remote"), pull, pull, passive},
		{"qemu", rust("qemu"), skipped(UnsafeHypervisor), pull, passive},
		{"firecracker", rust("firecracker"), skipped(UnsafeHypervisor), pull, passive},
		{"unknown hypervisor", rust("cloudnine"), skipped(UnknownHypervisor), pull, passive},
		{"hypervisor in another case", rust("Dragonball"), skipped(UnknownHypervisor), pull, passive},
		{"hypervisor with a space", rust("dragonball "), skipped(UnknownHypervisor), pull, passive},
		{"empty hypervisor", rust(""), skipped(UnknownHypervisor), pull, passive},
		{"no state yet", young, booting, booting, booting},
		{"no state after boot time", old, skipped(NoState), pull, passive},
		{"incomplete state", incomplete, skipped(NoState), pull, passive},
		{"socket created in the future", future, booting, booting, booting},
		{"Go", golang, pull, pull, passive},
		{"Go without state", golangNoState, pull, pull, passive},
		{"unknown flavor", unknownFlavor, skipped(UnsafeHypervisor), pull, passive},
	}
	for i := range tests {
		tests[i].run(t)
	}
}

// Trust replaces the knowledge about a hypervisor, but not the state file. What
// requests have shown applies regardless of what is trusted.
func TestDecideOnTrustAndObservations(t *testing.T) {
	trusted := func(facts Facts) Facts {
		facts.Trusted = true
		return facts
	}
	golang := Facts{Flavor: catalog.Go, HasState: true, Hypervisor: "qemu", Observed: Spinning}
	incomplete := trusted(golang)
	incomplete.Observed = IncompleteResponses
	tests := []decideTest{
		{"qemu", trusted(rust("qemu")), pull, pull, passive},
		{"cloud-hypervisor", trusted(rust("cloud-hypervisor")), pull, pull, passive},
		{"without state", trusted(Facts{Flavor: catalog.Rust, Age: maxBootTime}), skipped(NoState), pull, passive},
		{"booting", trusted(Facts{Flavor: catalog.Rust}), booting, booting, booting},
		{"spinning", golang, skipped(Spinning), skipped(Spinning), passive},
		{"incomplete responses", incomplete, skipped(IncompleteResponses), skipped(IncompleteResponses), passive},
	}
	for i := range tests {
		tests[i].run(t)
	}
}

// Only the exact value "shim" disables the checks of auto.
func TestUnknownCollectionIsSafe(t *testing.T) {
	facts := Facts{Flavor: catalog.Rust, HasState: true, Hypervisor: "qemu", Age: time.Hour}
	for _, collection := range []Collection{"", "Shim", "shim ", "all"} {
		if got := Decide(collection, facts); got.Pull {
			t.Errorf("%q: got %+v, want no pull", collection, got)
		}
	}
}

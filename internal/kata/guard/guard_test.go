package guard

import (
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestDecide(t *testing.T) {
	var (
		ask     = Decision{Ask: true, State: sandbox.Running}
		booting = Decision{Reason: NoState, State: sandbox.Booting}
		passive = Decision{Reason: ByConfiguration, State: sandbox.Running}
	)
	skipped := func(reason Reason) Decision {
		return Decision{Reason: reason, State: sandbox.SkippedUnsafe}
	}
	rust := func(hypervisor string) Known {
		return Known{Flavor: catalog.Rust, HasState: true, Hypervisor: hypervisor, Age: time.Hour}
	}
	young := Known{Flavor: catalog.Rust, Age: bootTime - 1}
	old := Known{Flavor: catalog.Rust, Age: bootTime}
	// Without a whole file, what it seems to say counts for nothing.
	torn := Known{Flavor: catalog.Rust, Hypervisor: "dragonball", Age: time.Hour}
	golang := Known{Flavor: catalog.Go, HasState: true, Hypervisor: "qemu"}
	rootless := Known{Flavor: catalog.Go}

	tests := []struct {
		name                string
		known               Known
		auto, shim, passive Decision
	}{
		{"dragonball", rust("dragonball"), ask, ask, passive},
		{"clh", rust("clh"), ask, ask, passive},
		{"openvmm", rust("openvmm"), ask, ask, passive},
		{"remote", rust("remote"), ask, ask, passive},
		{"qemu", rust("qemu"), skipped(UnsafeHypervisor), ask, passive},
		{"firecracker", rust("firecracker"), skipped(UnsafeHypervisor), ask, passive},
		{"a future one", rust("cloudnine"), skipped(UnknownHypervisor), ask, passive},
		{"in another case", rust("Dragonball"), skipped(UnknownHypervisor), ask, passive},
		{"with a space", rust("dragonball "), skipped(UnknownHypervisor), ask, passive},
		{"none named", rust(""), skipped(UnknownHypervisor), ask, passive},
		{"no state yet", young, booting, booting, booting},
		{"no state for long", old, skipped(NoState), ask, passive},
		{"torn state", torn, skipped(NoState), ask, passive},
		{"clock set back", Known{Flavor: catalog.Rust, Age: -time.Hour}, booting, booting, booting},
		{"Go", golang, ask, ask, passive},
		{"Go without state", rootless, ask, ask, passive},
		{"unheard-of flavor", Known{Flavor: 7, HasState: true, Hypervisor: "qemu", Age: time.Hour}, skipped(UnsafeHypervisor), ask, passive},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for collection, want := range map[Collection]Decision{Auto: test.auto, Shim: test.shim, Passive: test.passive} {
				if got := Decide(collection, test.known); got != want {
					t.Errorf("%s: got %+v, want %+v", collection, got, want)
				}
			}
		})
	}
}

// Anything but the one word that gives leave must be as careful as auto.
func TestOnlyTheExactWordOptsIn(t *testing.T) {
	known := Known{Flavor: catalog.Rust, HasState: true, Hypervisor: "qemu", Age: time.Hour}
	for _, collection := range []Collection{"", "Shim", "shim ", "all"} {
		if got := Decide(collection, known); got.Ask {
			t.Errorf("%q: %+v", collection, got)
		}
	}
}

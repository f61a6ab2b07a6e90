package kata

import (
	"testing"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func newFleet(tb testing.TB) *simfleet.Fleet {
	tb.Helper()
	fleet, err := simfleet.New(shortDirectory(tb), simfleet.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := fleet.Close(); err != nil {
			tb.Error(err)
		}
	})
	return fleet
}

func fleetConfig(fleet *simfleet.Fleet) Config {
	paths := fleet.StoragePaths()
	return newConfig(storagePaths{golang: paths[0], rust: paths[1]})
}

// addPod adds a simulated pod to a fleet.
func addPod(tb testing.TB, fleet *simfleet.Fleet, options simkata.Options) *simkata.Pod {
	tb.Helper()
	pod, err := fleet.AddKata(options)
	if err != nil {
		tb.Fatal(err)
	}
	return pod
}

// removePod removes a simulated pod from its fleet.
func removePod(t *testing.T, fleet *simfleet.Fleet, pod *simkata.Pod) {
	t.Helper()
	if err := fleet.RemoveKata(pod); err != nil {
		t.Fatal(err)
	}
}

// simulatedSandbox is a sandbox together with the simulated pod behind it.
type simulatedSandbox struct {
	*Sandbox
	fleet *simfleet.Fleet
	pod   *simkata.Pod
}

// newSimulated creates the only pod of a new fleet and finds it.
func newSimulated(t *testing.T, options simkata.Options, configure ...func(*Config)) simulatedSandbox {
	t.Helper()
	fleet := newFleet(t)
	pod := addPod(t, fleet, options)
	config := fleetConfig(fleet)
	for _, change := range configure {
		change(&config)
	}
	return simulatedSandbox{Sandbox: findOne(t, config), fleet: fleet, pod: pod}
}

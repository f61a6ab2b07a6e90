package guard

import (
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestSlowBoot waits for the state file as long as a large virtual machine takes
// to boot, but not for a file that is never written.
func TestSlowBoot(t *testing.T) {
	for age, want := range map[time.Duration]sandbox.State{
		0: sandbox.Booting, time.Minute: sandbox.Booting, 5 * time.Minute: sandbox.Skipped,
	} {
		if got := Decide(Auto, Facts{Flavor: catalog.Rust, Age: age}); got.Pull || got.State != want {
			t.Errorf("no state file after %v: got %+v, want %s and no pull", age, got, want)
		}
	}
}

package guard

import (
	"slices"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestEveryReasonOccurs compares the list of reasons, and the states of each, with the
// decisions for all relevant combinations of facts.
func TestEveryReasonOccurs(t *testing.T) {
	decided := map[string][]sandbox.State{}
	decide := func(collection Collection, facts Facts) {
		decision := Decide(collection, facts)
		name := string(decision.Reason)
		if decision.Pull != (name == "") {
			t.Errorf("%s, %+v: got %+v, want a reason if and only if the shim is not contacted", collection, facts, decision)
		}
		if name != "" && !slices.Contains(decided[name], decision.State) {
			decided[name] = append(decided[name], decision.State)
		}
	}
	for _, collection := range []Collection{Auto, Shim, Passive} {
		for _, flavor := range []catalog.Flavor{catalog.Go, catalog.Rust} {
			for _, hypervisor := range []string{"", "qemu", "clh", "other"} {
				for _, observed := range []Reason{"", Spinning, IncompleteResponses} {
					for _, age := range []time.Duration{0, time.Hour} {
						decide(collection, Facts{
							Flavor: flavor, HasState: hypervisor != "", Hypervisor: hypervisor, Age: age, Observed: observed,
						})
					}
				}
			}
		}
	}
	for _, reason := range Reasons {
		got, want := decided[reason.Name], slices.Clone(reason.States)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got states %q, want %q", reason.Name, got, want)
		}
		if reason.IsAboutPath() {
			t.Errorf("%s must be about a sandbox", reason.Name)
		}
	}
	if len(decided) != len(Reasons) {
		t.Errorf("got decisions with %d reasons, want %d", len(decided), len(Reasons))
	}
}

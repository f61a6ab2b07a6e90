package kata

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// pull pulls a sandbox as package collect does.
func pull(t *testing.T, s *Sandbox) (*sandbox.Reading, error) {
	t.Helper()
	return pullWithin(t, s, maxWait)
}

// pullWithin is pull with a timeout.
func pullWithin(t *testing.T, s *Sandbox, timeout time.Duration) (*sandbox.Reading, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	r := &sandbox.Reading{}
	err := s.Pull(ctx, r)
	s.AppendInfo(r, err == nil)
	return r, err
}

// familiesOf returns the names of the families in a reading, in the naming "otel".
func familiesOf(r *sandbox.Reading) []string {
	var names []string
	for _, point := range r.Points {
		if name := point.Family.OTel.Name; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func hasFamily(r *sandbox.Reading, name string) bool { return slices.Contains(familiesOf(r), name) }

// seriesOf formats the series of a reading for comparison: name{key=value;…}.
func seriesOf(r *sandbox.Reading) []string {
	var all []string
	for _, point := range r.Points {
		descriptor := &point.Family.OTel
		var text strings.Builder
		text.WriteString(descriptor.Name + "{")
		for i, label := range point.Labels {
			text.WriteString(descriptor.LabelKeys[i] + "=" + label + ";")
		}
		for _, attribute := range descriptor.Attributes {
			text.WriteString(attribute.Key + "=" + attribute.Value + ";")
		}
		all = append(all, text.String()+"}")
	}
	slices.Sort(all)
	return all
}

// checkContent checks that a reading contains nothing that a hostile guest forged
// and no confidential data.
func checkContent(t *testing.T, r *sandbox.Reading) {
	t.Helper()
	for _, point := range r.Points {
		if point.Value.AsFloat() == simkata.ForgedValue {
			t.Errorf("%s%q has a forged value", point.Family.OTel.Name, point.Labels)
		}
		for _, label := range point.Labels {
			if strings.Contains(label, "victim") || strings.Contains(label, simulate.DecoySecret) {
				t.Errorf("%s has the label value %q", point.Family.OTel.Name, label)
			}
		}
	}
}

package conformance

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
)

// limitRegistration returns a registration of one metric with up to 2n series.
func limitRegistration(n int) string {
	values := make([]string, n)
	for i := range values {
		values[i] = fmt.Sprintf("%q", fmt.Sprint(i))
	}
	return `{"metrics":[{"name":"/a","prometheus_name":"a","cumulative":true,"fields":[` +
		`{"field_name":"x","allowed_values":[` + strings.Join(values, ",") + `]},{"field_name":"y","allowed_values":["0","1"]}]}]}`
}

// limitEntries returns entries for the series from one index up to another.
func limitEntries(from, to int) string {
	var texts []string
	for i := from; i < to; i++ {
		texts = append(texts, fmt.Sprintf(
			`{"metric":{"name":"a","type":2,"help":""},"labels":{"x":"%d","y":"%d"},"val":{"int":1}}`, i/2, i%2))
	}
	return strings.Join(texts, ",")
}

// TestLimitVerdicts covers the limits whose responses are too long for a table.
func TestLimitVerdicts(t *testing.T) {
	for _, test := range []struct {
		name      string
		responses []string
		rule      snapshot.Rule
	}{
		{"points", []string{limitEntries(0, 8193)}, snapshot.RulePoints},
		{"series", []string{limitEntries(0, 8000), limitEntries(8000, 8193)}, snapshot.RuleSeries},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, ourErr, upstreamErr := register(t, []byte(limitRegistration(5000)), nil)
			if ourErr != nil || upstreamErr != nil {
				t.Fatal(ourErr, upstreamErr)
			}
			for i, text := range test.responses {
				_, ourErr, upstreamErr = p.read(t, []byte(responseAt(time.Now(), text)))
				if last := i == len(test.responses)-1; !last && verdict(ourErr, upstreamErr) != accepted {
					t.Fatal(ourErr, upstreamErr)
				}
			}
			var violation *snapshot.Violation
			if verdict(ourErr, upstreamErr) != stricter || !errors.As(ourErr, &violation) || violation.Rule != test.rule {
				t.Errorf("%s: %v, gVisor: %v", test.name, ourErr, upstreamErr)
			}
		})
	}
}

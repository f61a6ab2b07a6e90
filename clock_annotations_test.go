//go:build linux

package sandboxreceiver

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// TestStartTimesAheadAreOmitted checks sandboxes that were created before the wall clock
// was set back: they are collected, and no counter starts after its timestamp.
func TestStartTimesAheadAreOmitted(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{
		GVisor: 1, Kata: 1, KataRust: 1, Hostile: map[simulate.Mode]int{simgvisor.CreatedAhead: 2, simkata.CreatedAhead: 2},
	})
	_, err := fleet.AddKata(simkata.Options{Mode: simkata.CreatedAhead, Rust: true})
	require.NoError(t, err)
	// If the first pull of a Kata pod reads only files of the host, for example on a busy
	// machine, the start of the shim's process is known.
	ahead, known := map[string]bool{}, map[string]bool{}
	for _, s := range fleet.GVisor() {
		ahead[s.ID()] = s.Mode() != ""
	}
	for _, p := range fleet.Kata() {
		ahead[p.ID()] = p.Mode() != ""
		known[p.ID()] = ahead[p.ID()]
	}
	sink := newRecordingSink()
	stop, _ := startReceiver(t, fleet, sink, nil)
	sink.await(t, "metrics of each sandbox are received", func() bool { return len(sink.count) == len(ahead) })
	stop()
	for id, resource := range sink.last {
		counters := 0
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				if metric.Type() != pmetric.MetricTypeSum || !metric.Sum().IsMonotonic() {
					continue
				}
				for _, point := range metric.Sum().DataPoints().All() {
					counters++
					if !known[id] {
						assert.Equal(t, ahead[id], point.StartTimestamp() == 0, "%s of %s", metric.Name(), id)
					}
					assert.LessOrEqual(t, point.StartTimestamp(), point.Timestamp(), "%s of %s", metric.Name(), id)
				}
			}
		}
		assert.Greater(t, counters, 10, id)
	}
}

// TestForgedPodsAreNotExported checks that annotations that name another pod are neither
// exported nor logged, and that sandboxes with contradictory evidence are logged.
func TestForgedPodsAreNotExported(t *testing.T) {
	for _, naming := range sandbox.Namings {
		t.Run(string(naming), func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{})
			for _, style := range simulate.PodStyles {
				_, err := fleet.AddGVisor(simgvisor.Options{Mode: simgvisor.MixedAnnotations, Pod: style, Containers: 1})
				require.NoError(t, err)
				_, err = fleet.AddKata(simkata.Options{Mode: simkata.MixedAnnotations, Pod: style})
				require.NoError(t, err)
			}
			sink := newRecordingSink()
			stop, logs := startReceiver(t, fleet, sink, func(c *Config) { c.Naming = naming })
			sink.await(t, "metrics of each sandbox are received", func() bool { return len(sink.count) == 2*len(simulate.PodStyles) })
			stop()
			for id, resource := range sink.last {
				metrics := pmetric.NewMetrics()
				resource.CopyTo(metrics.ResourceMetrics().AppendEmpty())
				text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(metrics)
				require.NoError(t, err)
				assert.NotContains(t, string(text), simulate.ForgedPodName, id)
				assert.NotContains(t, string(text), simulate.ForgedPodUID, id)
			}
			for _, entry := range logs.All() {
				assert.NotContains(t, fmt.Sprint(entry.ContextMap()), simulate.ForgedPodName)
			}
			// Those of CRI-O, and those whose paths contradict each other.
			assert.Equal(t, 4, logs.FilterMessageSnippet("Omitting the pod name").Len())
		})
	}
}

//go:build linux

package sandboxreceiver

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// eventRecorder is a logs pipeline that counts records by the sandbox and their name.
type eventRecorder struct {
	*recordingSink
	events map[string]int
	// keys are the attributes of all records, by name.
	keys map[string]map[string]bool
}

func newEventRecorder() *eventRecorder {
	return &eventRecorder{recordingSink: newRecordingSink(), events: map[string]int{}, keys: map[string]map[string]bool{}}
}

func (r *eventRecorder) ConsumeLogs(_ context.Context, logs plog.Logs) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, resource := range logs.ResourceLogs().All() {
		id, _ := resource.Resource().Attributes().Get("sandbox.id")
		for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
			name := record.EventName()
			r.events[id.Str()+" "+strings.TrimPrefix(name, "sandbox.")]++
			if r.keys[name] == nil {
				r.keys[name] = map[string]bool{}
			}
			for key := range record.Attributes().All() {
				r.keys[name][key] = true
			}
		}
	}
	select {
	case r.changed <- struct{}{}:
	default:
	}
	return nil
}

var _ consumer.Logs = (*eventRecorder)(nil)

// createParts creates the parts of a receiver for each signal, in an order such as
// "logs, metrics".
func createParts(t *testing.T, fleet *simfleet.Fleet, order []string, next *eventRecorder) map[string]component.Component {
	t.Helper()
	config := createDefaultConfig().(*Config)
	config.InitialDelay = 0
	config.GVisor.Roots, config.Kata.StoragePaths = []string{fleet.RuntimeRoot()}, fleet.StoragePaths()
	parts, factory := map[string]component.Component{}, NewFactory()
	for _, signal := range order {
		var err error
		if settings := receivertest.NewNopSettings(metadata.Type); signal == "metrics" {
			parts[signal], err = factory.CreateMetrics(t.Context(), settings, config, next)
		} else {
			parts[signal], err = factory.CreateLogs(t.Context(), settings, config, next)
		}
		require.NoError(t, err)
	}
	return parts
}

// TestSignalsShareAReceiver creates, starts and stops the parts of a receiver in all
// orders: each sandbox is found once.
func TestSignalsShareAReceiver(t *testing.T) {
	orders := [][]string{{"metrics", "logs"}, {"logs", "metrics"}}
	for _, created := range orders {
		for _, started := range orders {
			for _, stopped := range orders {
				name := strings.Join([]string{"create " + created[0], "start " + started[0], "stop " + stopped[0]}, ", ")
				t.Run(name, func(t *testing.T) {
					fleet := newFleet(t, simfleet.Options{GVisor: 2, Kata: 1})
					next := newEventRecorder()
					parts := createParts(t, fleet, created, next)
					assert.Same(t, parts["metrics"].(*part).instance, parts["logs"].(*part).instance)
					for _, signal := range started {
						require.NoError(t, parts[signal].Start(t.Context(), componenttest.NewNopHost()))
					}
					next.await(t, "metrics and events of each sandbox are received", func() bool {
						return len(next.count) == 3 && len(next.events) >= 3
					})
					for _, signal := range stopped {
						require.NoError(t, parts[signal].Shutdown(context.Background()))
					}
					assert.Equal(t, 1, next.events[fleet.GVisor()[0].ID()+" found"])
					assert.NotContains(t, shared.byConfig, parts["metrics"].(*part).instance.receiver.config, "nothing is left")
				})
			}
		}
	}
}

// TestPartsThatStopEarly stops a part before the other one starts, or without a start.
func TestPartsThatStopEarly(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{GVisor: 1})
	next := newEventRecorder()
	parts := createParts(t, fleet, []string{"metrics", "logs"}, next)
	require.NoError(t, parts["logs"].Shutdown(t.Context()))
	require.NoError(t, parts["metrics"].Start(t.Context(), componenttest.NewNopHost()))
	next.await(t, "metrics are received", func() bool { return len(next.count) == 1 })
	require.NoError(t, parts["metrics"].Shutdown(t.Context()))
	assert.Empty(t, next.events)

	next = newEventRecorder()
	parts = createParts(t, fleet, []string{"metrics", "logs"}, next)
	require.NoError(t, parts["metrics"].Start(t.Context(), componenttest.NewNopHost()))
	require.NoError(t, parts["metrics"].Shutdown(t.Context()))
	require.NoError(t, parts["metrics"].Start(t.Context(), componenttest.NewNopHost()), "has no effect")
	require.NoError(t, parts["logs"].Shutdown(t.Context()))
	require.NoError(t, parts["logs"].Start(t.Context(), componenttest.NewNopHost()), "has no effect")
	assert.Empty(t, next.count)
	assert.Empty(t, next.events)
}

// TestReceiverStartsWithItsLastPart checks that no pipeline is called before all parts have
// started: a Collector may start the exporters of a pipeline after the part for another
// signal.
func TestReceiverStartsWithItsLastPart(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{GVisor: 1})
	parts := createParts(t, fleet, []string{"metrics", "logs"}, newEventRecorder())
	require.NoError(t, parts["logs"].Start(t.Context(), componenttest.NewNopHost()))
	assert.Nil(t, parts["logs"].(*part).instance.receiver.collection, "nothing has started")
	require.NoError(t, parts["metrics"].Start(t.Context(), componenttest.NewNopHost()))
	assert.NotNil(t, parts["logs"].(*part).instance.receiver.collection)
	for _, part := range parts {
		require.NoError(t, part.Shutdown(context.Background()))
	}
}

// TestOtherPartGoesOn stops one part, as a Collector does when a configuration is reloaded
// in which the receiver is no longer in a pipeline of that signal.
func TestOtherPartGoesOn(t *testing.T) {
	for stopped, other := range map[string]string{"metrics": "logs", "logs": "metrics"} {
		t.Run("stop "+stopped, func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{GVisor: 1})
			next := newEventRecorder()
			parts := createParts(t, fleet, []string{"metrics", "logs"}, next)
			for _, part := range parts {
				require.NoError(t, part.Start(t.Context(), componenttest.NewNopHost()))
			}
			id := fleet.GVisor()[0].ID()
			next.await(t, "both are received", func() bool { return next.count[id] > 0 && next.events[id+" found"] == 1 })
			require.NoError(t, parts[stopped].Shutdown(context.Background()))
			added, err := fleet.AddGVisor(simgvisor.Options{ID: "later"})
			require.NoError(t, err)
			next.await(t, "the other part goes on", func() bool {
				return other == "metrics" && next.count[added.ID()] > 0 || other == "logs" && next.events[added.ID()+" found"] > 0
			})
			require.NoError(t, parts[other].Shutdown(context.Background()))
			assert.False(t, stopped == "metrics" && next.count[added.ID()] > 0, "the pipeline is not called anymore")
			assert.False(t, stopped == "logs" && next.events[added.ID()+" found"] > 0, "the pipeline is not called anymore")
		})
	}
}

// TestReceiversOfOneSignalAreSeparate creates two receivers of a signal with one
// configuration, which the Collector never does.
func TestReceiversOfOneSignalAreSeparate(t *testing.T) {
	config := createDefaultConfig().(*Config)
	settings := receivertest.NewNopSettings(metadata.Type)
	first, err := NewFactory().CreateLogs(t.Context(), settings, config, newEventRecorder())
	require.NoError(t, err)
	second, err := NewFactory().CreateLogs(t.Context(), settings, config, newEventRecorder())
	require.NoError(t, err)
	assert.NotSame(t, first.(*part).instance, second.(*part).instance)
	require.NoError(t, first.Shutdown(t.Context()))
	require.NoError(t, second.Shutdown(t.Context()))
	assert.NotContains(t, shared.byConfig, config)
}

// TestEventsWithoutMetrics runs a receiver that is part of a logs pipeline only.
func TestEventsWithoutMetrics(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{GVisor: 2, Kata: 1})
	next := newEventRecorder()
	part := createParts(t, fleet, []string{"logs"}, next)["logs"]
	require.NoError(t, part.Start(t.Context(), componenttest.NewNopHost()))
	id := fleet.GVisor()[0].ID()
	next.await(t, "the sandbox is found", func() bool { return next.events[id+" found"] == 1 })
	require.NoError(t, fleet.GVisor()[0].Remove())
	next.await(t, "the sandbox is gone", func() bool { return next.events[id+" gone"] == 1 })
	require.NoError(t, part.Shutdown(context.Background()))
	assert.Equal(t, 1, next.events[id+" exited"])
	assert.Empty(t, next.count, "no metrics")
}

// statusHost records the status that a receiver reports.
type statusHost struct {
	component.Host
	events []*componentstatus.Event
}

func (h *statusHost) Report(event *componentstatus.Event) { h.events = append(h.events, event) }

// TestStatusIsReportedToEachPart checks that a part that starts later has the status too.
func TestStatusIsReportedToEachPart(t *testing.T) {
	s, first, second := &status{}, &statusHost{}, &statusHost{}
	s.add(first.Report)
	s.set("pipeline", errors.New("queue"))
	s.add(second.Report)
	require.Len(t, second.events, 1)
	s.set("pipeline", nil)
	for _, host := range []*statusHost{first, second} {
		require.Len(t, host.events, 2)
		assert.Equal(t, componentstatus.StatusRecoverableError, host.events[0].Status())
		assert.Equal(t, componentstatus.StatusOK, host.events[1].Status())
	}
}

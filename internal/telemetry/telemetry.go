// Package telemetry records the receiver's own metrics, which the Collector
// exports as otelcol_receiver_sandbox_*. Their names and descriptions are in
// metadata.yaml.
//
// Every measurement carries the ID of the receiver, because two receivers in one
// Collector share the instruments. Attribute sets of what is recorded with each
// pull or batch are built once.
package telemetry

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reasons for pulls that were due and not started, and for dropped points that
// are not due to a sandbox.
const (
	// BackOff: the sandbox failed and is not pulled for a while.
	BackOff = "back_off"
	// BehindSchedule: the limit on pulls in flight was reached, or the pipeline
	// blocked.
	BehindSchedule = "behind_schedule"
	// EndRefused: the pipeline repeatedly or permanently refused the points that
	// mark the end of a series.
	EndRefused = "end_refused"
)

// Telemetry holds the instruments. It is safe for concurrent use.
type Telemetry struct {
	builder  *metadata.TelemetryBuilder
	receiver attribute.KeyValue
	// batches and pulls are immutable.
	batches []metric.RecordOption
	pulls   map[string]*pullAttributes

	sandboxes atomic.Pointer[map[Group]int64]
	mu        sync.Mutex
	skipped   map[skippedKey]int64
}

// pullAttributes are those of the pulls of one runtime.
type pullAttributes struct {
	runtime  []metric.RecordOption
	outcomes map[sandbox.Outcome][]metric.AddOption
}

// Group is what sandboxes are counted by.
type Group struct {
	Runtime string
	State   sandbox.State
}

type skippedKey struct{ runtime, reason string }

// New returns the telemetry of one receiver, which collects from the named
// runtimes.
func New(settings component.TelemetrySettings, receiver component.ID, runtimes []sandbox.Runtime) (*Telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings)
	if err != nil {
		return nil, err
	}
	t := &Telemetry{
		builder:  builder,
		receiver: attribute.String("receiver", receiver.String()),
		pulls:    map[string]*pullAttributes{},
		skipped:  map[skippedKey]int64{},
	}
	t.batches = []metric.RecordOption{t.with()}
	for _, runtime := range runtimes {
		name := attribute.String("runtime", runtime.Name())
		attributes := &pullAttributes{
			runtime:  []metric.RecordOption{t.with(name)},
			outcomes: map[sandbox.Outcome][]metric.AddOption{},
		}
		for _, outcome := range sandbox.Outcomes {
			attributes.outcomes[outcome] = []metric.AddOption{t.with(name, attribute.String("outcome", string(outcome)))}
		}
		t.pulls[runtime.Name()] = attributes
	}
	return t, nil
}

// with returns the attributes of a measurement.
func (t *Telemetry) with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(attributes, t.receiver)...))
}

// withReason returns the attributes of what is counted by reason.
func (t *Telemetry) withReason(runtime, reason string) metric.MeasurementOption {
	return t.with(attribute.String("runtime", runtime), attribute.String("reason", reason))
}

// Start registers the gauges that are read when telemetry is collected.
func (t *Telemetry) Start() error {
	err := t.builder.RegisterReceiverSandboxSandboxesCallback(func(_ context.Context, o metric.Int64Observer) error {
		var counts map[Group]int64
		if known := t.sandboxes.Load(); known != nil {
			counts = *known
		}
		// A state without sandboxes is 0 rather than absent, so that an alert on it
		// also fires if there has never been one.
		for runtime := range t.pulls {
			for _, state := range sandbox.States {
				o.Observe(counts[Group{runtime, state}], t.with(
					attribute.String("runtime", runtime), attribute.String("sandbox.state", string(state))))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.builder.RegisterReceiverSandboxSkippedPathsCallback(func(_ context.Context, o metric.Int64Observer) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		for key, count := range t.skipped {
			o.Observe(count, t.withReason(key.runtime, key.reason))
		}
		return nil
	})
}

// Shutdown unregisters the gauges.
func (t *Telemetry) Shutdown() { t.builder.Shutdown() }

// Pull records a completed pull and what was dropped from its response.
func (t *Telemetry) Pull(runtime string, outcome sandbox.Outcome, duration time.Duration, r *sandbox.Reading) {
	ctx := context.Background()
	attributes := t.pulls[runtime]
	t.builder.ReceiverSandboxPulls.Add(ctx, 1, attributes.outcomes[outcome]...)
	t.builder.ReceiverSandboxPullDuration.Record(ctx, duration.Seconds(), attributes.runtime...)
	if r.ResponseSize > 0 {
		t.builder.ReceiverSandboxResponseSize.Record(ctx, int64(r.ResponseSize), attributes.runtime...)
	}
	for _, dropped := range r.Dropped {
		t.DroppedPoints(runtime, dropped.Reason, dropped.Points)
	}
}

// Usage counts a request for the usage of a sandbox.
func (t *Telemetry) Usage(runtime string, outcome sandbox.Outcome) {
	t.builder.ReceiverSandboxUsageRequests.Add(context.Background(), 1, t.pulls[runtime].outcomes[outcome]...)
}

// DroppedPoints counts dropped data points.
func (t *Telemetry) DroppedPoints(runtime, reason string, points int) {
	t.builder.ReceiverSandboxDroppedPoints.Add(context.Background(), int64(points), t.withReason(runtime, reason))
}

// DroppedEvents counts dropped lifecycle events.
func (t *Telemetry) DroppedEvents(reason string, events int) {
	t.builder.ReceiverSandboxDroppedEvents.Add(context.Background(), int64(events), t.with(attribute.String("reason", reason)))
}

// PodConflict counts a sandbox whose pod is not identified because the evidence
// conflicts.
func (t *Telemetry) PodConflict(runtime string) {
	t.builder.ReceiverSandboxPodConflicts.Add(context.Background(), 1, t.with(attribute.String("runtime", runtime)))
}

// SkippedPulls counts pulls that were due and not started.
func (t *Telemetry) SkippedPulls(runtime, reason string, pulls int64) {
	t.builder.ReceiverSandboxSkippedPulls.Add(context.Background(), pulls, t.withReason(runtime, reason))
}

// Batch records the size of a batch.
func (t *Telemetry) Batch(points int) {
	t.builder.ReceiverSandboxBatchSize.Record(context.Background(), int64(points), t.batches...)
}

// SkippedPaths adds to the number of paths that are skipped for a reason. A reason
// that no path has any longer is reported as 0.
func (t *Telemetry) SkippedPaths(runtime, reason string, delta int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.skipped[skippedKey{runtime, reason}] += delta
}

// Sandboxes replaces the numbers of sandboxes. The map must not be changed
// afterwards.
func (t *Telemetry) Sandboxes(counts map[Group]int64) { t.sandboxes.Store(&counts) }

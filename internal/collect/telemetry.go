package collect

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reasons for pulls that were due and did not happen.
const (
	skippedBackOff = "back_off"
	skippedBehind  = "behind_schedule"
)

// telemetry is what the receiver tells about itself. Everything carries the
// receiver's id, because two receivers in one collector share the instruments.
type telemetry struct {
	builder  *metadata.TelemetryBuilder
	receiver attribute.KeyValue
	// batches and pulls hold ready-made attributes for what is measured with
	// each batch and pull; neither changes after it was made.
	batches []metric.RecordOption
	pulls   map[string]*pullAttributes

	sandboxes atomic.Pointer[map[stateKey]int64]
	mu        sync.Mutex
	passed    map[string]map[string]int
}

// pullAttributes are those of one runtime's pulls.
type pullAttributes struct {
	runtime  []metric.RecordOption
	outcomes map[sandbox.Outcome][]metric.AddOption
}

type stateKey struct {
	runtime string
	state   sandbox.State
}

func newTelemetry(settings *Settings) (*telemetry, error) {
	builder, err := metadata.NewTelemetryBuilder(settings.Telemetry)
	if err != nil {
		return nil, err
	}
	t := &telemetry{
		builder:  builder,
		receiver: attribute.String("receiver", settings.Receiver.String()),
		pulls:    map[string]*pullAttributes{},
		passed:   map[string]map[string]int{},
	}
	t.batches = []metric.RecordOption{t.with()}
	for _, runtime := range settings.Runtimes {
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

// with makes the attributes of a measurement.
func (t *telemetry) with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(append(attributes, t.receiver)...))
}

// because is with, for what is counted by reason.
func (t *telemetry) because(runtime, reason string) metric.MeasurementOption {
	return t.with(attribute.String("runtime", runtime), attribute.String("reason", reason))
}

// observe registers the gauges that are read when telemetry is collected.
func (t *telemetry) observe() error {
	err := t.builder.RegisterReceiverSandboxSandboxesCallback(func(_ context.Context, o metric.Int64Observer) error {
		if counts := t.sandboxes.Load(); counts != nil {
			for key, count := range *counts {
				o.Observe(count, t.with(attribute.String("runtime", key.runtime), attribute.String("sandbox.state", string(key.state))))
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
		for runtime, counts := range t.passed {
			for reason, count := range counts {
				o.Observe(int64(count), t.because(runtime, reason))
			}
		}
		return nil
	})
}

func (t *telemetry) pulled(runtime string, outcome sandbox.Outcome, duration time.Duration, r *sandbox.Reading) {
	ctx := context.Background()
	attributes := t.pulls[runtime]
	t.builder.ReceiverSandboxPulls.Add(ctx, 1, attributes.outcomes[outcome]...)
	t.builder.ReceiverSandboxPullDuration.Record(ctx, duration.Seconds(), attributes.runtime...)
	if r.ResponseSize > 0 {
		t.builder.ReceiverSandboxResponseSize.Record(ctx, int64(r.ResponseSize), attributes.runtime...)
	}
	for _, dropped := range r.Dropped {
		t.builder.ReceiverSandboxDroppedPoints.Add(ctx, int64(dropped.Points), t.because(runtime, dropped.Reason))
	}
}

// droppedEnd counts the points of an end that the pipeline kept refusing.
func (t *telemetry) droppedEnd(runtime string, points int) {
	t.builder.ReceiverSandboxDroppedPoints.Add(context.Background(), int64(points), t.because(runtime, "end_refused"))
}

func (t *telemetry) skipped(runtime, reason string, pulls int64) {
	t.builder.ReceiverSandboxSkippedPulls.Add(context.Background(), pulls, t.because(runtime, reason))
}

func (t *telemetry) batch(points int) {
	t.builder.ReceiverSandboxBatchSize.Record(context.Background(), int64(points), t.batches...)
}

func (t *telemetry) passedPaths(runtime string, counts map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.passed[runtime] = counts
}

func (t *telemetry) shutdown() { t.builder.Shutdown() }

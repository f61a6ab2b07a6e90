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
	// options of instruments by their attributes; a few dozen in all.
	options sync.Map // attributesKey to metric.MeasurementOption

	sandboxes atomic.Pointer[map[stateKey]int64]
	mu        sync.Mutex
	passed    map[string]map[string]int
}

type attributesKey struct{ runtime, key, value string }

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
		passed:   map[string]map[string]int{},
	}
	return t, nil
}

// observe registers the gauges that are read when telemetry is collected.
func (t *telemetry) observe() error {
	err := t.builder.RegisterReceiverSandboxSandboxesCallback(func(_ context.Context, o metric.Int64Observer) error {
		if counts := t.sandboxes.Load(); counts != nil {
			for key, count := range *counts {
				o.Observe(count, t.with(key.runtime, "state", string(key.state)))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return t.builder.RegisterReceiverSandboxPassedPathsCallback(func(_ context.Context, o metric.Int64Observer) error {
		t.mu.Lock()
		defer t.mu.Unlock()
		for runtime, counts := range t.passed {
			for reason, count := range counts {
				o.Observe(int64(count), t.with(runtime, "reason", reason))
			}
		}
		return nil
	})
}

// with makes the attributes of a measurement, once for each combination.
func (t *telemetry) with(runtime, key, value string) metric.MeasurementOption {
	index := attributesKey{runtime, key, value}
	if option, found := t.options.Load(index); found {
		return option.(metric.MeasurementOption)
	}
	attributes := []attribute.KeyValue{t.receiver}
	if runtime != "" {
		attributes = append(attributes, attribute.String("runtime", runtime))
	}
	if key != "" {
		attributes = append(attributes, attribute.String(key, value))
	}
	option, _ := t.options.LoadOrStore(index, metric.WithAttributeSet(attribute.NewSet(attributes...)))
	return option.(metric.MeasurementOption)
}

func (t *telemetry) pulled(runtime string, outcome sandbox.Outcome, duration time.Duration, r *sandbox.Reading) {
	ctx := context.Background()
	t.builder.ReceiverSandboxPulls.Add(ctx, 1, t.with(runtime, "outcome", string(outcome)))
	t.builder.ReceiverSandboxPullDuration.Record(ctx, duration.Seconds(), t.with(runtime, "", ""))
	if r.AnswerBytes > 0 {
		t.builder.ReceiverSandboxAnswerSize.Record(ctx, int64(r.AnswerBytes), t.with(runtime, "", ""))
	}
	for _, dropped := range r.Dropped {
		t.builder.ReceiverSandboxDroppedPoints.Add(ctx, int64(dropped.Points), t.with(runtime, "reason", dropped.Reason))
	}
}

func (t *telemetry) skipped(runtime, reason string, pulls int64) {
	t.builder.ReceiverSandboxSkippedPulls.Add(context.Background(), pulls, t.with(runtime, "reason", reason))
}

func (t *telemetry) batch(points int) {
	t.builder.ReceiverSandboxBatchSize.Record(context.Background(), int64(points), t.with("", "", ""))
}

func (t *telemetry) passedPaths(runtime string, counts map[string]int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.passed[runtime] = counts
}

func (t *telemetry) shutdown() { t.builder.Shutdown() }

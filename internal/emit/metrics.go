// Package emit implements the sinks of the receiver: [Metrics] turns readings
// into batches of pdata and sends them to the next consumer, and [Logs] does the same
// with events. It knows neither runtimes nor how sandboxes are scheduled.
//
//	collect ──deliveries──► lane ──► worker: batch ──ConsumeMetrics──► pipeline
//	   ▲                                                      │
//	   └──────────── Lost: pull again ◄──── refused ──────────┘
//
// Each lane has a worker, which has one goroutine and one batch. A batch is sent when
// it is full or has reached its maximum age. If the pipeline refuses it, values are
// pulled again and the ends of series are kept for another batch, so that no series
// outlives its sandbox.
package emit

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// Settings of a [Metrics] sink.
type Settings struct {
	Converter *pdataconv.Converter
	Next      consumer.Metrics
	Obsreport *receiverhelper.ObsReport
	Telemetry *telemetry.Telemetry
	Logger    *zap.Logger
	// ReportError reports that the pipeline refuses metrics, nil that it accepts
	// them again.
	ReportError func(err error)
}

// limits are not configurable. They are fields of the sink so that tests can
// reach them with few points.
type limits struct {
	// workers is the number of lanes.
	workers int
	// batchPoints is the maximum size of a batch, unless a single delivery exceeds
	// it. batchAge is the longest that a point waits for its batch to fill: about
	// as long as it takes to pull all sandboxes of a slot.
	batchPoints int
	batchAge    time.Duration
	// drain is how long the last batches may take at shutdown.
	drain time.Duration
}

var defaultLimits = limits{
	workers:     2,
	batchPoints: 8192,
	batchAge:    50 * time.Millisecond,
	drain:       time.Second,
}

// Metrics is a sink that sends metrics to a pipeline.
type Metrics struct {
	settings Settings
	limits   limits
	pipeline pipeline
	workers  []*worker
	running  workers
}

var _ sandbox.Sink = (*Metrics)(nil)

// NewMetrics returns a sink. Deliveries are accepted between Start and Shutdown;
// later ones are dropped.
func NewMetrics(settings Settings) *Metrics { return newMetrics(settings, defaultLimits) }

func newMetrics(settings Settings, limits limits) *Metrics {
	if settings.ReportError == nil {
		settings.ReportError = func(error) {}
	}
	m := &Metrics{settings: settings, limits: limits, running: workers{closing: make(chan struct{})}}
	m.pipeline = pipeline{logger: settings.Logger, report: settings.ReportError}
	for range limits.workers {
		m.workers = append(m.workers, newWorker(m))
	}
	return m
}

// Start starts the workers.
func (m *Metrics) Start() {
	ctx := m.running.start()
	for _, w := range m.workers {
		m.running.working.Go(func() { w.run(ctx) })
	}
}

// Lanes implements [sandbox.Sink].
func (m *Metrics) Lanes() int { return len(m.workers) }

// Deliver implements [sandbox.Sink].
func (m *Metrics) Deliver(ctx context.Context, lane int, deliveries []sandbox.Delivery) {
	if ctx.Err() == nil {
		select {
		case m.workers[lane].in <- deliveries:
			return
		case <-m.running.closing:
		case <-ctx.Done():
		}
	}
	for _, d := range deliveries {
		d.Reading.Free()
	}
}

// Shutdown sends what has been delivered and waits for it, but not longer than a
// second or until the context ends; then it cancels the calls of the pipeline. If
// one does not even return then, Shutdown returns an error when the context ends.
func (m *Metrics) Shutdown(ctx context.Context) error {
	return m.running.shutdown(ctx, m.limits.drain, "metrics")
}

// Package emit implements the sinks of the receiver: [Metrics] turns readings
// into batches of pdata and sends them to the next consumer. It knows neither
// runtimes nor how sandboxes are scheduled.
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
	"fmt"
	"sync"
	"sync/atomic"
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
	working  sync.WaitGroup
	// cancel ends calls of the pipeline; nil before Start and after Shutdown.
	cancel context.CancelFunc
	// closing is closed when no deliveries are accepted anymore.
	closing chan struct{}
	// abandoned means that Shutdown has returned although workers still run. They
	// must not call the pipeline anymore.
	abandoned atomic.Bool
}

var _ sandbox.Sink = (*Metrics)(nil)

// NewMetrics returns a sink. Deliveries are accepted between Start and Shutdown;
// later ones are dropped.
func NewMetrics(settings Settings) *Metrics { return newMetrics(settings, defaultLimits) }

func newMetrics(settings Settings, limits limits) *Metrics {
	if settings.ReportError == nil {
		settings.ReportError = func(error) {}
	}
	m := &Metrics{settings: settings, limits: limits, closing: make(chan struct{})}
	m.pipeline = pipeline{logger: settings.Logger, report: settings.ReportError}
	for range limits.workers {
		m.workers = append(m.workers, newWorker(m))
	}
	return m
}

// Start starts the workers.
func (m *Metrics) Start() {
	var ctx context.Context
	ctx, m.cancel = context.WithCancel(context.Background())
	for _, w := range m.workers {
		m.working.Go(func() { w.run(ctx) })
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
		case <-m.closing:
		case <-ctx.Done():
		}
	}
	for _, d := range deliveries {
		d.Reading.Free()
	}
}

// drainParts is the number of parts of the time until the deadline of Shutdown of
// which the last one is left for calls of the pipeline to return after they were
// canceled.
const drainParts = 10

// Shutdown sends what has been delivered and waits for it, but not longer than a
// second or until the context ends; then it cancels the calls of the pipeline. If
// one does not even return then, Shutdown returns an error when the context ends.
func (m *Metrics) Shutdown(ctx context.Context) error {
	if m.cancel == nil {
		return nil
	}
	limit := m.limits.drain
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		limit = min(limit, left-left/drainParts)
	}
	drain, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	// Ends calls of the pipeline that block.
	stop := context.AfterFunc(drain, m.cancel)
	defer stop()
	defer func() {
		m.cancel()
		m.cancel = nil
	}()
	close(m.closing)
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.working.Wait()
	}()
	select {
	case <-done:
		return ctx.Err()
	case <-ctx.Done():
	}
	select {
	case <-done:
		return ctx.Err()
	default:
		m.abandoned.Store(true)
		return fmt.Errorf("send remaining metrics: the pipeline does not return: %w", ctx.Err())
	}
}

package emit

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
)

// LogSettings are the settings of a [Logs] sink.
type LogSettings struct {
	Converter *pdataconv.Converter
	Next      consumer.Logs
	Obsreport *receiverhelper.ObsReport
	Logger    *zap.Logger
	// Enabled reports whether events with this name become records. If it is nil, all
	// do.
	Enabled func(lifecycle.Name) bool
	// OnDrop counts events that the sink has lost. unreported is the number of lost
	// events that a later event has to report.
	OnDrop func(reason string, events, unreported int)
	// ReportError reports that the pipeline refuses records, nil that it accepts
	// them again.
	ReportError func(err error)
}

const (
	// maxQueuedEvents is the number of events that wait for a pipeline that is slow or
	// blocks: twice what the limits of package lifecycle let pass at once.
	maxQueuedEvents = 10_240
	// maxBatchRecords is the maximum size of a batch of log records, and logBatchAge the
	// longest that a record waits for its batch to fill.
	maxBatchRecords = 1024
	logBatchAge     = 100 * time.Millisecond
)

// Logs is a sink that sends events to a pipeline as log records. It never waits for the
// pipeline: events that do not fit into its queue, and records that the pipeline
// refuses, are counted and lost.
type Logs struct {
	settings LogSettings
	queue    chan *lifecycle.Event
	running  workers

	// The rest belongs to the worker.

	batch *pdataconv.LogBatch
	// unreported is the number of events that nothing has reported if the batch is lost.
	unreported int
	refusing   bool
}

var _ lifecycle.Sink = (*Logs)(nil)

// NewLogs returns a sink. Events are accepted between Start and Shutdown.
func NewLogs(settings LogSettings) *Logs {
	if settings.Enabled == nil {
		settings.Enabled = func(lifecycle.Name) bool { return true }
	}
	if settings.OnDrop == nil {
		settings.OnDrop = func(string, int, int) {}
	}
	if settings.ReportError == nil {
		settings.ReportError = func(error) {}
	}
	return &Logs{
		settings: settings,
		queue:    make(chan *lifecycle.Event, maxQueuedEvents),
		running:  workers{closing: make(chan struct{})},
		batch:    settings.Converter.NewLogBatch(),
	}
}

// Start starts the worker.
func (l *Logs) Start() {
	ctx := l.running.start()
	l.running.working.Go(func() { l.run(ctx) })
}

// Record implements [lifecycle.Sink].
func (l *Logs) Record(e *lifecycle.Event) {
	if !l.settings.Enabled(e.Name) || e.Identity != nil && !l.settings.Converter.KeepsEvents(e.Identity) {
		return
	}
	select {
	case <-l.running.closing:
		return
	default:
	}
	select {
	case l.queue <- e:
	default:
		l.settings.OnDrop(lifecycle.QueueFull, 1, unreportedWithout(e))
	}
}

// unreportedWithout returns how many events nothing has reported if an event is lost:
// itself, or those that it reports.
func unreportedWithout(e *lifecycle.Event) int {
	if e.Name == lifecycle.EventsDropped {
		return e.Dropped
	}
	return 1
}

// Shutdown sends the queued events, in the way that [Metrics.Shutdown] sends metrics.
func (l *Logs) Shutdown(ctx context.Context) error {
	return l.running.shutdown(ctx, defaultLimits.drain, "log records")
}

// run works until the sink closes, and then sends what is left.
func (l *Logs) run(ctx context.Context) {
	age := time.NewTimer(logBatchAge)
	defer age.Stop()
	waiting := false
	for {
		select {
		case <-l.running.closing:
			l.close(ctx)
			return
		case e := <-l.queue:
			l.append(ctx, e)
		case <-age.C:
			waiting = false
			l.flush(ctx)
		}
		if !waiting && l.batch.Records() > 0 {
			waiting = true
			age.Reset(logBatchAge)
		}
	}
}

func (l *Logs) append(ctx context.Context, e *lifecycle.Event) {
	l.batch.Append(e)
	l.unreported += unreportedWithout(e)
	if l.batch.Records() >= maxBatchRecords {
		l.flush(ctx)
	}
}

// close sends what is left.
func (l *Logs) close(ctx context.Context) {
	for {
		select {
		case e := <-l.queue:
			l.append(ctx, e)
		default:
			l.flush(ctx)
			return
		}
	}
}

// flush sends the batch. A refused batch is not sent again: a part of a fan-out may
// have accepted it.
func (l *Logs) flush(ctx context.Context) {
	records := l.batch.Records()
	if records == 0 {
		return
	}
	logs, unreported := l.batch.Take(), l.unreported
	l.unreported = 0
	if l.running.abandoned.Load() {
		return
	}
	operation := l.settings.Obsreport.StartLogsOp(ctx)
	err := l.settings.Next.ConsumeLogs(operation, logs)
	l.settings.Obsreport.EndLogsOp(operation, format, records, err)
	if err != nil {
		l.settings.OnDrop(lifecycle.Refused, records, unreported)
	}
	if ctx.Err() == nil {
		l.recordPipeline(err)
	}
}

// recordPipeline records whether the pipeline accepted a batch.
func (l *Logs) recordPipeline(err error) {
	refused := err != nil
	if l.refusing == refused {
		return
	}
	l.refusing = refused
	if refused {
		l.settings.Logger.Warn("The pipeline refuses log records; they are lost until it accepts log records again", zap.Error(err),
			zap.Bool("permanent", consumererror.IsPermanent(err)))
	} else {
		l.settings.Logger.Info("The pipeline accepts log records again")
	}
	l.settings.ReportError(err)
}

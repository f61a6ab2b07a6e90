package collect

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// format is what the collector's own receiver metrics call the data.
const format = "sandbox"

// delivery is one reading on its way to a worker, which then owns it.
type delivery struct {
	// member is nil for readings about no single sandbox.
	member   *member
	identity *sandbox.Identity
	reading  *sandbox.Reading
	// end: the points say that their series have ended.
	end bool
	// attempts to hand it over, for ends.
	attempts int
}

// maxEnds is how many ends of sandboxes a worker keeps for another attempt
// while the pipeline refuses data, and maxAttempts how often it tries.
const (
	maxEnds     = 1024
	maxAttempts = 10
)

// worker turns readings into batches and hands these over. The batch belongs to
// the worker's goroutine alone.
type worker struct {
	collection *Collection
	in         chan delivery

	batch *pdataconv.Batch
	// members whose points are in the batch, and the ends in it.
	members []*member
	ends    []delivery
	// refused ends wait here for the next batch.
	refused []delivery
}

func newWorker(c *Collection) *worker {
	return &worker{collection: c, in: make(chan delivery), batch: c.settings.Converter.NewBatch()}
}

// deliver hands a reading to the worker. It blocks while the pipeline does.
func (w *worker) deliver(ctx context.Context, d delivery) {
	select {
	case w.in <- d:
	case <-ctx.Done():
		freeReading(d.reading)
	}
}

// run works until the channel is closed, and hands over what is left then.
func (w *worker) run(ctx context.Context) {
	age := time.NewTimer(w.collection.limits.batchAge)
	defer age.Stop()
	waiting := true
	for {
		select {
		case d, open := <-w.in:
			if !open {
				w.flush(ctx)
				return
			}
			w.append(ctx, d)
		case <-age.C:
			waiting = false
			w.flush(ctx)
		}
		if !waiting && (w.batch.Points() > 0 || len(w.refused) > 0) {
			waiting = true
			age.Reset(w.collection.limits.batchAge)
		}
	}
}

func (w *worker) append(ctx context.Context, d delivery) {
	if d.identity != nil && !w.collection.settings.Converter.Keeps(d.identity) {
		freeReading(d.reading)
		return
	}
	if w.batch.Points() > 0 && w.batch.Points()+len(d.reading.Points) > w.collection.limits.batchPoints {
		w.flush(ctx)
	}
	if d.end {
		w.batch.AppendEnd(d.identity, d.reading)
		w.ends = append(w.ends, d)
		return
	}
	w.batch.Append(d.identity, d.reading)
	if d.member != nil {
		w.members = append(w.members, d.member)
	}
	freeReading(d.reading)
}

// flush hands the batch over. A refused batch is not sent again: an exporter
// may have changed it, and part of a fan-out may have accepted it. Values are
// pulled afresh instead, and ends are written afresh.
func (w *worker) flush(ctx context.Context) {
	c := w.collection
	for _, d := range w.refused {
		w.batch.AppendEnd(d.identity, d.reading)
	}
	w.ends = append(w.ends, w.refused...)
	clear(w.refused)
	w.refused = w.refused[:0]
	points := w.batch.Points()
	if points == 0 {
		w.clear()
		return
	}
	metrics := w.batch.Take()
	c.telemetry.batch(points)
	operation := c.settings.Obsreport.StartMetricsOp(ctx)
	err := c.settings.Next.ConsumeMetrics(operation, metrics)
	c.settings.Obsreport.EndMetricsOp(operation, format, points, err)
	c.pipeline(err)
	if err != nil && !consumererror.IsPermanent(err) && ctx.Err() == nil {
		c.repull(w.members)
		w.keepEnds()
	}
	w.clear()
}

// keepEnds takes the ends of a refused batch aside for the next one.
func (w *worker) keepEnds() {
	now := time.Now()
	for _, d := range w.ends {
		d.attempts++
		if d.attempts == maxAttempts || len(w.refused) == maxEnds {
			freeReading(d.reading)
			continue
		}
		d.reading.Time = now
		w.refused = append(w.refused, d)
	}
	clear(w.ends)
	w.ends = w.ends[:0]
}

func (w *worker) clear() {
	for _, d := range w.ends {
		freeReading(d.reading)
	}
	clear(w.ends)
	clear(w.members)
	w.ends, w.members = w.ends[:0], w.members[:0]
}

// pipeline takes in whether the pipeline accepted a batch, for the component's
// status and, when that changes, the log.
func (c *Collection) pipeline(err error) {
	refusing := err != nil
	if changed := c.refusing.Swap(refusing) != refusing; !changed {
		return
	}
	if refusing {
		c.settings.Logger.Warn("The pipeline refuses metrics; their sandboxes are pulled again later",
			zap.Error(err))
		c.status.set(statusPipeline, err)
		return
	}
	c.settings.Logger.Info("The pipeline accepts metrics again")
	c.status.set(statusPipeline, nil)
}

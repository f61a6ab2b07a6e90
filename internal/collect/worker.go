package collect

import (
	"context"
	"slices"
	"sync"
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
	// end: the points say that their series have ended. since is when that was.
	end   bool
	since time.Time
}

// While the pipeline refuses data, a worker keeps ends of sandboxes for another
// attempt: so many points of them, for so long.
const (
	keptEndPoints = 1 << 16
	keptEndAge    = 5 * time.Minute
	// refusedPause is between two attempts, if nothing else is handed over.
	refusedPause = time.Second
)

// worker turns readings into batches and hands these over. The batch belongs to
// the worker's goroutine alone.
type worker struct {
	collection *Collection
	// number is its place among the workers.
	number int
	in     chan []delivery

	batch *pdataconv.Batch
	// members whose points are in the batch, and the ends in it.
	members []*member
	ends    []delivery
	// refused ends wait here for another batch, and have that many points.
	refused       []delivery
	refusedPoints int
	// refusing: the pipeline refused the last batch.
	refusing bool
}

func newWorker(c *Collection, number int) *worker {
	return &worker{collection: c, number: number, in: make(chan []delivery), batch: c.settings.Converter.NewBatch()}
}

// deliver hands readings to the worker. It blocks while the pipeline does.
func (w *worker) deliver(ctx context.Context, readings []delivery) {
	if ctx.Err() == nil {
		select {
		case w.in <- readings:
			return
		case <-ctx.Done():
		}
	}
	for _, d := range readings {
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
		case readings, open := <-w.in:
			if !open {
				w.retryEnds()
				w.flush(ctx)
				return
			}
			for _, d := range readings {
				w.append(ctx, d)
			}
		case <-age.C:
			waiting = false
			w.retryEnds()
			w.flush(ctx)
		}
		switch {
		case waiting:
		case w.batch.Points() > 0:
			waiting = true
			age.Reset(w.collection.limits.batchAge)
		case len(w.refused) > 0:
			waiting = true
			age.Reset(refusedPause)
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
		w.appendEnd(d)
		return
	}
	before := w.batch.Points()
	w.batch.Append(d.identity, d.reading)
	if d.member != nil && w.batch.Points() > before {
		w.members = append(w.members, d.member)
	}
	freeReading(d.reading)
}

// appendEnd adds an end, and remembers it in case the batch is refused. One that
// has no points in this naming is not remembered: nothing would ever forget it.
func (w *worker) appendEnd(d delivery) {
	before := w.batch.Points()
	w.batch.AppendEnd(d.identity, d.reading)
	if w.batch.Points() == before {
		freeReading(d.reading)
		return
	}
	w.ends = append(w.ends, d)
}

// retryEnds adds ends that were refused, as many as the batch has room for.
func (w *worker) retryEnds() {
	retried := 0
	for _, d := range w.refused {
		points := len(d.reading.Points)
		if w.batch.Points() > 0 && w.batch.Points()+points > w.collection.limits.batchPoints {
			break
		}
		w.refusedPoints -= points
		w.appendEnd(d)
		retried++
	}
	w.refused = slices.Delete(w.refused, 0, retried)
}

// flush hands the batch over. A refused batch is not sent again: an exporter
// may have changed it, and part of a fan-out may have accepted it. Values are
// pulled afresh instead, and ends are written afresh.
func (w *worker) flush(ctx context.Context) {
	c := w.collection
	points := w.batch.Points()
	if points == 0 {
		return
	}
	metrics := w.batch.Take()
	c.telemetry.batch(points)
	operation := c.settings.Obsreport.StartMetricsOp(ctx)
	err := c.settings.Next.ConsumeMetrics(operation, metrics)
	c.settings.Obsreport.EndMetricsOp(operation, format, points, err)
	if ctx.Err() == nil {
		first := c.outlet.took(c, w, err)
		if err != nil {
			for _, m := range w.members {
				m.lost.Store(true)
			}
		}
		if err != nil && !consumererror.IsPermanent(err) {
			if first {
				// While it goes on refusing, more pulls would only add to its
				// load.
				c.repull(w.members)
			}
			w.keepEnds()
		}
	}
	w.clear()
}

// keepEnds takes the ends of a refused batch aside for another one.
func (w *worker) keepEnds() {
	now := time.Now()
	for _, d := range w.ends {
		points := len(d.reading.Points)
		if d.since.IsZero() {
			d.since = now
		}
		if now.Sub(d.since) > keptEndAge || w.refusedPoints+points > keptEndPoints {
			w.collection.telemetry.droppedEnd(d.identity.Runtime, points)
			freeReading(d.reading)
			continue
		}
		d.reading.Time = now
		w.refusedPoints += points
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

// outlet is whether the pipeline takes what it is given.
type outlet struct {
	mu sync.Mutex
	// refusing counts the workers whose last batch was refused.
	refusing int
}

// took notes how the pipeline took a batch of a worker, for the component's
// status and, when that changes, the log. It tells whether this is the worker's
// first refusal after a success.
func (o *outlet) took(c *Collection, w *worker, err error) (first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	refused := err != nil
	if w.refusing == refused {
		return false
	}
	w.refusing = refused
	if refused {
		if o.refusing++; o.refusing == 1 {
			c.settings.Logger.Warn("The pipeline refuses metrics; they are lost", zap.Error(err),
				zap.Bool("permanent", consumererror.IsPermanent(err)))
			c.status.set(statusPipeline, err)
		}
		return true
	}
	if o.refusing--; o.refusing == 0 {
		c.settings.Logger.Info("The pipeline accepts metrics again")
		c.status.set(statusPipeline, nil)
	}
	return false
}

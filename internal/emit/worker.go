package emit

import (
	"context"
	"time"

	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// format is the data format in the Collector's standard receiver metrics.
const format = "sandbox"

// worker turns the deliveries of one lane into batches and sends them. All of it
// but the channel belongs to its goroutine.
type worker struct {
	sink *Metrics
	in   chan []sandbox.Delivery

	batch *pdataconv.Batch
	// sources are those of the deliveries in the batch, and ends the ends in it.
	sources []sandbox.Source
	ends    []end
	// refused ends wait for another batch.
	refused refusedEnds
	// refusing means that the pipeline refused the last batch.
	refusing bool
	// closing means that there is no later batch for which to keep ends.
	closing bool
}

func newWorker(sink *Metrics) *worker {
	return &worker{sink: sink, in: make(chan []sandbox.Delivery), batch: sink.settings.Converter.NewBatch()}
}

// run works until the sink closes, and then sends what is left.
func (w *worker) run(ctx context.Context) {
	age := time.NewTimer(w.sink.limits.batchAge)
	defer age.Stop()
	waiting := true
	for {
		select {
		case <-w.sink.running.closing:
			w.close(ctx)
			return
		case deliveries := <-w.in:
			for _, d := range deliveries {
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
			age.Reset(w.sink.limits.batchAge)
		case len(w.refused.ends) > 0:
			waiting = true
			age.Reset(retryInterval)
		}
	}
}

// append adds a delivery to the batch. One without points in this naming is
// dropped: a batch with only such deliveries would never be sent.
func (w *worker) append(ctx context.Context, d sandbox.Delivery) {
	if d.Identity != nil && !w.sink.settings.Converter.Keeps(d.Identity) {
		d.Reading.Free()
		return
	}
	if !w.hasRoom(len(d.Reading.Points)) {
		w.flush(ctx)
	}
	if d.End {
		w.appendEnd(end{Delivery: d})
		return
	}
	before := w.batch.Points()
	w.batch.Append(d.Identity, d.Reading)
	if d.Source != nil && w.batch.Points() > before {
		w.sources = append(w.sources, d.Source)
	}
	d.Reading.Free()
}

// hasRoom reports whether the batch has room for more points. An empty one has.
func (w *worker) hasRoom(points int) bool {
	return w.batch.Points() == 0 || w.batch.Points()+points <= w.sink.limits.batchPoints
}

// flush sends the batch. A refused batch is not sent again: an exporter may have
// changed it, and part of a fan-out may have accepted it. Instead, values are
// pulled again and ends are converted again.
func (w *worker) flush(ctx context.Context) {
	points := w.batch.Points()
	if points == 0 {
		return
	}
	s := &w.sink.settings
	metrics := w.batch.Take()
	if w.sink.running.abandoned.Load() {
		w.clear()
		return
	}
	s.Telemetry.Batch(points)
	operation := s.Obsreport.StartMetricsOp(ctx)
	err := s.Next.ConsumeMetrics(operation, metrics)
	first := ctx.Err() == nil && w.sink.pipeline.record(w, err)
	if err != nil {
		// Ends that are kept are counted with the batch that settles them.
		points -= w.handleRefusal(ctx, err, first)
	}
	s.Obsreport.EndMetricsOp(operation, format, points, err)
	w.clear()
}

// handleRefusal makes sources pull again after the batch was refused, and keeps
// its ends unless another batch would not help. first means that the pipeline
// accepted the last one. It returns the number of points that are kept.
func (w *worker) handleRefusal(ctx context.Context, err error, first bool) (kept int) {
	permanent := consumererror.IsPermanent(err)
	if ctx.Err() == nil {
		for _, source := range w.sources {
			// While the pipeline keeps refusing, more pulls would only add to its
			// load.
			source.Lost(first && !permanent)
		}
	}
	if permanent || w.closing || ctx.Err() != nil {
		w.dropEnds()
		return 0
	}
	return w.keepEnds()
}

// close sends what is left.
func (w *worker) close(ctx context.Context) {
	w.closing = true
	for w.retryEnds(); w.batch.Points() > 0; w.retryEnds() {
		w.flush(ctx)
	}
}

// clear forgets what was in the batch.
func (w *worker) clear() {
	for _, e := range w.ends {
		e.Reading.Free()
	}
	w.forgetEnds()
	clear(w.sources)
	w.sources = w.sources[:0]
}

package emit

import (
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

// While the pipeline refuses metrics, a worker keeps at most this many points of
// ends, for at most this long, and retries at this interval if nothing else is
// sent.
const (
	maxRefusedPoints = 1 << 16
	maxRefusedAge    = 5 * time.Minute
	retryInterval    = time.Second
)

// end is a delivery whose points end series.
type end struct {
	sandbox.Delivery
	// points is the number of points that it has in the batch.
	points int
	// refusedAt is when the pipeline refused it first.
	refusedAt time.Time
}

// refusedEnds are kept for another batch.
type refusedEnds struct {
	ends   []end
	points int
}

// appendEnd adds an end to the batch and remembers it in case the batch is
// refused.
func (w *worker) appendEnd(e end) {
	before := w.batch.Points()
	w.batch.AppendEnd(e.Identity, e.Reading)
	if w.batch.Points() == before {
		e.Reading.Free()
		return
	}
	e.points = w.batch.Points() - before
	w.ends = append(w.ends, e)
}

// retryEnds adds refused ends to the batch, as many as it has room for.
func (w *worker) retryEnds() {
	retried := 0
	for _, e := range w.refused.ends {
		points := len(e.Reading.Points)
		if !w.hasRoom(points) {
			break
		}
		w.refused.points -= points
		w.appendEnd(e)
		retried++
	}
	w.refused.ends = slices.Delete(w.refused.ends, 0, retried)
}

// keepEnds keeps the ends of a refused batch for another one, and drops those that
// were refused for too long or are too many. It returns the number of points in the
// batch that are kept.
func (w *worker) keepEnds() (kept int) {
	now := time.Now()
	for _, e := range w.ends {
		points := len(e.Reading.Points)
		if e.refusedAt.IsZero() {
			e.refusedAt = now
		}
		if now.Sub(e.refusedAt) > maxRefusedAge || w.refused.points+points > maxRefusedPoints {
			w.dropEnd(e)
			continue
		}
		e.Reading.Time = now
		kept += e.points
		w.refused.points += points
		w.refused.ends = append(w.refused.ends, e)
	}
	w.forgetEnds()
	return kept
}

// dropEnds drops the ends of a refused batch.
func (w *worker) dropEnds() {
	for _, e := range w.ends {
		w.dropEnd(e)
	}
	w.forgetEnds()
}

func (w *worker) dropEnd(e end) {
	w.sink.settings.Telemetry.DroppedPoints(e.Identity.Runtime, telemetry.EndRefused, e.points)
	e.Reading.Free()
}

func (w *worker) forgetEnds() {
	clear(w.ends)
	w.ends = w.ends[:0]
}

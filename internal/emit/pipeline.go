package emit

import (
	"sync"

	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.uber.org/zap"
)

// pipeline is the state of the pipeline as seen by all workers.
type pipeline struct {
	logger *zap.Logger
	report func(error)

	mu sync.Mutex
	// refusing is the number of workers whose last batch was refused.
	refusing int
}

// record records whether the pipeline accepted a worker's batch. It reports
// whether this is the worker's first refusal after a success.
func (p *pipeline) record(w *worker, err error) (first bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	refused := err != nil
	if w.refusing == refused {
		return false
	}
	w.refusing = refused
	if refused {
		if p.refusing++; p.refusing == 1 {
			p.logger.Warn("The pipeline refuses metrics; they are lost until it accepts metrics again", zap.Error(err),
				zap.Bool("permanent", consumererror.IsPermanent(err)))
			p.report(err)
		}
		return true
	}
	if p.refusing--; p.refusing == 0 {
		p.logger.Info("The pipeline accepts metrics again")
		p.report(nil)
	}
	return false
}

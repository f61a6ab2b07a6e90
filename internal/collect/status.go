package collect

import (
	"sync"

	"go.opentelemetry.io/collector/component/componentstatus"
)

// statusPipeline is the part of the status that the pipeline decides on; each
// runtime decides on a part named after it.
const statusPipeline = "pipeline"

// status tells the collector how the component is: well, or in trouble that
// may pass. A single sandbox in trouble is no trouble of the component.
type status struct {
	report func(*componentstatus.Event)

	mu       sync.Mutex
	troubles map[string]error
}

// set notes that a part is in trouble, or no longer.
func (s *status) set(part string, trouble error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.troubles == nil {
		s.troubles = map[string]error{}
	}
	before := len(s.troubles)
	if trouble != nil {
		s.troubles[part] = trouble
		s.report(componentstatus.NewRecoverableErrorEvent(trouble))
		return
	}
	delete(s.troubles, part)
	if before > 0 && len(s.troubles) == 0 {
		s.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

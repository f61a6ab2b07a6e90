package sandboxreceiver

import (
	"sync"

	"go.opentelemetry.io/collector/component/componentstatus"
)

// status reports the state of the component to the Collector: OK, or an error it
// may recover from. A failing sandbox is not an error of the component.
type status struct {
	report func(*componentstatus.Event)

	mu     sync.Mutex
	errors map[string]error
}

// set records the error of a part, which is a runtime or the pipeline, or nil if
// it has recovered.
func (s *status) set(part string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.errors == nil {
		s.errors = map[string]error{}
	}
	before := len(s.errors)
	if err != nil {
		s.errors[part] = err
		s.report(componentstatus.NewRecoverableErrorEvent(err))
		return
	}
	delete(s.errors, part)
	if before > 0 && len(s.errors) == 0 {
		s.report(componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

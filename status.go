package sandboxreceiver

import (
	"errors"
	"maps"
	"slices"
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
// it has recovered. The status contains the errors of all parts, so that one that
// recovers does not hide, or leave behind, that of another.
func (s *status) set(part string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, failing := s.errors[part]
	if failing == (err != nil) && (!failing || before.Error() == err.Error()) {
		return
	}
	if err == nil {
		delete(s.errors, part)
	} else {
		if s.errors == nil {
			s.errors = map[string]error{}
		}
		s.errors[part] = err
	}
	if len(s.errors) == 0 {
		s.report(componentstatus.NewEvent(componentstatus.StatusOK))
		return
	}
	var all []error
	for _, part := range slices.Sorted(maps.Keys(s.errors)) {
		all = append(all, s.errors[part])
	}
	s.report(componentstatus.NewRecoverableErrorEvent(errors.Join(all...)))
}

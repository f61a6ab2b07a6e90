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
	mu      sync.Mutex
	reports []*func(*componentstatus.Event)
	errors  map[string]error
}

// add adds a function that reports to the Collector. It is called at once if there are
// errors. remove removes it.
func (s *status) add(report func(*componentstatus.Event)) (remove func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, &report)
	if len(s.errors) > 0 {
		report(s.event())
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reports = slices.DeleteFunc(s.reports, func(other *func(*componentstatus.Event)) bool { return other == &report })
	}
}

// set records the error of a part, which is a runtime or a pipeline, or nil if
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
	for _, report := range s.reports {
		(*report)(s.event())
	}
}

// event returns the current status.
func (s *status) event() *componentstatus.Event {
	if len(s.errors) == 0 {
		return componentstatus.NewEvent(componentstatus.StatusOK)
	}
	var all []error
	for _, part := range slices.Sorted(maps.Keys(s.errors)) {
		all = append(all, s.errors[part])
	}
	return componentstatus.NewRecoverableErrorEvent(errors.Join(all...))
}

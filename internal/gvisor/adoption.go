package gvisor

import (
	"maps"
	"path/filepath"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reasons not to take a sandbox, besides those of package discovery.
const (
	// otherMetricServer: it was started with another --metric-server, or none.
	otherMetricServer = "other_metric_server"
	// unregistered: its state file has no registration to verify it against.
	unregistered = "unregistered"
)

// adoption decides which of the sandboxes that discovery finds are taken. It
// belongs to the goroutine of discovery.
type adoption struct {
	runtime  *Runtime
	observer sandbox.Observer
	// refused are sandboxes that are not taken, by reason.
	refused map[discovery.Key]string
	// passed is what discovery last said.
	passed map[discovery.Reason]int
}

func newAdoption(runtime *Runtime, observer sandbox.Observer) *adoption {
	return &adoption{runtime: runtime, observer: observer, refused: map[discovery.Key]string{}}
}

// Added implements [discovery.Observer].
func (a *adoption) Added(record *discovery.Sandbox) {
	reason := a.runtime.refuses(record)
	a.note(record.Key, reason)
	if reason != "" {
		return
	}
	s := a.runtime.newSandbox(record)
	a.runtime.mu.Lock()
	a.runtime.sandboxes[record.Key] = s
	a.runtime.mu.Unlock()
	a.observer.Added(s)
}

// Changed implements [discovery.Observer].
func (a *adoption) Changed(record *discovery.Sandbox) {
	if s := a.runtime.sandboxes[record.Key]; s != nil {
		s.record.Store(record)
		return
	}
	a.Added(record)
}

// Gone implements [discovery.Observer].
func (a *adoption) Gone(record *discovery.Sandbox) {
	a.note(record.Key, "")
	s := a.runtime.sandboxes[record.Key]
	if s == nil {
		return
	}
	s.gone.Store(true)
	a.runtime.mu.Lock()
	delete(a.runtime.sandboxes, record.Key)
	a.runtime.mu.Unlock()
	a.observer.Gone(s)
}

// Passed implements [discovery.Observer].
func (a *adoption) Passed(counts map[discovery.Reason]int) {
	a.passed = counts
	a.report()
}

// Trouble implements [discovery.Observer].
func (a *adoption) Trouble(err error) { a.observer.Trouble(sandbox.RuntimeGVisor, err) }

// note remembers why a sandbox is not taken, or that it is.
func (a *adoption) note(key discovery.Key, reason string) {
	if a.refused[key] == reason {
		return
	}
	if reason == "" {
		delete(a.refused, key)
	} else {
		a.refused[key] = reason
	}
	// Before its first report, discovery is not done with the first look.
	if a.passed != nil {
		a.report()
	}
}

func (a *adoption) report() {
	counts := make(map[string]int, len(a.passed)+2)
	for reason, n := range a.passed {
		counts[string(reason)] = n
	}
	for reason := range maps.Values(a.refused) {
		counts[reason]++
	}
	a.observer.Passed(sandbox.RuntimeGVisor, counts)
}

// refuses tells why a sandbox is not taken; empty if it is.
func (r *Runtime) refuses(record *discovery.Sandbox) string {
	switch {
	case r.settings.MetricServerAddress != "" && !r.isServed(record):
		return otherMetricServer
	case r.settings.Trust == sandbox.Registered && record.Registration == nil && record.RegistrationError == nil:
		return unregistered
	}
	return ""
}

// isServed tells whether a sandbox was started with the configured address.
// Both addresses may hold placeholders, for which the root stands as it is
// found here and as it was called where runsc ran.
func (r *Runtime) isServed(record *discovery.Sandbox) bool {
	if record.MetricServer == "" {
		return false
	}
	for _, root := range []string{record.Root, filepath.Dir(record.Socket)} {
		replacer := strings.NewReplacer("%RUNTIME_ROOT%", root, "%ID%", record.ID)
		if replacer.Replace(record.MetricServer) == replacer.Replace(r.settings.MetricServerAddress) {
			return true
		}
	}
	return false
}

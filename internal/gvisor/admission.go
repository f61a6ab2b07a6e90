package gvisor

import (
	"path/filepath"
	"strings"
	"weak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Reasons to skip a sandbox. They are reported like those of package discovery,
// for the path of the state file of the root container.
const (
	// otherMetricServer means that the sandbox was started with another
	// --metric-server than the configured one, or with none.
	otherMetricServer = "other_metric_server"
	// unregistered means that the state file contains no registration to verify
	// metrics against.
	unregistered = "unregistered"
)

// admission decides which of the discovered sandboxes are admitted and which are
// skipped because of the settings of the runtime. It must be used by the goroutine of
// discovery only.
type admission struct {
	runtime  *Runtime
	observer sandbox.Observer
	// skipped are the reasons of the skipped sandboxes by the path of the state file
	// of the root container.
	skipped map[string]string
	// waiting are sandboxes without a registration in their state file, until the
	// first scan is complete: only then it is known which metrics the host vouches
	// for. It is nil from then on.
	waiting map[*Sandbox]bool
	scanned bool
	naming  *naming
	// vouched are the registrations that the host vouches for.
	vouched map[weak.Pointer[registration.Registration]]bool
}

func newAdmission(runtime *Runtime, observer sandbox.Observer) *admission {
	return &admission{
		runtime: runtime, observer: observer, skipped: map[string]string{},
		naming:  newNaming(runtime.config.DockerContainersPath, runtime.logger),
		waiting: map[*Sandbox]bool{}, vouched: map[weak.Pointer[registration.Registration]]bool{},
	}
}

// Added implements [discovery.Observer].
func (a *admission) Added(record *discovery.Sandbox) {
	a.vouch(record.Registration)
	reason := a.runtime.skipReason(record)
	a.skip(record.Key, reason)
	if reason != "" {
		return
	}
	s := a.runtime.newSandbox(record)
	a.runtime.mu.Lock()
	a.runtime.sandboxes[record.Key] = s
	a.runtime.mu.Unlock()
	if a.naming.begin(s) {
		a.admit(s)
	}
}

// admit reports a sandbox, or makes it wait for the end of the first scan.
func (a *admission) admit(s *Sandbox) {
	if s.record.Load().Registration == nil && !a.scanned {
		a.waiting[s] = true
		return
	}
	a.observer.Added(s)
}

// Checked implements [discovery.Observer].
func (a *admission) Checked() {
	for _, s := range a.naming.retry(false) {
		a.admit(s)
	}
}

// maxVouched limits the memory of vouched. There is one registration per build
// and set of flags.
const maxVouched = 256

// vouch makes the metrics of a state file's registration known.
func (a *admission) vouch(r *registration.Registration) {
	if r == nil {
		return
	}
	pointer := weak.Make(r)
	if a.vouched[pointer] {
		return
	}
	if len(a.vouched) >= maxVouched {
		clear(a.vouched)
	}
	a.vouched[pointer] = true
	a.runtime.known.Vouch(r)
}

// Changed implements [discovery.Observer].
func (a *admission) Changed(record *discovery.Sandbox) {
	if s := a.runtime.sandboxes[record.Key]; s != nil {
		a.vouch(record.Registration)
		s.update(record)
		return
	}
	// The change may allow the sandbox to be admitted.
	a.Added(record)
}

// Gone implements [discovery.Observer].
func (a *admission) Gone(record *discovery.Sandbox) {
	a.skip(record.Key, "")
	s := a.runtime.sandboxes[record.Key]
	if s == nil {
		return
	}
	s.record.Store(record)
	s.gone.Store(true)
	a.runtime.mu.Lock()
	delete(a.runtime.sandboxes, record.Key)
	a.runtime.mu.Unlock()
	if a.waiting[s] || a.naming.forget(s) {
		// The observer has not been notified of it.
		delete(a.waiting, s)
		return
	}
	a.observer.Gone(s)
}

// Skipped implements [discovery.Observer]. If discovery no longer skips the state
// file of a sandbox that the settings skip, the reason of the settings applies again.
func (a *admission) Skipped(path string, reason discovery.Reason) {
	if reason == "" {
		a.observer.Skipped(path, a.skipped[path])
		return
	}
	a.observer.Skipped(path, string(reason))
}

// SkippedEntries implements [discovery.Observer].
func (a *admission) SkippedEntries(path string, reason discovery.Reason, count int) {
	a.observer.SkippedEntries(path, string(reason), count)
}

// DiscoveryError implements [discovery.Observer].
func (a *admission) DiscoveryError(err error) { a.observer.DiscoveryError(err) }

// Scanned implements [discovery.Observer].
func (a *admission) Scanned() {
	a.scanned = true
	for _, s := range a.naming.retry(true) {
		a.admit(s)
	}
	for s := range a.waiting {
		a.observer.Added(s)
	}
	a.waiting = nil
	a.observer.Scanned()
}

// skip records the reason why a sandbox is skipped, empty if it is not.
func (a *admission) skip(key discovery.Key, reason string) {
	path := key.StateFile()
	if a.skipped[path] == reason {
		return
	}
	if reason == "" {
		delete(a.skipped, path)
	} else {
		a.skipped[path] = reason
	}
	a.observer.Skipped(path, reason)
}

// skipReason returns the reason why the settings skip a sandbox, empty if they do
// not.
func (r *Runtime) skipReason(record *discovery.Sandbox) string {
	switch {
	case r.config.MetricServerAddress != "" && !r.hasMetricServer(record):
		return otherMetricServer
	case r.config.Trust == sandbox.Registered && record.Registration == nil && record.RegistrationError == nil:
		return unregistered
	}
	return ""
}

// hasMetricServer reports whether a sandbox was started with the configured
// --metric-server. Both addresses can contain placeholders. The placeholder for the
// root can stand for its path on this host or for its path where runsc ran.
func (r *Runtime) hasMetricServer(record *discovery.Sandbox) bool {
	if record.MetricServer == "" {
		return false
	}
	for _, root := range []string{record.Root, filepath.Dir(record.Socket)} {
		replacer := strings.NewReplacer("%RUNTIME_ROOT%", root, "%ID%", record.ID)
		if replacer.Replace(record.MetricServer) == replacer.Replace(r.config.MetricServerAddress) {
			return true
		}
	}
	return false
}

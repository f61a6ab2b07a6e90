package gvisor

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func mountedElsewhere(s *discovery.Sandbox) { s.Root = "/host/run/runsc" }

func withRegistration(s *discovery.Sandbox) { s.Registration = &registration.Registration{} }

func withInvalidRegistration(s *discovery.Sandbox) { s.RegistrationError = errors.New("x") }

var refusalTests = map[string]struct {
	address  string
	trust    sandbox.Trust
	recorded string
	change   func(*discovery.Sandbox)
	want     string
}{
	"default settings":               {"", sandbox.FirstUse, "", nil, ""},
	"any address":                    {"", sandbox.FirstUse, "/run/other.sock", nil, ""},
	"same address":                   {"localhost:1337", sandbox.FirstUse, "localhost:1337", nil, ""},
	"other address":                  {"localhost:1337", sandbox.FirstUse, "localhost:1338", nil, otherMetricServer},
	"no address":                     {"localhost:1337", sandbox.FirstUse, "", nil, otherMetricServer},
	"placeholder in the state file":  {"/run/runsc/m.sock", sandbox.FirstUse, "%RUNTIME_ROOT%/m.sock", nil, ""},
	"placeholder in the settings":    {"%RUNTIME_ROOT%/m.sock", sandbox.FirstUse, "/run/runsc/m.sock", nil, ""},
	"placeholder in both":            {"%RUNTIME_ROOT%/m.sock", sandbox.FirstUse, "%RUNTIME_ROOT%/m.sock", nil, ""},
	"placeholder for the sandbox ID": {"/run/%ID%.sock", sandbox.FirstUse, "/run/busy2.sock", nil, ""},
	"other root":                     {"/run/other/m.sock", sandbox.FirstUse, "%RUNTIME_ROOT%/m.sock", nil, otherMetricServer},
	"root mounted elsewhere":         {"/run/runsc/m.sock", sandbox.FirstUse, "%RUNTIME_ROOT%/m.sock", mountedElsewhere, ""},
	"no registration":                {"", sandbox.Registered, "", nil, unregistered},
	"registration":                   {"", sandbox.Registered, "", withRegistration, ""},
	"invalid registration":           {"", sandbox.Registered, "", withInvalidRegistration, ""},
	"no address and no registration": {"localhost:1337", sandbox.Registered, "", nil, otherMetricServer},
}

func TestRefusalReason(t *testing.T) {
	for name, test := range refusalTests {
		t.Run(name, func(t *testing.T) {
			settings := testSettings("/run/runsc")
			settings.MetricServerAddress, settings.Trust = test.address, test.trust
			r := record()
			r.MetricServer = test.recorded
			if test.change != nil {
				test.change(r)
			}
			assert.Equal(t, test.want, newRuntime(t, settings).refusalReason(r))
		})
	}
}

// newRegisteredAdmission returns the admission of a runtime that refuses sandboxes
// without a registration.
func newRegisteredAdmission(t *testing.T) (*admission, *recorder) {
	t.Helper()
	settings := testSettings("/run/runsc")
	settings.Trust = sandbox.Registered
	observer := newRecorder(t)
	return newAdmission(newRuntime(t, settings), observer), observer
}

func TestAdmissionReportsSkippedPaths(t *testing.T) {
	a, observer := newRegisteredAdmission(t)
	a.Skipped("/run/runsc/a.state", discovery.Foreign)
	a.Skipped("/run/runsc/b.state", discovery.Foreign)
	a.Added(record())
	assert.Nil(t, observer.counts, "nothing must be reported before the end of the first scan")
	a.Scanned()
	first := observer.counts
	assert.Equal(t, map[string]int{"foreign": 2, "unregistered": 1}, first)

	a.Skipped("/run/runsc/a.state", discovery.Malformed)
	assert.Equal(t, map[string]int{"foreign": 2, "unregistered": 1}, first, "reported counts must not change")
	assert.Equal(t, map[string]int{"foreign": 1, "malformed": 1, "unregistered": 1}, observer.counts)
	a.Skipped("/run/runsc/a.state", "")
	a.Skipped("/run/runsc/b.state", "")
	assert.Equal(t, map[string]int{"unregistered": 1}, observer.counts)
	a.Changed(record())
	assert.Equal(t, map[string]int{"unregistered": 1}, observer.counts)
	a.Gone(record())
	assert.Empty(t, observer.counts)
	assert.Empty(t, a.refused)
	assert.Empty(t, a.skipped)
	assert.Empty(t, observer.news)
}

func TestAdmissionReportsEmptyScan(t *testing.T) {
	a, observer := newRegisteredAdmission(t)
	a.Scanned()
	assert.Equal(t, map[string]int{}, observer.counts)
}

// TestAdmissionOfBusyFile covers a state file for which both discovery and the
// settings have a reason.
func TestAdmissionOfBusyFile(t *testing.T) {
	const path = "/run/runsc/busy2_sandbox:busy2.state"
	a, observer := newRegisteredAdmission(t)
	a.Added(record())
	a.Scanned()
	assert.Equal(t, map[string]string{path: unregistered}, a.skipped)
	a.Skipped(path, discovery.Busy)
	assert.Equal(t, map[string]int{"busy": 1}, observer.counts, "a path must have one reason only")
	a.Changed(record())
	a.Skipped(path, "")
	assert.Equal(t, map[string]int{"unregistered": 1}, observer.counts)

	a.Skipped(path, discovery.Busy)
	a.Gone(record())
	a.Skipped(path, "")
	assert.Empty(t, observer.counts)
}

func TestAdmissionOfChangedSandbox(t *testing.T) {
	a, observer := newRegisteredAdmission(t)
	a.Scanned()
	a.Added(record())
	assert.Empty(t, observer.news)
	assert.Equal(t, map[string]int{"unregistered": 1}, observer.counts)

	registered := record()
	registered.Registration = &registration.Registration{}
	a.Changed(registered)
	assert.Equal(t, []string{"added busy2"}, observer.news)
	assert.Empty(t, observer.counts)
	s := observer.find("busy2")
	exited := *registered
	exited.Exited = true
	a.Changed(&exited)
	assert.Equal(t, sandbox.Stopped, s.State())
	a.Gone(&exited)
	assert.Equal(t, []string{"added busy2", "gone busy2"}, observer.news)
	assert.Empty(t, a.runtime.sandboxes)
}

func TestAdmissionReportsDiscoveryErrors(t *testing.T) {
	a, observer := newRegisteredAdmission(t)
	a.DiscoveryError(errors.New("x"))
	require.EqualError(t, observer.trouble, "x")
	a.DiscoveryError(nil)
	assert.NoError(t, observer.trouble)
}

func TestSettingsAreChecked(t *testing.T) {
	_, err := New(Settings{Trust: "blind", MetricFilter: "(", CapabilityFilter: "[", MaxResponseSize: -1}, zap.NewNop())
	for _, key := range []string{"trust", "metric_filter", "capability_filter", "max_response_size"} {
		require.ErrorContains(t, err, key+": ", "New must report all errors at once")
	}
	runtime, err := New(Settings{Trust: sandbox.Registered, MaxResponseSize: 1}, zap.NewNop())
	require.NoError(t, err)
	assert.Equal(t, DefaultRoots(), runtime.settings.Roots)
	assert.Equal(t, "/proc", runtime.processes.Root)
	assert.Equal(t, "gvisor", runtime.Name())
}

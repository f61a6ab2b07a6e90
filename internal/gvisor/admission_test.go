package gvisor

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func mountedElsewhere(s *discovery.Sandbox) { s.Root = "/host/run/runsc" }

func withRegistration(s *discovery.Sandbox) { s.Registration = &registration.Registration{} }

func withInvalidRegistration(s *discovery.Sandbox) { s.RegistrationError = errors.New("x") }

var skipTests = map[string]struct {
	// address and trust are configured.
	address string
	trust   sandbox.Trust
	// recorded is the address in the state file.
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
	for name, test := range skipTests {
		t.Run(name, func(t *testing.T) {
			config := testConfig("/run/runsc")
			config.MetricServerAddress, config.Trust = test.address, test.trust
			r := record()
			r.MetricServer = test.recorded
			if test.change != nil {
				test.change(r)
			}
			assert.Equal(t, test.want, newRuntime(t, config).skipReason(r))
		})
	}
}

// newRegisteredAdmission returns the admission of a runtime that skips sandboxes
// without a registration.
func newRegisteredAdmission(t *testing.T) (*admission, *recorder) {
	t.Helper()
	config := testConfig("/run/runsc")
	config.Trust = sandbox.Registered
	observer := newRecorder(t)
	return newAdmission(newRuntime(t, config), observer), observer
}

func TestAdmissionReportsSkippedPaths(t *testing.T) {
	a, observer := newRegisteredAdmission(t)
	a.Skipped("/run/runsc/a.state", discovery.Foreign)
	a.Skipped("/run/runsc/b.state", discovery.Foreign)
	a.SkippedEntries("/run/runsc", discovery.Leftover, 7)
	assert.Equal(t, map[string]int{"leftover": 7}, observer.entries)
	a.Added(record())
	a.Scanned()
	assert.True(t, observer.scanned)
	want := map[string]string{"a.state": "foreign", "b.state": "foreign", "busy2_sandbox:busy2.state": unregistered}
	assert.Equal(t, want, observer.skipped)

	a.Skipped("/run/runsc/a.state", discovery.Malformed)
	want["a.state"] = "malformed"
	assert.Equal(t, want, observer.skipped)
	a.Skipped("/run/runsc/a.state", "")
	a.Skipped("/run/runsc/b.state", "")
	a.Changed(record())
	assert.Equal(t, map[string]string{"busy2_sandbox:busy2.state": unregistered}, observer.skipped)
	a.Gone(record())
	assert.Empty(t, observer.skipped)
	assert.Empty(t, a.skipped)
	assert.Empty(t, observer.events)
}

// TestAdmissionOfBusyFile covers a state file for which both discovery and the
// configuration have a reason.
func TestAdmissionOfBusyFile(t *testing.T) {
	const name = "busy2_sandbox:busy2.state"
	const path = "/run/runsc/" + name
	a, observer := newRegisteredAdmission(t)
	a.Added(record())
	assert.Equal(t, map[string]string{name: unregistered}, observer.skipped)
	a.Skipped(path, discovery.Busy)
	assert.Equal(t, map[string]string{name: "busy"}, observer.skipped)
	a.Changed(record())
	a.Skipped(path, "")
	assert.Equal(t, map[string]string{name: unregistered}, observer.skipped)

	a.Skipped(path, discovery.Busy)
	a.Gone(record())
	a.Skipped(path, "")
	assert.Empty(t, observer.skipped)
}

func TestAdmissionOfChangedSandbox(t *testing.T) {
	a, observer := newRegisteredAdmission(t)
	a.Scanned()
	a.Added(record())
	assert.Empty(t, observer.events)
	assert.Equal(t, map[string]string{"busy2_sandbox:busy2.state": unregistered}, observer.skipped)

	registered := record()
	registered.Registration = &registration.Registration{}
	a.Changed(registered)
	assert.Equal(t, []string{"added busy2"}, observer.events)
	assert.Empty(t, observer.skipped)
	s := observer.find("busy2")
	exited := *registered
	exited.Exited = true
	a.Changed(&exited)
	assert.Equal(t, sandbox.Stopped, s.Status().State)
	a.Gone(&exited)
	assert.Equal(t, []string{"added busy2", "gone busy2"}, observer.events)
	assert.Empty(t, a.runtime.sandboxes)
}

func TestAdmissionReportsDiscoveryErrors(t *testing.T) {
	a, observer := newRegisteredAdmission(t)
	a.DiscoveryError(errors.New("x"))
	require.EqualError(t, observer.err, "x")
	a.DiscoveryError(nil)
	assert.NoError(t, observer.err)
}

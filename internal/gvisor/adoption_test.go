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

func TestAdoption(t *testing.T) {
	for name, test := range map[string]struct {
		address  string
		trust    sandbox.Trust
		recorded string
		change   func(*discovery.Sandbox)
		want     string
	}{
		"everything by default":   {"", sandbox.FirstUse, "", nil, ""},
		"any address":             {"", sandbox.FirstUse, "/run/other.sock", nil, ""},
		"the same address":        {"localhost:1337", sandbox.FirstUse, "localhost:1337", nil, ""},
		"another address":         {"localhost:1337", sandbox.FirstUse, "localhost:1338", nil, otherMetricServer},
		"no address":              {"localhost:1337", sandbox.FirstUse, "", nil, otherMetricServer},
		"placeholder there":       {"/run/runsc/m.sock", sandbox.FirstUse, "%RUNTIME_ROOT%/m.sock", nil, ""},
		"placeholder here":        {"%RUNTIME_ROOT%/m.sock", sandbox.FirstUse, "/run/runsc/m.sock", nil, ""},
		"placeholder on both":     {"%RUNTIME_ROOT%/m.sock", sandbox.FirstUse, "%RUNTIME_ROOT%/m.sock", nil, ""},
		"placeholder of the id":   {"/run/%ID%.sock", sandbox.FirstUse, "/run/busy2.sock", nil, ""},
		"another root":            {"/run/other/m.sock", sandbox.FirstUse, "%RUNTIME_ROOT%/m.sock", nil, otherMetricServer},
		"root mounted elsewhere":  {"/run/runsc/m.sock", sandbox.FirstUse, "%RUNTIME_ROOT%/m.sock", func(s *discovery.Sandbox) { s.Root = "/host/run/runsc" }, ""},
		"no registration":         {"", sandbox.Registered, "", nil, unregistered},
		"registration":            {"", sandbox.Registered, "", func(s *discovery.Sandbox) { s.Registration = &registration.Registration{} }, ""},
		"invalid registration":    {"", sandbox.Registered, "", func(s *discovery.Sandbox) { s.RegistrationError = errors.New("x") }, ""},
		"neither address nor one": {"localhost:1337", sandbox.Registered, "", nil, otherMetricServer},
	} {
		t.Run(name, func(t *testing.T) {
			settings := testSettings("/run/runsc")
			settings.MetricServerAddress, settings.Trust = test.address, test.trust
			r := record()
			r.MetricServer = test.recorded
			if test.change != nil {
				test.change(r)
			}
			assert.Equal(t, test.want, newRuntime(t, settings).refuses(r))
		})
	}
}

func TestAdoptionReports(t *testing.T) {
	settings := testSettings("/run/runsc")
	settings.Trust = sandbox.Registered
	runtime, observer := newRuntime(t, settings), newRecorder(t)
	a := newAdoption(runtime, observer)

	a.Added(record())
	assert.Nil(t, observer.counts, "nothing is counted before all was looked at")
	a.Passed(map[discovery.Reason]int{discovery.Busy: 2})
	assert.Equal(t, map[string]int{"busy": 2, "unregistered": 1}, observer.counts)
	a.Changed(record())
	assert.Equal(t, map[string]int{"busy": 2, "unregistered": 1}, observer.counts)
	assert.Empty(t, observer.news)
	a.Gone(record())
	assert.Equal(t, map[string]int{"busy": 2}, observer.counts)
	assert.Empty(t, observer.news)

	// It may turn out that it can be taken.
	a.Added(record())
	good := record()
	good.Registration = &registration.Registration{}
	a.Changed(good)
	assert.Equal(t, []string{"added busy2"}, observer.news)
	assert.Equal(t, map[string]int{"busy": 2}, observer.counts)
	s := observer.find("busy2")
	exited := *good
	exited.Exited = true
	a.Changed(&exited)
	assert.Equal(t, sandbox.Stopped, s.State())
	a.Gone(&exited)
	assert.Equal(t, []string{"added busy2", "gone busy2"}, observer.news)
	assert.Empty(t, runtime.sandboxes)

	a.Trouble(errors.New("x"))
	require.EqualError(t, observer.trouble, "x")
	a.Trouble(nil)
	assert.NoError(t, observer.trouble)
}

func TestSettingsAreChecked(t *testing.T) {
	_, err := New(Settings{Trust: "blind", MetricFilter: "(", CapabilityFilter: "[", MaxResponseSize: -1}, zap.NewNop())
	for _, key := range []string{"trust", "metric_filter", "capability_filter", "max_response_size"} {
		require.ErrorContains(t, err, key+": ", "all that is wrong is told at once")
	}
	runtime, err := New(Settings{Trust: sandbox.Registered, MaxResponseSize: 1}, zap.NewNop())
	require.NoError(t, err)
	assert.Equal(t, DefaultRoots(), runtime.settings.Roots)
	assert.Equal(t, "/proc", runtime.processes.Root)
	assert.Equal(t, "gvisor", runtime.Name())
}

package gvisor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

// dockerID is the ID of a container.
var dockerID = strings.Repeat("4d63", 16)

// writeDockerConfig writes the configuration of a container named web below path.
func writeDockerConfig(tb testing.TB, path string) {
	tb.Helper()
	directory := filepath.Join(path, dockerID)
	require.NoError(tb, os.MkdirAll(directory, 0o700))
	require.NoError(tb, os.WriteFile(filepath.Join(directory, "config.v2.json"), []byte(`{"Name":"/web"}`), 0o600))
}

// dockerRecord returns the record of a sandbox that Docker created.
func dockerRecord() *discovery.Sandbox {
	r := record()
	r.ID, r.Containers, r.Manager = dockerID, []discovery.Container{{ID: dockerID}}, kubepod.Docker
	r.Registration = &registration.Registration{}
	return r
}

// newDockerAdmission returns the admission of a runtime that reads names below path.
func newDockerAdmission(t *testing.T, path string) (*admission, *recorder, *observer.ObservedLogs) {
	t.Helper()
	config := testConfig("/run/runsc")
	config.DockerContainersPath = path
	runtime := newRuntime(t, config)
	core, logs := observer.New(zap.DebugLevel)
	runtime.logger = zap.New(core)
	r := newRecorder(t)
	return newAdmission(runtime, r), r, logs
}

func TestNamesOfDockerContainers(t *testing.T) {
	path := t.TempDir()
	writeDockerConfig(t, path)
	for name, test := range map[string]struct {
		path   string
		change func(*discovery.Sandbox)
		want   string
	}{
		"Docker":             {path, func(*discovery.Sandbox) {}, "web"},
		"no path":            {"", func(*discovery.Sandbox) {}, ""},
		"another manager":    {path, func(s *discovery.Sandbox) { s.Manager = kubepod.Containerd }, ""},
		"unknown manager":    {path, func(s *discovery.Sandbox) { s.Manager = kubepod.Unknown }, ""},
		"several containers": {path, func(s *discovery.Sandbox) { s.Containers = append(s.Containers, discovery.Container{ID: "x"}) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, r, logs := newDockerAdmission(t, test.path)
			a.Scanned()
			s := dockerRecord()
			test.change(s)
			a.Added(s)
			assert.Equal(t, test.want, r.find(dockerID).identity.Container.NameInRuntime, "the sandbox is reported immediately")
			assert.Zero(t, logs.Len())
		})
	}
}

func TestNameThatAppearsLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := t.TempDir()
		a, r, logs := newDockerAdmission(t, path)
		a.Scanned()
		a.Added(dockerRecord())
		a.Checked()
		assert.Empty(t, r.events)
		writeDockerConfig(t, path)
		time.Sleep(namingInterval - 1)
		a.Checked()
		assert.Empty(t, r.events, "attempts must be apart")
		time.Sleep(time.Nanosecond)
		a.Checked()
		assert.Equal(t, []string{"added " + dockerID}, r.events)
		assert.Equal(t, "web", r.find(dockerID).identity.Container.NameInRuntime)
		a.Checked()
		a.Gone(dockerRecord())
		assert.Equal(t, []string{"added " + dockerID, "gone " + dockerID}, r.events)
		assert.Zero(t, logs.Len())
	})
}

func TestNameThatNeverAppears(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, r, logs := newDockerAdmission(t, t.TempDir())
		a.Scanned()
		for range 2 {
			a.Added(dockerRecord())
			for time.Sleep(namingInterval); len(a.naming.unnamed) > 0; time.Sleep(namingInterval) {
				assert.Empty(t, r.present)
				a.Checked()
			}
			assert.Empty(t, r.find(dockerID).identity.Container.NameInRuntime)
			a.Gone(dockerRecord())
		}
		assert.Equal(t, 1, logs.FilterMessageSnippet("Failed to read the name of a Docker container").Len(), "the warning is logged once")

		a.Added(dockerRecord())
		exited := dockerRecord()
		exited.Exited = true
		a.Changed(exited)
		a.Gone(exited)
		assert.Len(t, r.events, 4, "a sandbox that ends while it waits is not reported")
		assert.Empty(t, a.naming.unnamed)
		assert.Empty(t, a.runtime.sandboxes)
	})
}

// The end of the first scan is reported after all sandboxes that it found.
func TestScannedDoesNotWaitForNames(t *testing.T) {
	a, r, _ := newDockerAdmission(t, t.TempDir())
	unregistered := dockerRecord()
	unregistered.Registration = nil
	a.Added(unregistered)
	assert.Empty(t, r.events)
	a.Scanned()
	assert.Equal(t, []string{"added " + dockerID}, r.events)
	assert.Empty(t, a.naming.unnamed)
}

package discovery

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

const testRoot = "/run/runsc"

// testTime is the creation time of the first instance of a sandbox.
var testTime = time.Date(2026, 11, 20, 9, 40, 14, 0, time.UTC)

func key(id string) Key { return Key{Root: testRoot, ID: id} }

// rootContainer returns the state of a root container.
func rootContainer(id string, created time.Time, pid int) containerState {
	return containerState{
		container: Container{ID: id},
		spec:      Spec{OCIVersion: "1.0.2"},
		written:   created,
		sandbox:   &Sandbox{Key: key(id), Created: created, Started: created, Status: statefile.Running, PID: pid},
	}
}

// appContainer returns the state of another container than the root container.
func appContainer(id string) containerState {
	return containerState{container: Container{ID: id, Name: "name-" + id}, spec: Spec{OCIVersion: "1.0.2"}}
}

func newTestSet(t *testing.T) (*set, *recorder, *fakeProcesses) {
	t.Helper()
	observer := newRecorder(t)
	processes := newFakeProcesses()
	return newSet(observer, processes.liveness()), observer, processes
}

func TestKeyStateFile(t *testing.T) {
	assert.Equal(t, "/run/runsc/web_sandbox:web.state", key("web").StateFile())
}

func TestSetGroupsContainers(t *testing.T) {
	s, observer, _ := newTestSet(t)
	s.put(key("pod"), appContainer("app"))
	assert.Empty(t, observer.take(), "without its root container, there is no sandbox")
	assert.True(t, s.lacksRootContainer(key("pod"), "app"))
	assert.False(t, s.lacksRootContainer(key("pod"), "box"))
	assert.False(t, s.lacksRootContainer(key("web"), "web"))
	s.put(key("pod"), rootContainer("pod", testTime, 0))
	assert.Equal(t, []string{"added pod exited +app"}, observer.take())
	assert.False(t, s.lacksRootContainer(key("pod"), "app"))
	s.put(key("pod"), appContainer("box"))
	s.put(key("pod"), appContainer("app"))
	s.remove(key("pod"), "box")
	assert.Equal(t, []string{"changed pod exited +app +box", "changed pod exited +app +box", "changed pod exited +app"}, observer.take())
	s.remove(key("pod"), "pod")
	assert.True(t, s.lacksRootContainer(key("pod"), "app"))
	s.remove(key("pod"), "app")
	s.remove(key("pod"), "app")
	assert.Equal(t, []string{"gone pod exited +app"}, observer.take())
	assert.Empty(t, s.groups)
}

func TestSetDistinguishesInstances(t *testing.T) {
	s, observer, processes := newTestSet(t)
	processes.start(7, 100)
	processes.start(8, 200)
	s.put(key("web"), rootContainer("web", testTime, 7))
	s.put(key("web"), rootContainer("web", testTime.In(time.FixedZone("", 3600)), 7))
	s.put(key("web"), rootContainer("web", testTime.Add(1), 8))
	other := rootContainer("web", testTime, 8)
	other.sandbox.Root = "/other"
	s.put(Key{Root: "/other", ID: "web"}, other)
	assert.Equal(t, []string{"added web", "changed web", "gone web", "added web", "added web"}, observer.take())
	assert.Equal(t, map[int]int{8: 2}, s.liveness.watchers, "the process of the first instance must no longer be watched")
	assert.Equal(t, []int{7}, processes.forgotten)
}

func TestSetCombinesSpecs(t *testing.T) {
	s, observer, _ := newTestSet(t)
	root := rootContainer("pod", testTime, 0)
	root.capabilities = 1 << 3
	s.put(key("pod"), root)
	assert.Equal(t, Spec{OCIVersion: "1.0.2"}, observer.present[key("pod")].Spec)

	app := appContainer("app")
	app.spec.RunsAsRoot, app.spec.NVProxy = true, true
	app.capabilities = 1<<3 | 1<<5
	s.put(key("pod"), app)
	got := observer.present[key("pod")]
	assert.Equal(t, Spec{RunsAsRoot: true, NVProxy: true, OCIVersion: "1.0.2"}, got.Spec)
	assert.Equal(t, statefile.Capabilities(1<<3|1<<5), got.Capabilities)
	assert.Equal(t, []Container{{ID: "app", Name: "name-app"}, {ID: "pod"}}, got.Containers)

	box := appContainer("box")
	box.spec.TPUProxy, box.spec.OCIVersion = true, "1.2.0"
	s.put(key("pod"), box)
	assert.Equal(t, Spec{RunsAsRoot: true, NVProxy: true, TPUProxy: true, OCIVersion: InconsistentVersion},
		observer.present[key("pod")].Spec)
	s.remove(key("pod"), "box")
	s.remove(key("pod"), "app")
	got = observer.present[key("pod")]
	assert.Equal(t, Spec{OCIVersion: "1.0.2"}, got.Spec, "the spec must not contain values of removed containers")
	assert.Equal(t, statefile.Capabilities(1<<3), got.Capabilities)
}

func TestSetExits(t *testing.T) {
	s, observer, processes := newTestSet(t)
	for pid := 1; pid <= 3; pid++ {
		processes.start(pid, 100)
	}
	s.put(key("a"), rootContainer("a", testTime, 1))
	s.put(key("b"), rootContainer("b", testTime, 2))
	observer.take()

	s.handleExit(host.Exit{PID: 99})
	assert.Empty(t, observer.take())
	s.handleExit(host.Exit{PID: 1})
	assert.Empty(t, observer.take(), "the process still exists, so the report must concern an earlier process")
	processes.end(1)
	s.handleExit(host.Exit{PID: 1})
	s.handleExit(host.Exit{PID: 1})
	assert.Equal(t, []string{"changed a exited"}, observer.take())

	s.put(key("a"), rootContainer("a", testTime, 1))
	assert.Equal(t, []string{"changed a exited"}, observer.take(), "an exit must not be reset")
	s.put(key("a"), rootContainer("a", testTime, 3))
	assert.Equal(t, []string{"changed a"}, observer.take(), "another process in the state file must be tracked")

	stopped := rootContainer("b", testTime, 0)
	stopped.sandbox.Status = statefile.Stopped
	s.put(key("b"), stopped)
	assert.Equal(t, []string{"changed b stopped exited"}, observer.take())
}

func TestSetUnseenProcesses(t *testing.T) {
	s, observer, processes := newTestSet(t)
	processes.hidden = map[int]bool{1: true}
	s.put(key("a"), rootContainer("a", testTime, 1))
	assert.Equal(t, []string{"added a unseen"}, observer.take())
	assert.True(t, s.hasUnseenProcess())
	s.put(key("a"), rootContainer("a", testTime, 1))
	assert.Equal(t, []string{"changed a unseen"}, observer.take())
	stopped := rootContainer("a", testTime, 1)
	stopped.sandbox.Status = statefile.Stopped
	s.put(key("a"), stopped)
	assert.False(t, s.hasUnseenProcess(), "a stopped sandbox is not expected to have a process")
	processes.hidden = nil
	s.handleExit(host.Exit{PID: 1})
	assert.Equal(t, []string{"changed a stopped unseen", "changed a stopped exited"}, observer.take())
	s.remove(key("a"), "a")
	assert.False(t, s.hasUnseenProcess())
}

// TestSetPollsProcesses covers hosts without pidfds.
func TestSetPollsProcesses(t *testing.T) {
	s, observer, processes := newTestSet(t)
	s.liveness.exits = nil
	processes.start(1, 100)
	processes.start(2, 100)
	s.put(key("a"), rootContainer("a", testTime, 1))
	s.put(key("b"), rootContainer("b", testTime, 2))
	observer.take()
	s.pollProcesses()
	assert.Empty(t, observer.take())
	processes.end(1)
	processes.start(2, 300) // another process
	s.pollProcesses()
	assert.ElementsMatch(t, []string{"changed a exited", "changed b exited"}, observer.take())
	s.pollProcesses()
	assert.Empty(t, observer.take())
}

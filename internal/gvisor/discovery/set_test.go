package discovery

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
)

const testRoot = "/run/runsc"

var firstLife = time.Date(2026, 11, 20, 9, 40, 14, 0, time.UTC)

func key(id string) Key { return Key{Root: testRoot, ID: id} }

// rootFacts are those of a root container.
func rootFacts(id string, created time.Time, pid int) facts {
	return facts{
		container: Container{ID: id},
		spec:      Spec{OCIVersion: "1.0.2"},
		written:   created,
		sandbox:   &Sandbox{Key: key(id), Created: created, Started: created, Status: statefile.Running, PID: pid},
	}
}

func containerFacts(id string) facts {
	return facts{container: Container{ID: id, Name: "name-" + id}, spec: Spec{OCIVersion: "1.0.2"}}
}

func newTestSet(t *testing.T) (*set, *recorder, *fakeProcesses) {
	t.Helper()
	observer := newRecorder(t)
	processes := newFakeProcesses()
	return newSet(observer, processes.liveness()), observer, processes
}

func TestSetGroupsContainers(t *testing.T) {
	s, observer, _ := newTestSet(t)
	s.put(key("pod"), containerFacts("app"))
	assert.Empty(t, observer.take(), "there is no sandbox without its root container")
	assert.Equal(t, 1, s.orphans())
	s.put(key("pod"), rootFacts("pod", firstLife, 0))
	assert.Equal(t, []string{"added pod exited +app"}, observer.take())
	assert.Zero(t, s.orphans())
	s.put(key("pod"), containerFacts("box"))
	s.put(key("pod"), containerFacts("app"))
	s.drop(key("pod"), "box")
	assert.Equal(t, []string{"changed pod exited +app +box", "changed pod exited +app +box", "changed pod exited +app"}, observer.take())
	s.drop(key("pod"), "pod")
	s.drop(key("pod"), "app")
	s.drop(key("pod"), "app")
	assert.Equal(t, []string{"gone pod exited +app"}, observer.take())
	assert.Empty(t, s.groups)
}

func TestSetTellsLivesApart(t *testing.T) {
	s, observer, processes := newTestSet(t)
	processes.start(7, 100)
	processes.start(8, 200)
	s.put(key("web"), rootFacts("web", firstLife, 7))
	s.put(key("web"), rootFacts("web", firstLife.In(time.FixedZone("", 3600)), 7))
	s.put(key("web"), rootFacts("web", firstLife.Add(1), 8))
	other := rootFacts("web", firstLife, 8)
	other.sandbox.Root = "/other"
	s.put(Key{Root: "/other", ID: "web"}, other)
	assert.Equal(t, []string{"added web", "changed web", "gone web", "added web", "added web"}, observer.take())
	assert.Equal(t, map[int]int{8: 2}, s.liveness.watchers, "the process of the first life is no longer watched")
	assert.Equal(t, []int{7}, processes.forgotten)
}

func TestSetSumsUpSpecs(t *testing.T) {
	s, observer, _ := newTestSet(t)
	root := rootFacts("pod", firstLife, 0)
	root.capabilities = 1 << 3
	s.put(key("pod"), root)
	assert.Equal(t, Spec{OCIVersion: "1.0.2"}, observer.present[key("pod")].Spec)

	app := containerFacts("app")
	app.spec.RunsAsRoot, app.spec.NVProxy = true, true
	app.capabilities = 1<<3 | 1<<5
	s.put(key("pod"), app)
	got := observer.present[key("pod")]
	assert.Equal(t, Spec{RunsAsRoot: true, NVProxy: true, OCIVersion: "1.0.2"}, got.Spec)
	assert.Equal(t, statefile.Capabilities(1<<3|1<<5), got.Capabilities)
	assert.Equal(t, []Container{{"app", "name-app"}, {"pod", ""}}, got.Containers)

	box := containerFacts("box")
	box.spec.TPUProxy, box.spec.OCIVersion = true, "1.2.0"
	s.put(key("pod"), box)
	assert.Equal(t, Spec{RunsAsRoot: true, NVProxy: true, TPUProxy: true, OCIVersion: InconsistentVersion}, observer.present[key("pod")].Spec)
	s.drop(key("pod"), "box")
	s.drop(key("pod"), "app")
	got = observer.present[key("pod")]
	assert.Equal(t, Spec{OCIVersion: "1.0.2"}, got.Spec, "what was published before was not changed")
	assert.Equal(t, statefile.Capabilities(1<<3), got.Capabilities)
}

func TestSetExits(t *testing.T) {
	s, observer, processes := newTestSet(t)
	for pid := 1; pid <= 3; pid++ {
		processes.start(pid, 100)
	}
	s.put(key("a"), rootFacts("a", firstLife, 1))
	s.put(key("b"), rootFacts("b", firstLife, 2))
	observer.take()

	s.exited(99)
	assert.Empty(t, observer.take())
	s.exited(1)
	assert.Empty(t, observer.take(), "a process with this id and start is there: the report is about an earlier one")
	processes.end(1)
	s.exited(1)
	s.exited(1)
	assert.Equal(t, []string{"changed a exited"}, observer.take())

	s.put(key("a"), rootFacts("a", firstLife, 1))
	assert.Equal(t, []string{"changed a exited"}, observer.take(), "it stays exited")
	s.put(key("a"), rootFacts("a", firstLife, 3))
	assert.Equal(t, []string{"changed a"}, observer.take(), "unless the file names another process")

	running, without := s.claims()
	assert.Equal(t, []int{2, 0}, []int{running, without})
	stopped := rootFacts("b", firstLife, 0)
	stopped.sandbox.Status = statefile.Stopped
	s.put(key("b"), stopped)
	assert.Equal(t, []string{"changed b stopped exited"}, observer.take())
	running, without = s.claims()
	assert.Equal(t, []int{1, 0}, []int{running, without}, "a stopped sandbox claims nothing")
}

// TestSetRecheck: where no exits are reported, they are looked for.
func TestSetRecheck(t *testing.T) {
	s, observer, processes := newTestSet(t)
	s.liveness.exits = nil
	processes.start(1, 100)
	processes.start(2, 100)
	s.put(key("a"), rootFacts("a", firstLife, 1))
	s.put(key("b"), rootFacts("b", firstLife, 2))
	observer.take()
	s.recheck()
	assert.Empty(t, observer.take())
	processes.end(1)
	processes.start(2, 300) // another process
	s.recheck()
	assert.ElementsMatch(t, []string{"changed a exited", "changed b exited"}, observer.take())
	s.recheck()
	assert.Empty(t, observer.take())
}

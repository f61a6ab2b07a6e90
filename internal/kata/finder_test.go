package kata

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/cri"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var shop = sandbox.Pod{Name: "web-0", Namespace: "shop", UID: podUID}

func upstreamLabels(id string, pod sandbox.Pod) []sandbox.Attribute {
	return []sandbox.Attribute{
		{Key: "sandbox_id", Value: id},
		{Key: "cri_uid", Value: pod.UID},
		{Key: "cri_name", Value: pod.Name},
		{Key: "cri_namespace", Value: pod.Namespace},
	}
}

func checkIdentity(t *testing.T, s *Sandbox, place, id string, pod sandbox.Pod) {
	t.Helper()
	got := s.Identity()
	if got.Runtime != "kata" || got.Root != place || got.ID != id || got.Pod != pod ||
		got.Iteration == "" || got.Created.IsZero() || got.Trust != "" || got.Container != (sandbox.Container{}) {
		t.Errorf("identity %+v", got)
	}
	if !slices.Equal(got.UpstreamLabels, upstreamLabels(id, pod)) {
		t.Errorf("peer labels %+v", got.UpstreamLabels)
	}
}

func TestGoSandbox(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	s.wait(time.Second)
	s.expect(t, "nothing is there")

	write(t, filepath.Join(p.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	s.wait(time.Minute)
	s.expect(t, "no socket yet")
	bind(t, p.golang, "web-0")
	s.wait(time.Minute)
	s.expect(t, "its socket is there", "+web-0")
	one := s.recorder.last(t)
	checkIdentity(t, one, p.golang, "web-0", shop)
	if one.Status().State != sandbox.Running || one.MinInterval() != minShimInterval {
		t.Errorf("state %s, pace %v", one.Status().State, one.MinInterval())
	}

	if err := os.RemoveAll(filepath.Join(p.golang, "web-0")); err != nil {
		t.Fatal(err)
	}
	s.wait(time.Minute)
	s.expect(t, "it is gone", "-web-0")
}

// An event makes a new directory be looked at again and again until it has a
// socket, without waiting for a scan.
func TestDirectoryBeforeSocket(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	s.blind = false
	s.wait(time.Second)
	write(t, filepath.Join(p.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	s.changed(filepath.Join(p.golang, "web-0"), s.now)
	s.wait(time.Second)
	s.expect(t, "no socket yet")
	bind(t, p.golang, "web-0")
	s.wait(s.runtime.pace.soon)
	s.expect(t, "its socket is there", "+web-0")
	if s.inventory.HasPending() {
		t.Error("still looking")
	}

	// What never becomes a sandbox is given up.
	write(t, filepath.Join(p.golang, "leftover", "persist.json"), "")
	s.changed(filepath.Join(p.golang, "leftover"), s.now)
	if !s.inventory.HasPending() {
		t.Error("not looking")
	}
	s.wait(s.runtime.pace.settle + time.Second)
	if s.inventory.HasPending() {
		t.Error("still looking")
	}
	// Nor is anything else looked at.
	write(t, filepath.Join(p.golang, "file"), "")
	s.changed(filepath.Join(p.golang, "file"), s.now)
	s.changed(filepath.Join(p.golang, "none"), s.now)
	s.changed("/elsewhere/web-0", s.now)
	if s.inventory.HasPending() {
		t.Error("looking at what is no directory")
	}
}

// A sandbox is not reported before its identity, if that comes in time.
func TestIdentityIsWaitedFor(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	whole := persistFile("web-0", "qemu", "web-0")
	write(t, filepath.Join(p.golang, "web-0", "persist.json"), whole[:len(whole)/2])
	bind(t, p.golang, "web-0")
	bind(t, p.rust, "db-0")
	s.wait(4 * time.Second)
	s.expect(t, "half-written, and not yet written")

	write(t, filepath.Join(p.golang, "web-0", "persist.json"), whole)
	write(t, filepath.Join(p.rust, "db-0", "state.json"), stateFile("db-0", "dragonball"))
	s.wait(time.Second)
	s.expect(t, "both are whole", "+web-0", "+db-0")
	for _, one := range s.recorder.sandboxes() {
		if one.Identity().ID == "web-0" {
			checkIdentity(t, one, p.golang, "web-0", shop)
		} else {
			checkIdentity(t, one, p.rust, "db-0", sandbox.Pod{UID: podUID})
		}
	}
}

// If it does not come in time, the sandbox is reported without, for good.
func TestIdentityIsGivenUp(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	write(t, filepath.Join(p.golang, "web-0", "persist.json"), "{")
	bind(t, p.golang, "web-0")
	bind(t, p.rust, "db-0")
	s.wait(s.runtime.pace.identity + time.Second)
	s.expect(t, "waited long enough", "+web-0", "+db-0")
	states := func() map[string]sandbox.State {
		all := map[string]sandbox.State{}
		for _, one := range s.recorder.sandboxes() {
			all[one.Identity().ID] = one.Status().State
		}
		return all
	}
	want := map[string]sandbox.State{"web-0": sandbox.Running, "db-0": sandbox.Booting}
	if got := states(); !maps.Equal(got, want) {
		t.Errorf("states %v, want %v", got, want)
	}

	write(t, filepath.Join(p.golang, "web-0", "persist.json"), persistFile("web-0", "clh", "web-0"))
	write(t, filepath.Join(p.rust, "db-0", "state.json"), stateFile("db-0", "qemu"))
	s.wait(time.Minute)
	s.expect(t, "nothing comes or goes")
	want["db-0"] = sandbox.Skipped
	if got := states(); !maps.Equal(got, want) {
		t.Errorf("states %v, want %v", got, want)
	}
	for _, one := range s.recorder.sandboxes() {
		checkIdentity(t, one, one.Identity().Root, one.Identity().ID, sandbox.Pod{})
		if hypervisor := one.facts.Load().state.Hypervisor; hypervisor == "" {
			t.Errorf("%s: the hypervisor is not known", one.Identity().ID)
		}
	}
	if len(s.undecided) > 0 {
		t.Errorf("still looking at %v", s.undecided)
	}
}

// Jailed Firecracker and rootless sandboxes never get a state file.
func TestNoStateForever(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	socket := bind(t, p.rust, "db-0")
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(socket, before, before); err != nil {
		t.Fatal(err)
	}
	bind(t, p.golang, "web-0")
	s.wait(time.Second)
	s.expect(t, "the Go runtime would have written its file by now", "+web-0")
	s.wait(s.runtime.pace.identity)
	s.expect(t, "runtime-rs has had its time", "+db-0")
	if state := s.recorder.last(t).Status().State; state != sandbox.Skipped {
		t.Errorf("state %s", state)
	}
}

func TestStates(t *testing.T) {
	for hypervisor, want := range map[string]sandbox.State{
		"dragonball": sandbox.Running, "clh": sandbox.Running, "qemu": sandbox.Skipped,
		"firecracker": sandbox.Skipped, "new": sandbox.Skipped,
	} {
		p := newPlaces(t)
		s := newSteps(t, settings(p))
		bind(t, p.rust, "db-0")
		write(t, filepath.Join(p.rust, "db-0", "state.json"), stateFile("db-0", hypervisor))
		s.wait(time.Second)
		one := s.recorder.last(t)
		if got := one.Status().State; got != want {
			t.Errorf("%s: %s, want %s", hypervisor, got, want)
		}
		if pace := one.MinInterval(); (pace == minShimInterval) != (want == sandbox.Running) {
			t.Errorf("%s: pace %v", hypervisor, pace)
		}
	}
}

func TestNewLife(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	live := func(hypervisor string, at time.Time) {
		t.Helper()
		if err := os.RemoveAll(filepath.Join(p.rust, "db-0")); err != nil {
			t.Fatal(err)
		}
		socket := bind(t, p.rust, "db-0")
		if err := os.Chtimes(socket, at, at); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(p.rust, "db-0", "state.json"), stateFile("db-0", hypervisor))
	}
	// A second ago, as files get the time of the last tick of the kernel's clock,
	// and a state file older than its socket does not count.
	live("dragonball", time.Now().Add(-time.Second))
	s.wait(time.Second)
	s.expect(t, "one life", "+db-0")
	live("qemu", time.Now().Add(-time.Minute))
	s.wait(time.Minute)
	s.expect(t, "another life", "-db-0", "+db-0")
	all := s.recorder.sandboxes()
	if all[0].Identity().Iteration == all[1].Identity().Iteration {
		t.Error("both have the same iteration")
	}
	if all[0].Status().State != sandbox.Running || all[1].Status().State != sandbox.Skipped {
		t.Errorf("states %s, %s", all[0].Status().State, all[1].Status().State)
	}
}

func TestLostBeforeReported(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	bind(t, p.rust, "db-0")
	s.wait(time.Second)
	if err := os.RemoveAll(filepath.Join(p.rust, "db-0")); err != nil {
		t.Fatal(err)
	}
	s.wait(time.Minute)
	s.expect(t, "nobody was told")
	if len(s.candidates) > 0 {
		t.Errorf("still waiting for %v", s.candidates)
	}
}

func TestSkippedPathsAndErrors(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	bind(t, p.rust, "db-0")
	write(t, filepath.Join(p.rust, "db-0", "state.json"), stateFile("db-0", "clh"))
	write(t, filepath.Join(p.rust, "firecracker", "db-1", "root", "state.json"), stateFile("db-1", "firecracker"))
	write(t, filepath.Join(p.rust, podUID, "file"), "")
	write(t, filepath.Join(p.golang, "leftover", "persist.json"), "")
	s.wait(time.Second)
	s.expect(t, "one", "+db-0")
	want := map[string]string{"firecracker": "jailer", podUID: "template", "leftover": "no_socket"}
	if !maps.Equal(s.recorder.skipped, want) {
		t.Errorf("skipped %v, want %v", s.recorder.skipped, want)
	}
	if s.recorder.err != nil {
		t.Error(s.recorder.err)
	}

	// A storage path that is not a directory is an error. One that does not exist
	// means that the runtime never ran on this host.
	if err := os.RemoveAll(p.golang); err != nil {
		t.Fatal(err)
	}
	s.wait(time.Minute)
	if s.recorder.err != nil {
		t.Error(s.recorder.err)
	}
	delete(want, "leftover")
	if !maps.Equal(s.recorder.skipped, want) {
		t.Errorf("skipped %v, want %v", s.recorder.skipped, want)
	}
	write(t, p.golang, "not a directory")
	s.wait(time.Minute)
	if s.recorder.err == nil {
		t.Error("no error with a file as storage path")
	}
	if err := os.Remove(p.golang); err != nil {
		t.Fatal(err)
	}
	bind(t, p.golang, "web-0")
	s.wait(time.Minute)
	s.expect(t, "the path is back", "+web-0")
	if s.recorder.err != nil {
		t.Error(s.recorder.err)
	}
}

// withCRI makes a finder with a container runtime that nobody runs: the test
// answers.
func withCRI(t *testing.T, p places) *steps {
	t.Helper()
	with := settings(p)
	with.CRIEndpoint = filepath.Join(p.golang, "cri.sock")
	return newSteps(t, with)
}

func TestContainerRuntimesWordCounts(t *testing.T) {
	p := newPlaces(t)
	s := withCRI(t, p)
	write(t, filepath.Join(p.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, p.golang, "web-0")
	s.wait(time.Second)
	s.expect(t, "the container runtime has not answered")
	other := sandbox.Pod{Name: "other", Namespace: "ns", UID: "u"}
	s.found(cri.Result{ID: "web-0", Pod: other}, s.now)
	s.expect(t, "it has", "+web-0")
	checkIdentity(t, s.recorder.last(t), p.golang, "web-0", other)
}

func TestContainerRuntimeIsNotWaitedForLong(t *testing.T) {
	p := newPlaces(t)
	s := withCRI(t, p)
	write(t, filepath.Join(p.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, p.golang, "web-0")
	s.wait(s.runtime.pace.identity + time.Second)
	s.expect(t, "the file has to do", "+web-0")
	one := s.recorder.last(t)
	checkIdentity(t, one, p.golang, "web-0", shop)

	s.found(cri.Result{ID: "web-0", Pod: sandbox.Pod{Name: "late"}}, s.now)
	s.wait(time.Minute)
	s.expect(t, "too late")
	checkIdentity(t, one, p.golang, "web-0", shop)
}

// The answer of the container runtime does not make the state file less needed.
func TestBothAreWaitedFor(t *testing.T) {
	p := newPlaces(t)
	s := withCRI(t, p)
	bind(t, p.rust, "db-0")
	s.wait(time.Second)
	s.found(cri.Result{ID: "db-0", Pod: shop}, s.now)
	s.found(cri.Result{ID: "stranger", Pod: shop}, s.now)
	s.expect(t, "no state file")
	write(t, filepath.Join(p.rust, "db-0", "state.json"), stateFile("db-0", "clh"))
	s.wait(time.Second)
	s.expect(t, "both", "+db-0")
	checkIdentity(t, s.recorder.last(t), p.rust, "db-0", shop)
}

// A storage path can be replaced by one with the same inode, which only its
// watch notices.
func TestStoragePathIsReplaced(t *testing.T) {
	p := newPlaces(t)
	s := newSteps(t, settings(p))
	s.blind = false
	s.wait(time.Second)
	write(t, filepath.Join(p.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, p.golang, "web-0")
	s.wait(2 * time.Second)
	s.expect(t, "nobody told of it")
	s.changed(p.golang, s.now)
	s.expect(t, "the path itself has changed", "+web-0")
}

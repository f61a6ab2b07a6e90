package kata

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// shopPod is the pod that the state files of web-0 name.
var shopPod = sandbox.Pod{Name: "web-0", Namespace: "shop", UID: podUID}

func upstreamLabels(id string, pod sandbox.Pod) []sandbox.Attribute {
	return []sandbox.Attribute{
		{Key: "sandbox_id", Value: id},
		{Key: "cri_uid", Value: pod.UID},
		{Key: "cri_name", Value: pod.Name},
		{Key: "cri_namespace", Value: pod.Namespace},
	}
}

func checkIdentity(t *testing.T, s *Sandbox, storagePath, id string, pod sandbox.Pod) {
	t.Helper()
	got := s.Identity()
	if got.Runtime != "kata" || got.Root != storagePath || got.ID != id || got.Pod != pod ||
		got.Iteration == "" || got.Created.IsZero() || got.Trust != "" || got.Container != (sandbox.Container{}) {
		t.Errorf("got identity %+v", got)
	}
	if want := upstreamLabels(id, pod); !slices.Equal(got.UpstreamLabels, want) {
		t.Errorf("got upstream labels %+v, want %+v", got.UpstreamLabels, want)
	}
}

// A sandbox is reported after its state file is complete, if that happens in time.
func TestStateFileIsCompletedInTime(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	complete := persistFile("web-0", "qemu", "web-0")
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), complete[:len(complete)/2])
	bind(t, paths.golang, "web-0")
	bind(t, paths.rust, "db-0")
	f.advance(4 * time.Second)
	f.expect(t, "one state file is incomplete, the other is missing")

	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), complete)
	write(t, filepath.Join(paths.rust, "db-0", "state.json"), stateFile("db-0", "dragonball"))
	f.advance(time.Second)
	f.expect(t, "both state files are complete", "+web-0", "+db-0")
	for _, s := range f.recorder.sandboxes() {
		if s.Identity().ID == "web-0" {
			checkIdentity(t, s, paths.golang, "web-0", shopPod)
		} else {
			checkIdentity(t, s, paths.rust, "db-0", sandbox.Pod{UID: podUID})
		}
	}
}

// If the state file is not complete in time, the sandbox is reported without its
// pod, permanently. Its state still changes when the file is complete.
func TestStateFileIsCompletedLate(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), "{")
	bind(t, paths.golang, "web-0")
	bind(t, paths.rust, "db-0")
	f.advance(f.runtime.pace.identity + time.Second)
	f.expect(t, "the time limit has passed", "+web-0", "+db-0")
	want := map[string]sandbox.State{"web-0": sandbox.Running, "db-0": sandbox.Booting}
	if got := statesOf(f.recorder); !maps.Equal(got, want) {
		t.Errorf("got states %v, want %v", got, want)
	}

	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "clh", "web-0"))
	write(t, filepath.Join(paths.rust, "db-0", "state.json"), stateFile("db-0", "qemu"))
	f.advance(time.Minute)
	f.expect(t, "state files are complete")
	want["db-0"] = sandbox.Skipped
	if got := statesOf(f.recorder); !maps.Equal(got, want) {
		t.Errorf("got states %v with complete state files, want %v", got, want)
	}
	for _, s := range f.recorder.sandboxes() {
		checkIdentity(t, s, s.Identity().Root, s.Identity().ID, sandbox.Pod{})
		if s.facts.Load().state.Hypervisor == "" {
			t.Errorf("%s: the hypervisor is unknown", s.Identity().ID)
		}
	}
	if len(f.undecided) > 0 {
		t.Errorf("state files are still checked: %v", f.undecided)
	}
}

// statesOf returns the states of all sandboxes that were added, by ID.
func statesOf(r *recorder) map[string]sandbox.State {
	states := map[string]sandbox.State{}
	for _, s := range r.sandboxes() {
		states[s.Identity().ID] = s.Status().State
	}
	return states
}

// Rootless sandboxes, and those with Firecracker in its jailer, never have a state
// file.
func TestNoStateFile(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	setModTime(t, bind(t, paths.rust, "db-0"), -time.Hour)
	bind(t, paths.golang, "web-0")
	f.advance(time.Second)
	f.expect(t, "the Go runtime writes its state file before the socket", "+web-0")
	f.advance(f.runtime.pace.identity)
	f.expect(t, "the time limit for runtime-rs has passed", "+db-0")
	if state := f.recorder.last(t).Status().State; state != sandbox.Skipped {
		t.Errorf("got state %s, want %s", state, sandbox.Skipped)
	}
}

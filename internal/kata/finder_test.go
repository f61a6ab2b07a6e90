package kata

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestSandboxAppearsAndVanishes(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	f.advance(time.Second)
	f.expect(t, "empty storage path")

	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	f.advance(time.Minute)
	f.expect(t, "no socket")
	bind(t, paths.golang, "web-0")
	f.advance(time.Minute)
	f.expect(t, "socket appears", "+web-0")
	s := f.recorder.last(t)
	checkIdentity(t, s, paths.golang, "web-0", shopPod)
	if s.Status().State != sandbox.Running || s.MinInterval() != minShimInterval {
		t.Errorf("got state %s, minimum interval %v", s.Status().State, s.MinInterval())
	}

	remove(t, filepath.Join(paths.golang, "web-0"))
	f.advance(time.Minute)
	f.expect(t, "directory vanishes", "-web-0")
}

// A directory for which an event has arrived is checked repeatedly until it
// contains a socket, without waiting for a scan.
func TestDirectoryBeforeSocket(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	f.blind = false
	f.advance(time.Second)
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	f.changed(filepath.Join(paths.golang, "web-0"), f.now)
	f.advance(time.Second)
	f.expect(t, "no socket")
	bind(t, paths.golang, "web-0")
	f.advance(f.runtime.pace.soon)
	f.expect(t, "socket appears", "+web-0")
	if f.inventory.HasPending() {
		t.Error("a directory is pending after its socket was found")
	}
}

// A directory that does not become a sandbox is pending for a limited time.
func TestPendingDirectoryExpires(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	f.blind = false
	f.advance(time.Second)
	write(t, filepath.Join(paths.golang, "leftover", "persist.json"), "")
	f.changed(filepath.Join(paths.golang, "leftover"), f.now)
	if !f.inventory.HasPending() {
		t.Error("a new directory is not pending")
	}
	f.advance(f.runtime.pace.settle + time.Second)
	if f.inventory.HasPending() {
		t.Error("an old directory is still pending")
	}
}

func TestOtherPathsAreNotPending(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	f.blind = false
	f.advance(time.Second)
	write(t, filepath.Join(paths.golang, "file"), "")
	f.changed(filepath.Join(paths.golang, "file"), f.now)
	f.changed(filepath.Join(paths.golang, "none"), f.now)
	f.changed("/elsewhere/web-0", f.now)
	if f.inventory.HasPending() {
		t.Error("a path that is not a directory in a storage path is pending")
	}
}

func TestStates(t *testing.T) {
	for hypervisor, want := range map[string]sandbox.State{
		"dragonball": sandbox.Running, "clh": sandbox.Running, "qemu": sandbox.Skipped,
		"firecracker": sandbox.Skipped, "new": sandbox.Skipped,
	} {
		t.Run(hypervisor, func(t *testing.T) {
			paths := newStoragePaths(t)
			f := newTestFinder(t, newConfig(paths))
			bind(t, paths.rust, "db-0")
			write(t, filepath.Join(paths.rust, "db-0", "state.json"), stateFile("db-0", hypervisor))
			f.advance(time.Second)
			s := f.recorder.last(t)
			if got := s.Status().State; got != want {
				t.Errorf("got state %s, want %s", got, want)
			}
			if interval := s.MinInterval(); (interval == minShimInterval) != (want == sandbox.Running) {
				t.Errorf("got minimum interval %v in state %s", interval, want)
			}
		})
	}
}

func TestNewInstance(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	create := func(hypervisor string, age time.Duration) {
		t.Helper()
		remove(t, filepath.Join(paths.rust, "db-0"))
		setModTime(t, bind(t, paths.rust, "db-0"), -age)
		write(t, filepath.Join(paths.rust, "db-0", "state.json"), stateFile("db-0", hypervisor))
	}
	// The kernel's clock for files lags behind time.Now, and a state file that is
	// older than the socket is ignored, so the socket is made a second old.
	create("dragonball", time.Second)
	f.advance(time.Second)
	f.expect(t, "first instance", "+db-0")
	create("qemu", time.Minute)
	f.advance(time.Minute)
	f.expect(t, "second instance", "-db-0", "+db-0")
	all := f.recorder.sandboxes()
	if all[0].Identity().Iteration == all[1].Identity().Iteration {
		t.Error("both instances have the same iteration")
	}
	if first, second := all[0].Status().State, all[1].Status().State; first != sandbox.Running || second != sandbox.Skipped {
		t.Errorf("got states %s, %s; want %s, %s", first, second, sandbox.Running, sandbox.Skipped)
	}
}

// A sandbox that vanishes before its identity is known is never reported.
func TestCandidateVanishes(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	bind(t, paths.rust, "db-0")
	f.advance(time.Second)
	remove(t, filepath.Join(paths.rust, "db-0"))
	f.advance(time.Minute)
	f.expect(t, "directory vanishes")
	if len(f.candidates) > 0 {
		t.Errorf("candidates remain: %v", f.candidates)
	}
}

// A storage path that does not exist means that the runtime never ran on this
// host. One that is not a directory is an error.
func TestDiscoveryErrors(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	f.advance(time.Second)
	if f.recorder.err != nil {
		t.Errorf("empty storage paths: %v", f.recorder.err)
	}

	remove(t, paths.golang)
	f.advance(time.Minute)
	if f.recorder.err != nil {
		t.Errorf("missing storage path: %v", f.recorder.err)
	}
	write(t, paths.golang, "not a directory")
	f.advance(time.Minute)
	if f.recorder.err == nil {
		t.Error("got no error for a file as storage path")
	}

	remove(t, paths.golang)
	bind(t, paths.golang, "web-0")
	f.advance(time.Minute)
	f.expect(t, "storage path appears", "+web-0")
	if f.recorder.err != nil {
		t.Errorf("directory as storage path: %v", f.recorder.err)
	}
}

// A storage path can be replaced by another directory with the same inode, which
// only inotify detects.
func TestStoragePathIsReplaced(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	f.blind = false
	f.advance(time.Second)
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, paths.golang, "web-0")
	f.advance(2 * time.Second)
	f.expect(t, "no event, no scan")
	f.changed(paths.golang, f.now)
	f.expect(t, "event for the storage path", "+web-0")
}

// Without inotify, only scans find a new sandbox, so they are more frequent than the
// checks of the storage paths otherwise are.
func TestScansWithoutInotify(t *testing.T) {
	paths := newStoragePaths(t)
	f := newTestFinder(t, newConfig(paths))
	f.advance(time.Minute)
	bind(t, paths.golang, "web-0")
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	f.now = f.next()
	f.tick(f.now)
	if len(f.recorder.takeEvents()) == 0 {
		t.Error("the next scan did not find the sandbox")
	}
	if interval := f.next().Sub(f.now); interval > f.runtime.pace.blindScan {
		t.Errorf("next scan in %v, want at most %v", interval, f.runtime.pace.blindScan)
	}
}

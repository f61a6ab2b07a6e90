package kata

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// watch runs a runtime until stop is called or the test ends.
func watch(t *testing.T, runtime *Runtime) (r *recorder, stop context.CancelFunc) {
	t.Helper()
	r = &recorder{}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := runtime.Watch(ctx, r); err != nil {
			t.Error(err)
		}
	})
	stop = func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return r, stop
}

func TestWatch(t *testing.T) {
	fleet := newFleet(t)
	first := addPod(t, fleet, simkata.Options{})
	runtime := newRuntime(t, fleetConfig(fleet))
	// Events must be sufficient to find sandboxes.
	runtime.pace.scan = time.Hour
	recorder, stop := watch(t, runtime)
	recorder.await(t, "+"+first.ID())

	second := addPod(t, fleet, simkata.Options{Rust: true})
	third := addPod(t, fleet, simkata.Options{Rust: true, Hypervisor: "qemu"})
	recorder.await(t, "+"+second.ID(), "+"+third.ID())
	removePod(t, fleet, second)
	recorder.await(t, "-"+second.ID())
	again := addPod(t, fleet, simkata.Options{Rust: true, ID: second.ID()})
	recorder.await(t, "+"+again.ID())
	if before, after := recorder.sandboxes()[1].Identity(), recorder.last(t).Identity(); before.ID == after.ID &&
		before.Iteration == after.Iteration {
		t.Error("both instances have the same iteration")
	}
	stop()
	recorder.await(t)
	if scans := recorder.allScans(); len(scans) != 1 {
		t.Errorf("got calls of Scanned %+v, want one", scans)
	}
}

// If one storage path is a symbolic link to another, each sandbox is reported
// once, and as quickly as without the link.
func TestWatchLinkedStoragePaths(t *testing.T) {
	for name, linkFirst := range map[string]bool{"directory before link": false, "link before directory": true} {
		t.Run(name, func(t *testing.T) { checkLinkedStoragePaths(t, linkFirst) })
	}
}

func checkLinkedStoragePaths(t *testing.T, linkFirst bool) {
	t.Helper()
	paths := newStoragePaths(t)
	link := filepath.Join(filepath.Dir(paths.rust), "linked")
	if err := os.Symlink(paths.rust, link); err != nil {
		t.Fatal(err)
	}
	config := newConfig(paths)
	config.StoragePaths = []string{paths.rust, link}
	if linkFirst {
		slices.Reverse(config.StoragePaths)
	}
	runtime := newRuntime(t, config)
	runtime.pace.scan = time.Hour
	recorder, stop := watch(t, runtime)
	eventually(t, func() bool { return len(recorder.allScans()) > 0 })
	state := filepath.Join(paths.rust, "web-0", "state.json")
	write(t, state, stateFile("web-0", "clh"))
	bind(t, paths.rust, "web-0")
	setModTime(t, state, time.Second)
	recorder.await(t, "+web-0")
	remove(t, filepath.Join(paths.rust, "web-0"))
	recorder.await(t, "-web-0")
	stop()
	recorder.await(t)
}

// No event reports that a socket was replaced within its directory. The next pull
// detects it and notifies the finder.
func TestPullReportsNewInstance(t *testing.T) {
	paths := newStoragePaths(t)
	socket := bind(t, paths.rust, "web-0")
	state := filepath.Join(paths.rust, "web-0", "state.json")
	write(t, state, stateFile("web-0", "clh"))
	runtime := newRuntime(t, newConfig(paths))
	runtime.pace.scan = time.Hour
	recorder, _ := watch(t, runtime)
	recorder.await(t, "+web-0")
	s := recorder.last(t)
	remove(t, socket)
	bind(t, paths.rust, "web-0")
	setModTime(t, socket, time.Hour)
	setModTime(t, state, time.Hour)
	if _, err := pull(t, s); sandbox.OutcomeOf(err) != sandbox.Gone {
		t.Errorf("got error %v, want outcome %s", err, sandbox.Gone)
	}
	recorder.await(t, "-web-0", "+web-0")
}

func TestStoragePathAppearsLater(t *testing.T) {
	paths := newStoragePaths(t)
	parent := filepath.Dir(paths.golang)
	remove(t, parent)
	runtime := newRuntime(t, newConfig(paths))
	runtime.pace.scan, runtime.pace.paths = time.Hour, 5*time.Millisecond
	recorder, _ := watch(t, runtime)
	recorder.await(t)
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, paths.golang, "web-0")
	recorder.await(t, "+web-0")

	remove(t, parent)
	recorder.await(t, "-web-0")
	write(t, filepath.Join(paths.golang, "web-1", "persist.json"), persistFile("web-1", "qemu", "web-1"))
	bind(t, paths.golang, "web-1")
	recorder.await(t, "+web-1")
}

// Watch returns even if its context has already ended.
func TestWatchWithCanceledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newRuntime(t, newConfig(newStoragePaths(t))).Watch(ctx, &recorder{}); err != nil {
		t.Error(err)
	}
}

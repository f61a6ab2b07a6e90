package kata

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	criapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/cri"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// newLookupFinder returns a finder with an endpoint that does not exist: tests
// supply the results of the pod lookup.
func newLookupFinder(t *testing.T, paths storagePaths) *testFinder {
	t.Helper()
	config := newConfig(paths)
	config.CRIEndpoint = filepath.Join(paths.golang, "cri.sock")
	return newTestFinder(t, config)
}

func TestContainerRuntimeTakesPrecedence(t *testing.T) {
	paths := newStoragePaths(t)
	f := newLookupFinder(t, paths)
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, paths.golang, "web-0")
	f.advance(time.Second)
	f.expect(t, "no result")
	other := sandbox.Pod{Name: "other", Namespace: "ns", UID: "u"}
	f.found(cri.Result{ID: "web-0", Pod: other}, f.now)
	f.expect(t, "result", "+web-0")
	checkIdentity(t, f.recorder.last(t), paths.golang, "web-0", other)
}

// If the container runtime does not return the pod in time, the pod of the state
// file is used, permanently.
func TestContainerRuntimeIsLate(t *testing.T) {
	paths := newStoragePaths(t)
	f := newLookupFinder(t, paths)
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, paths.golang, "web-0")
	f.advance(f.runtime.pace.identity + time.Second)
	f.expect(t, "the time limit has passed", "+web-0")
	s := f.recorder.last(t)
	checkIdentity(t, s, paths.golang, "web-0", shopPod)

	f.found(cri.Result{ID: "web-0", Pod: sandbox.Pod{Name: "late"}}, f.now)
	f.advance(time.Minute)
	f.expect(t, "late result")
	checkIdentity(t, s, paths.golang, "web-0", shopPod)
}

// The state file is required even if the container runtime has returned the pod,
// because the guard depends on it.
func TestStateFileAfterContainerRuntime(t *testing.T) {
	paths := newStoragePaths(t)
	f := newLookupFinder(t, paths)
	bind(t, paths.rust, "db-0")
	f.advance(time.Second)
	f.found(cri.Result{ID: "db-0", Pod: shopPod}, f.now)
	f.found(cri.Result{ID: "unknown", Pod: shopPod}, f.now)
	f.expect(t, "result without state file")
	write(t, filepath.Join(paths.rust, "db-0", "state.json"), stateFile("db-0", "clh"))
	f.advance(time.Second)
	f.expect(t, "result and state file", "+db-0")
	checkIdentity(t, f.recorder.last(t), paths.rust, "db-0", shopPod)
}

// podServer is a container runtime that knows some pods.
type podServer struct {
	criapi.UnimplementedRuntimeServiceServer
	items []*criapi.PodSandbox
}

func (p *podServer) ListPodSandbox(context.Context, *criapi.ListPodSandboxRequest) (*criapi.ListPodSandboxResponse, error) {
	return &criapi.ListPodSandboxResponse{Items: p.items}, nil
}

// listen returns a listener on a new socket and the socket's path.
func listen(t *testing.T) (net.Listener, string) {
	t.Helper()
	socket := filepath.Join(shortDirectory(t), "cri.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener, socket
}

func TestWatchWithContainerRuntime(t *testing.T) {
	fleet := newFleet(t)
	pod := addPod(t, fleet, simkata.Options{Rust: true})
	listener, socket := listen(t)
	server := grpc.NewServer()
	criapi.RegisterRuntimeServiceServer(server, &podServer{items: []*criapi.PodSandbox{{
		Id: pod.ID(), Metadata: &criapi.PodSandboxMetadata{Name: "db-0", Namespace: "shop", Uid: "u"},
	}}})
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	defer serving.Wait()
	defer server.Stop()

	config := fleetConfig(fleet)
	config.CRIEndpoint = "unix://" + socket
	runtime := newRuntime(t, config)
	runtime.pace.identity = time.Hour
	recorder, stop := watch(t, runtime)
	recorder.await(t, "+"+pod.ID())
	checkIdentity(t, recorder.last(t), fleet.StoragePaths()[1], pod.ID(), sandbox.Pod{Name: "db-0", Namespace: "shop", UID: "u"})
	stop()
}

// A container runtime that never responds delays new sandboxes by the time limit,
// and nothing else.
func TestWatchWithStuckContainerRuntime(t *testing.T) {
	fleet := newFleet(t)
	first := addPod(t, fleet, simkata.Options{})
	_, socket := listen(t)
	config := fleetConfig(fleet)
	config.CRIEndpoint = socket
	runtime := newRuntime(t, config)
	runtime.pace.identity, runtime.pace.soon = 20*time.Millisecond, 5*time.Millisecond
	recorder, stop := watch(t, runtime)
	recorder.await(t, "+"+first.ID())
	if name := recorder.last(t).Identity().Pod.Name; name != first.PodName() {
		t.Errorf("got pod %q, want %q", name, first.PodName())
	}
	second := addPod(t, fleet, simkata.Options{})
	recorder.await(t, "+"+second.ID())
	removePod(t, fleet, first)
	recorder.await(t, "-"+first.ID())
	stop()
}

// TestFailureOfTheLookupIsLogged covers an error and a panic in the goroutine of the
// lookup, which the caller of Watch cannot recover from.
func TestFailureOfTheLookupIsLogged(t *testing.T) {
	for name, test := range map[string]struct {
		run      func() error
		want     string
		hasStack bool
	}{
		"none":  {func() error { return nil }, "", false},
		"error": {func() error { return errors.New("broken") }, "broken", false},
		"panic": {func() error { panic("a bug") }, "panic: a bug", true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRuntime(t, newConfig(storagePaths{}))
			core, logs := observer.New(zap.ErrorLevel)
			r.logger = zap.New(core)
			r.lookUp(test.run)
			if test.want == "" {
				if logs.Len() > 0 {
					t.Errorf("got %d log records, want none", logs.Len())
				}
				return
			}
			if logs.Len() != 1 {
				t.Fatalf("got %d log records, want 1", logs.Len())
			}
			fields := logs.All()[0].ContextMap()
			if _, hasStack := fields["stack"]; fields["error"] != test.want || hasStack != test.hasStack {
				t.Errorf("got %v, want the error %q, stack: %v", fields, test.want, test.hasStack)
			}
		})
	}
}

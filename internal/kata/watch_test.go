package kata

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// watch runs a runtime until the test ends.
func watch(t *testing.T, runtime *Runtime) (*recorder, context.CancelFunc) {
	t.Helper()
	recorder := &recorder{}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := runtime.Watch(ctx, recorder); err != nil {
			t.Error(err)
		}
	})
	stop := func() {
		cancel()
		running.Wait()
	}
	t.Cleanup(stop)
	return recorder, stop
}

// expect waits until exactly this has happened, in any order.
func (r *recorder) expect(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	slices.Sort(want)
	eventually(t, func() bool {
		got = append(got, r.take()...)
		slices.Sort(got)
		return len(got) >= len(want)
	})
	if !slices.Equal(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
}

func TestWatch(t *testing.T) {
	fleet := newFleet(t)
	add := func(options simkata.Options) *simkata.Pod {
		t.Helper()
		pod, err := fleet.AddKata(options)
		if err != nil {
			t.Fatal(err)
		}
		return pod
	}
	first := add(simkata.Options{})
	runtime := newRuntime(t, fleetSettings(fleet))
	// Scans must not be what finds sandboxes.
	runtime.pace.scan = time.Hour
	recorder, stop := watch(t, runtime)
	recorder.expect(t, "+"+first.ID())

	second, third := add(simkata.Options{Rust: true}), add(simkata.Options{Rust: true, Hypervisor: "qemu"})
	recorder.expect(t, "+"+second.ID(), "+"+third.ID())
	if err := fleet.RemoveKata(second); err != nil {
		t.Fatal(err)
	}
	recorder.expect(t, "-"+second.ID())
	again := add(simkata.Options{Rust: true, ID: second.ID()})
	recorder.expect(t, "+"+again.ID())
	if first, last := recorder.sandboxes()[1], recorder.last(t); first.Identity().ID == last.Identity().ID &&
		first.Identity().Iteration == last.Identity().Iteration {
		t.Error("two lives have the same iteration")
	}
	stop()
	recorder.expect(t)
}

// Two storage paths can be one, when the second is a link to the first. Its
// sandboxes are there once, and noticed at once.
func TestWatchSamePlaceByTwoNames(t *testing.T) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		p := newPlaces(t)
		linked := filepath.Join(filepath.Dir(p.rust), "linked")
		if err := os.Symlink(p.rust, linked); err != nil {
			t.Fatal(err)
		}
		names := [2]string{p.rust, linked}
		with := settings(p)
		with.StoragePaths = []string{names[order[0]], names[order[1]]}
		runtime := newRuntime(t, with)
		runtime.pace.scan = time.Hour
		recorder, stop := watch(t, runtime)
		eventually(t, func() bool {
			recorder.mu.Lock()
			defer recorder.mu.Unlock()
			return recorder.scanned > 0
		})
		write(t, filepath.Join(p.rust, "web-0", "state.json"), stateFile("web-0", "clh"))
		bind(t, p.rust, "web-0")
		later := time.Now().Add(time.Second)
		if err := os.Chtimes(filepath.Join(p.rust, "web-0", "state.json"), later, later); err != nil {
			t.Fatal(err)
		}
		recorder.expect(t, "+web-0")
		if err := os.RemoveAll(filepath.Join(p.rust, "web-0")); err != nil {
			t.Fatal(err)
		}
		recorder.expect(t, "-web-0")
		stop()
		recorder.expect(t)
	}
}

// A socket that is replaced within its directory makes no noise: the next pull
// finds out, and the finder follows.
func TestPullTellsOfNewLife(t *testing.T) {
	p := newPlaces(t)
	socket := bind(t, p.rust, "web-0")
	write(t, filepath.Join(p.rust, "web-0", "state.json"), stateFile("web-0", "clh"))
	runtime := newRuntime(t, settings(p))
	runtime.pace.scan = time.Hour
	recorder, _ := watch(t, runtime)
	recorder.expect(t, "+web-0")
	one := recorder.last(t)
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	bind(t, p.rust, "web-0")
	future := time.Now().Add(time.Hour)
	for _, path := range []string{socket, filepath.Join(p.rust, "web-0", "state.json")} {
		if err := os.Chtimes(path, future, future); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := pullFor(t, one, patience); sandbox.OutcomeOf(err) != sandbox.Gone {
		t.Error(err)
	}
	recorder.expect(t, "-web-0", "+web-0")
}

func TestStoragePathAppearsLater(t *testing.T) {
	p := newPlaces(t)
	parent := filepath.Dir(p.golang)
	if err := os.RemoveAll(parent); err != nil {
		t.Fatal(err)
	}
	runtime := newRuntime(t, settings(p))
	runtime.pace.scan, runtime.pace.paths = time.Hour, 5*time.Millisecond
	recorder, _ := watch(t, runtime)
	recorder.expect(t)
	write(t, filepath.Join(p.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	bind(t, p.golang, "web-0")
	recorder.expect(t, "+web-0")

	if err := os.RemoveAll(parent); err != nil {
		t.Fatal(err)
	}
	recorder.expect(t, "-web-0")
	write(t, filepath.Join(p.golang, "web-1", "persist.json"), persistFile("web-1", "qemu", "web-1"))
	bind(t, p.golang, "web-1")
	recorder.expect(t, "+web-1")
}

// Nothing that state files hold beyond the listed fields may get out, in any
// way.
func TestSecretsStayInside(t *testing.T) {
	fleet := newFleet(t)
	for _, options := range []simkata.Options{{}, {Rust: true}, {Rust: true, Hypervisor: "qemu"}, {Pod: simulate.CRIO}} {
		if _, err := fleet.AddKata(options); err != nil {
			t.Fatal(err)
		}
	}
	torn := filepath.Join(fleet.StoragePaths()[1], "torn-0")
	bind(t, fleet.StoragePaths()[1], "torn-0")
	write(t, filepath.Join(torn, "state.json"), `{"hypervisor":{"config":"`+simulate.DecoySecret+`\x"}}`)
	core, logs := observer.New(zapcore.DebugLevel)
	config := fleetSettings(fleet)
	runtime := New(&config, sandbox.OTel, zap.New(core))
	runtime.pace.identity = 0
	recorder, _ := watch(t, runtime)
	eventually(t, func() bool { return len(recorder.sandboxes()) == 5 })

	check := func(where, text string) {
		if strings.Contains(text, simulate.DecoySecret) {
			t.Errorf("%s: %q", where, text)
		}
	}
	for _, one := range recorder.sandboxes() {
		id := one.Identity()
		for _, text := range []string{id.Pod.Name, id.Pod.Namespace, id.Pod.UID, one.facts.Load().state.Hypervisor} {
			check("identity", text)
		}
		for _, attribute := range id.UpstreamLabels {
			check("peer labels", attribute.Value)
		}
		r, err := pullFor(t, one, patience)
		if err != nil {
			check("error", err.Error())
		}
		one.AppendInfo(r, true)
		checkValues(t, r)
	}
	for _, entry := range logs.All() {
		check("log", entry.Message)
		for key, value := range entry.ContextMap() {
			if text, isText := value.(string); isText {
				check("log "+key, text)
			}
		}
	}
	if logs.Len() == 0 {
		t.Error("nothing was logged, so nothing was checked")
	}
}

// pods is a container runtime that knows some pods.
type pods struct {
	cri.UnimplementedRuntimeServiceServer
	items []*cri.PodSandbox
}

func (p *pods) ListPodSandbox(context.Context, *cri.ListPodSandboxRequest) (*cri.ListPodSandboxResponse, error) {
	return &cri.ListPodSandboxResponse{Items: p.items}, nil
}

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
	pod, err := fleet.AddKata(simkata.Options{Rust: true})
	if err != nil {
		t.Fatal(err)
	}
	listener, socket := listen(t)
	server := grpc.NewServer()
	cri.RegisterRuntimeServiceServer(server, &pods{items: []*cri.PodSandbox{{
		Id: pod.ID(), Metadata: &cri.PodSandboxMetadata{Name: "db-0", Namespace: "shop", Uid: "u"},
	}}})
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	defer serving.Wait()
	defer server.Stop()

	with := fleetSettings(fleet)
	with.CRIEndpoint = "unix://" + socket
	runtime := newRuntime(t, with)
	runtime.pace.identity = time.Hour
	recorder, stop := watch(t, runtime)
	recorder.expect(t, "+"+pod.ID())
	checkIdentity(t, recorder.last(t), fleet.StoragePaths()[1], pod.ID(), sandbox.Pod{Name: "db-0", Namespace: "shop", UID: "u"})
	stop()
}

// A container runtime that never answers holds up new sandboxes for a moment,
// and nothing else.
func TestStuckContainerRuntime(t *testing.T) {
	fleet := newFleet(t)
	first, err := fleet.AddKata(simkata.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, socket := listen(t)
	with := fleetSettings(fleet)
	with.CRIEndpoint = socket
	runtime := newRuntime(t, with)
	runtime.pace.identity, runtime.pace.soon = 20*time.Millisecond, 5*time.Millisecond
	recorder, stop := watch(t, runtime)
	recorder.expect(t, "+"+first.ID())
	if name := recorder.last(t).Identity().Pod.Name; name != first.PodName() {
		t.Errorf("pod %q", name)
	}
	second, err := fleet.AddKata(simkata.Options{})
	if err != nil {
		t.Fatal(err)
	}
	recorder.expect(t, "+"+second.ID())
	if err := fleet.RemoveKata(first); err != nil {
		t.Fatal(err)
	}
	recorder.expect(t, "-"+first.ID())
	stop()
}

// Watching ends when it is told to, whatever goes on.
func TestWatchEndsAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newRuntime(t, settings(newPlaces(t))).Watch(ctx, &recorder{}); err != nil {
		t.Error(err)
	}
}

package kata

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// patience bounds what ought to happen at once; nothing is asserted about how
// long it takes.
const patience = 20 * time.Second

// recorder is an observer that records what is reported.
type recorder struct {
	mu      sync.Mutex
	added   []*Sandbox
	events  []string
	skipped map[string]string // by the last element of the path
	scanned int
	err     error
}

func (r *recorder) Added(s sandbox.Sandbox) { r.record("+", s) }
func (r *recorder) Gone(s sandbox.Sandbox)  { r.record("-", s) }

func (r *recorder) record(what string, s sandbox.Sandbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if what == "+" {
		r.added = append(r.added, s.(*Sandbox))
	}
	r.events = append(r.events, what+s.Identity().ID)
}

func (r *recorder) Skipped(path, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.skipped == nil {
		r.skipped = map[string]string{}
	}
	r.skipped[filepath.Base(path)] = reason
	if reason == "" {
		delete(r.skipped, filepath.Base(path))
	}
}

func (r *recorder) Scanned() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scanned++
}

func (r *recorder) DiscoveryError(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// take returns what happened since the last call, in order of ids where it
// happened at once.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}

// sandboxes are all that were ever added.
func (r *recorder) sandboxes() []*Sandbox {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.added)
}

// last is the sandbox that was added last.
func (r *recorder) last(tb testing.TB) *Sandbox {
	tb.Helper()
	all := r.sandboxes()
	if len(all) == 0 {
		tb.Fatal("nothing was added")
	}
	return all[len(all)-1]
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

func TestMain(m *testing.M) {
	if socket := os.Getenv(deadlyShim); socket != "" {
		serveDeadlyShim(socket)
		return
	}
	goleak.VerifyTestMain(m)
}

// shortDirectory makes a directory whose path leaves room for a socket address.
func shortDirectory(tb testing.TB) string {
	tb.Helper()
	directory, err := os.MkdirTemp("", "k") //nolint:usetesting // the other is too long
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(directory) })
	return directory
}

// places are storage paths of both runtimes.
type places struct{ golang, rust string }

func newPlaces(tb testing.TB) places {
	tb.Helper()
	parent := shortDirectory(tb)
	p := places{golang: filepath.Join(parent, "vc", "sbs"), rust: filepath.Join(parent, "kata")}
	for _, place := range []string{p.golang, p.rust} {
		if err := os.MkdirAll(place, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	return p
}

// bind makes a sandbox's directory and its socket, on which nobody answers.
func bind(tb testing.TB, place, id string) (socket string) {
	tb.Helper()
	directory := filepath.Join(place, id)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		tb.Fatal(err)
	}
	socket = filepath.Join(directory, "shim-monitor.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	return socket
}

func write(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
}

const podUID = "51cf5a9b-0d2f-4a3c-8f6e-0123456789ab"

// persistFile is a persist.json.
func persistFile(id, hypervisor, pod string) string {
	return fmt.Sprintf(`{"SandboxCgroupPath":"/kubepods/pod%s/%s","HypervisorState":{"Type":%q},"Config":{"ContainerConfigs":[`+
		`{"ID":%q,"Annotations":{"io.kubernetes.cri.container-type":"sandbox",`+
		`"io.kubernetes.cri.sandbox-name":%q,"io.kubernetes.cri.sandbox-namespace":"shop",`+
		`"io.kubernetes.cri.sandbox-uid":%q}}]}}`,
		podUID, id, hypervisor, id, pod, podUID)
}

// stateFile is a state.json.
func stateFile(id, hypervisor string) string {
	return fmt.Sprintf(`{"resource":{"cgroup_state":{"path":"/kubepods/pod%s/%s"}},"hypervisor":{"hypervisor_type":%q}}`, podUID, id, hypervisor)
}

func settings(p places) Config {
	return Config{
		StoragePaths: []string{p.golang, p.rust}, Collection: guard.Auto,
		Families: reader.DefaultFamilies, UnknownFamilies: reader.DropUnknown, MaxResponseSize: 8 << 20,
	}
}

func newRuntime(tb testing.TB, settings Config) *Runtime {
	tb.Helper()
	runtime, err := New(&settings, sandbox.OTel, zap.NewNop())
	if err != nil {
		tb.Fatal(err)
	}
	return runtime
}

// steps drives a finder by hand, with a clock of its own.
type steps struct {
	*finder
	recorder *recorder
	now      time.Time
}

func newSteps(tb testing.TB, settings Config) *steps {
	tb.Helper()
	recorder := &recorder{}
	return &steps{
		finder:   newFinder(newRuntime(tb, settings), storage.Notifier{}, recorder),
		recorder: recorder,
		now:      time.Now(),
	}
}

// wait lets time pass, and the finder work.
func (s *steps) wait(duration time.Duration) {
	for step := s.runtime.pace.soon; duration > 0; duration -= step {
		s.now = s.now.Add(min(step, duration))
		s.tick(s.now)
	}
}

func (s *steps) expect(t *testing.T, name string, want ...string) {
	t.Helper()
	got := s.recorder.take()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %q, want %q", name, got, want)
	}
}

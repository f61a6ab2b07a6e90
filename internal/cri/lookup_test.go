package cri

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a container runtime.
type server struct {
	runtime.UnimplementedRuntimeServiceServer

	mu   sync.Mutex
	pods []*runtime.PodSandbox
	// before runs before each answer, and its error is the answer.
	before func(ctx context.Context, id string) error

	lists, lookups, connections atomic.Int64
}

func (s *server) ListPodSandbox(ctx context.Context, request *runtime.ListPodSandboxRequest) (*runtime.ListPodSandboxResponse, error) {
	id := request.GetFilter().GetId()
	if id == "" {
		s.lists.Add(1)
	} else {
		s.lookups.Add(1)
	}
	s.mu.Lock()
	before := s.before
	s.mu.Unlock()
	if before != nil {
		if err := before(ctx, id); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := &runtime.ListPodSandboxResponse{}
	for _, pod := range s.pods {
		// containerd matches prefixes.
		if strings.HasPrefix(pod.Id, id) {
			answer.Items = append(answer.Items, pod)
		}
	}
	return answer, nil
}

func (s *server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func pod(id string) *runtime.PodSandbox {
	return &runtime.PodSandbox{
		Id:          id,
		Metadata:    &runtime.PodSandboxMetadata{Name: "name-" + id, Namespace: "namespace-" + id, Uid: "uid-" + id},
		Annotations: map[string]string{"secret": "hunter2"},
	}
}

func podOf(id string) sandbox.Pod {
	return sandbox.Pod{Name: "name-" + id, Namespace: "namespace-" + id, UID: "uid-" + id}
}

func newSocket(t *testing.T) string {
	t.Helper()
	directory, err := os.MkdirTemp("", "cri") //nolint:usetesting // the other is too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	return filepath.Join(directory, "cri.sock")
}

// counting counts connections.
type counting struct {
	net.Listener
	count *atomic.Int64
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.count.Add(1)
	}
	return conn, err
}

// serve runs the server on a socket until it is stopped.
func (s *server) serve(t *testing.T, socket string) (stop func()) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	runtime.RegisterRuntimeServiceServer(g, s)
	var serving sync.WaitGroup
	serving.Go(func() { _ = g.Serve(counting{listener, &s.connections}) })
	stop = sync.OnceFunc(func() {
		g.Stop()
		serving.Wait()
	})
	t.Cleanup(stop)
	return stop
}

var hasty = pace{call: time.Second, gather: time.Millisecond, soonest: 5 * time.Millisecond, latest: 20 * time.Millisecond}

func prepare(t *testing.T, endpoint string, pace pace) (*Lookup, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	lookup, err := New(endpoint, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	lookup.pace = pace
	return lookup, logs
}

// start prepares a lookup and runs it.
func start(t *testing.T, endpoint string, pace pace) (*Lookup, *observer.ObservedLogs) {
	t.Helper()
	lookup, logs := prepare(t, endpoint, pace)
	lookup.run(t)
	return lookup, logs
}

// run runs a lookup until the test ends, and it must end at once then.
func (l *Lookup) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func await(t *testing.T, lookup *Lookup) Answer {
	t.Helper()
	select {
	case answer := <-lookup.Answers():
		return answer
	case <-time.After(20 * time.Second):
		t.Fatal("no answer")
		return Answer{}
	}
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen")
		}
	}
}

func TestEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{
		"unix:///run/containerd/containerd.sock": "/run/containerd/containerd.sock",
		"/run/crio/crio.sock":                    "/run/crio/crio.sock",
	} {
		lookup, err := New(endpoint, zap.NewNop())
		if err != nil || lookup.socket != want {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	for _, endpoint := range []string{"", "unix://", "tcp://localhost:1", "containerd.sock", "unix://containerd.sock"} {
		if _, err := New(endpoint, zap.NewNop()); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", endpoint)) {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

func TestOneQuestion(t *testing.T) {
	socket := newSocket(t)
	s := &server{pods: []*runtime.PodSandbox{pod("a1"), pod("a"), pod("b")}}
	s.serve(t, socket)
	lookup, _ := start(t, "unix://"+socket, hasty)
	lookup.Ask("a")
	if got := await(t, lookup); got != (Answer{"a", podOf("a")}) {
		t.Errorf("got %+v", got)
	}
	lookup.Ask("b")
	if got := await(t, lookup); got != (Answer{"b", podOf("b")}) {
		t.Errorf("got %+v", got)
	}
	if lists, connections := s.lists.Load(), s.connections.Load(); lists != 0 || connections != 1 {
		t.Errorf("%d lists over %d connections", lists, connections)
	}
}

// The id of one sandbox may be the beginning of another's.
func TestOnlyTheWholeIDCounts(t *testing.T) {
	socket := newSocket(t)
	s := &server{pods: []*runtime.PodSandbox{pod("abc"), {Id: "ab"}}}
	s.serve(t, socket)
	lookup, _ := start(t, socket, hasty)
	lookup.Ask("ab")
	eventually(t, func() bool { return s.lookups.Load() > 2 })
	select {
	case answer := <-lookup.Answers():
		t.Errorf("got %+v", answer)
	default:
	}
	s.set(func() { s.pods[1] = pod("ab") })
	if got := await(t, lookup); got != (Answer{"ab", podOf("ab")}) {
		t.Errorf("got %+v", got)
	}
}

func TestManyQuestionsAreOneList(t *testing.T) {
	const count = 5000
	socket := newSocket(t)
	s := &server{}
	for n := range count {
		one := pod(fmt.Sprintf("%064x", n))
		one.Annotations["large"] = strings.Repeat("x", 2000)
		s.pods = append(s.pods, one)
	}
	s.serve(t, socket)
	patient := hasty
	patient.call = 30 * time.Second
	lookup, _ := prepare(t, socket, patient)
	for n := range count {
		lookup.Ask(fmt.Sprintf("%064x", n))
	}
	lookup.run(t)
	got := map[string]bool{}
	for range count {
		answer := await(t, lookup)
		if answer.Pod != podOf(answer.ID) || got[answer.ID] {
			t.Fatalf("got %+v", answer)
		}
		got[answer.ID] = true
	}
	if lists, lookups := s.lists.Load(), s.lookups.Load(); lists > 2 || lookups > 0 {
		t.Errorf("%d lists, %d lookups", lists, lookups)
	}
}

// Where a list of all is too large, each is small enough.
func TestOversizedList(t *testing.T) {
	socket := newSocket(t)
	s := &server{}
	for n := range 20 {
		one := pod(fmt.Sprint("sandbox-", 'a'+n))
		one.Annotations["large"] = strings.Repeat("x", 1<<20)
		s.pods = append(s.pods, one)
	}
	s.serve(t, socket)
	patient := hasty
	patient.call = 30 * time.Second
	lookup, logs := prepare(t, socket, patient)
	for _, one := range s.pods {
		lookup.Ask(one.Id)
	}
	lookup.run(t)
	for range s.pods {
		if answer := await(t, lookup); answer.Pod != podOf(answer.ID) {
			t.Errorf("got %+v", answer)
		}
	}
	if s.lists.Load() == 0 {
		t.Error("no list was tried")
	}
	if logs.Len() > 0 {
		t.Errorf("logged %v", logs.All())
	}
}

func TestFailingServer(t *testing.T) {
	socket := newSocket(t)
	s := &server{
		pods:   []*runtime.PodSandbox{pod("a")},
		before: func(context.Context, string) error { return status.Error(codes.Internal, "out of order") },
	}
	s.serve(t, socket)
	lookup, logs := start(t, socket, hasty)
	lookup.Ask("a")
	eventually(t, func() bool { return s.lookups.Load() > 3 })
	if got := logs.FilterMessageSnippet("cannot be asked").Len(); got != 1 {
		t.Errorf("trouble logged %d times", got)
	}
	s.set(func() { s.before = nil })
	if got := await(t, lookup); got != (Answer{"a", podOf("a")}) {
		t.Errorf("got %+v", got)
	}
	eventually(t, func() bool { return logs.FilterMessageSnippet("answers again").Len() == 1 })
}

func TestServerThatStartsLaterAndRestarts(t *testing.T) {
	socket := newSocket(t)
	lookup, logs := start(t, socket, hasty)
	lookup.Ask("a")
	eventually(t, func() bool { return logs.Len() == 1 })

	s := &server{pods: []*runtime.PodSandbox{pod("a"), pod("b")}}
	stop := s.serve(t, socket)
	if got := await(t, lookup); got != (Answer{"a", podOf("a")}) {
		t.Errorf("got %+v", got)
	}
	stop()
	lookup.Ask("b")
	eventually(t, func() bool { return logs.FilterMessageSnippet("cannot be asked").Len() == 2 })
	s.serve(t, socket)
	if got := await(t, lookup); got != (Answer{"b", podOf("b")}) {
		t.Errorf("got %+v", got)
	}
}

// A server that hangs costs the deadline of a call, and the caller nothing.
func TestStuckServer(t *testing.T) {
	socket := newSocket(t)
	s := &server{
		pods: []*runtime.PodSandbox{pod("a")},
		before: func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		},
	}
	s.serve(t, socket)
	impatient := hasty
	impatient.call = 20 * time.Millisecond
	lookup, logs := start(t, socket, impatient)
	lookup.Ask("a")
	eventually(t, func() bool { return s.lookups.Load() > 2 })
	if got := logs.FilterMessageSnippet("cannot be asked").Len(); got != 1 {
		t.Errorf("trouble logged %d times", got)
	}
	s.set(func() { s.before = nil })
	if got := await(t, lookup); got != (Answer{"a", podOf("a")}) {
		t.Errorf("got %+v", got)
	}
}

// So does one that accepts connections and never says a word.
func TestSilentServer(t *testing.T) {
	socket := newSocket(t)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	impatient := hasty
	impatient.call = 20 * time.Millisecond
	lookup, logs := start(t, socket, impatient)
	lookup.Ask("a")
	eventually(t, func() bool { return logs.Len() == 1 })
}

func TestSlowServer(t *testing.T) {
	socket := newSocket(t)
	release := make(chan struct{})
	s := &server{
		pods: []*runtime.PodSandbox{pod("a"), pod("b")},
		before: func(ctx context.Context, id string) error {
			if id == "a" {
				<-release
			}
			return nil
		},
	}
	s.serve(t, socket)
	patient := hasty
	patient.call = time.Minute
	lookup, _ := start(t, socket, patient)
	lookup.Ask("a")
	eventually(t, func() bool { return s.lookups.Load() == 1 })
	// While a call is under way, questions are taken nevertheless.
	lookup.Ask("b")
	lookup.Forget("c")
	close(release)
	got := map[string]sandbox.Pod{}
	for range 2 {
		answer := await(t, lookup)
		got[answer.ID] = answer.Pod
	}
	if got["a"] != podOf("a") || got["b"] != podOf("b") {
		t.Errorf("got %v", got)
	}
}

func TestForgottenQuestionIsNotAskedAgain(t *testing.T) {
	socket := newSocket(t)
	s := &server{}
	s.serve(t, socket)
	lookup, _ := start(t, socket, hasty)
	lookup.Ask("a")
	eventually(t, func() bool { return s.lookups.Load() > 2 })
	lookup.Forget("a")
	s.set(func() { s.pods = []*runtime.PodSandbox{pod("b")} })
	lookup.Ask("b")
	await(t, lookup)
	s.set(func() { s.pods = append(s.pods, pod("a")) })
	lookup.Ask("b")
	if got := await(t, lookup); got.ID != "b" {
		t.Errorf("got %+v", got)
	}
}

// Nobody takes answers, and the lookup must end nevertheless.
func TestEndWithAnswersLeft(t *testing.T) {
	socket := newSocket(t)
	s := &server{}
	for n := range 500 {
		s.pods = append(s.pods, pod(fmt.Sprint("sandbox-", n)))
	}
	s.serve(t, socket)
	lookup, _ := start(t, socket, hasty)
	for _, one := range s.pods {
		lookup.Ask(one.Id)
	}
	eventually(t, func() bool { return len(lookup.answers) == cap(lookup.answers) })
}

func TestImpossibleTexts(t *testing.T) {
	socket := newSocket(t)
	s := &server{pods: []*runtime.PodSandbox{{
		Id:       "a",
		Metadata: &runtime.PodSandboxMetadata{Name: strings.Repeat("x", textLimit), Namespace: strings.Repeat("x", textLimit+1), Uid: "u"},
	}}}
	s.serve(t, socket)
	lookup, _ := start(t, socket, hasty)
	lookup.Ask("a")
	want := sandbox.Pod{Name: strings.Repeat("x", textLimit), UID: "u"}
	if got := await(t, lookup); got.Pod != want {
		t.Errorf("got %+v", got)
	}
}

func TestNothingIsAskedWithoutQuestions(t *testing.T) {
	socket := newSocket(t)
	s := &server{}
	s.serve(t, socket)
	lookup, err := New(socket, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := lookup.Run(ctx); err != nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Error(err, ctx.Err())
	}
	if s.connections.Load() != 0 {
		t.Error("a connection was made")
	}
}

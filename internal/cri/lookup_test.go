package cri

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fastTiming makes retries fast enough for tests.
var fastTiming = timing{call: time.Second, batch: time.Millisecond, minRetry: 5 * time.Millisecond, maxRetry: 20 * time.Millisecond}

func newLookup(t *testing.T, endpoint string, timing timing) (*Lookup, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.InfoLevel)
	socket, err := ParseEndpoint(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	lookup := New(socket, zap.New(core))
	lookup.timing = timing
	return lookup, logs
}

// start creates a lookup and runs it until the test ends.
func start(t *testing.T, endpoint string, timing timing) (*Lookup, *observer.ObservedLogs) {
	t.Helper()
	lookup, logs := newLookup(t, endpoint, timing)
	lookup.run(t)
	return lookup, logs
}

// run runs a lookup until the test ends.
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

// await returns the next result.
func await(t *testing.T, lookup *Lookup) Result {
	t.Helper()
	select {
	case result := <-lookup.Results():
		return result
	case <-time.After(20 * time.Second):
		t.Fatal("no result arrived in time")
		return Result{}
	}
}

// eventually waits until done returns true.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("condition not met in time")
		}
	}
}

func TestParseEndpoint(t *testing.T) {
	for endpoint, want := range map[string]string{
		"unix:///run/containerd/containerd.sock": "/run/containerd/containerd.sock",
		"/run/crio/crio.sock":                    "/run/crio/crio.sock",
	} {
		if socket, err := ParseEndpoint(endpoint); err != nil || socket != want {
			t.Errorf("%s: got %q, %v, want %q", endpoint, socket, err, want)
		}
	}
	for _, endpoint := range []string{"", "unix://", "tcp://localhost:1", "containerd.sock", "unix://containerd.sock"} {
		if _, err := ParseEndpoint(endpoint); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", endpoint)) {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

func TestSingleRequests(t *testing.T) {
	socket := newSocket(t)
	s := &server{pods: []*runtime.PodSandbox{pod("a1"), pod("a"), pod("b")}}
	s.serve(t, socket)
	lookup, _ := start(t, "unix://"+socket, fastTiming)
	lookup.Request("a")
	if got := await(t, lookup); got != (Result{"a", podOf("a")}) {
		t.Errorf("got %+v", got)
	}
	lookup.Request("b")
	if got := await(t, lookup); got != (Result{"b", podOf("b")}) {
		t.Errorf("got %+v", got)
	}
	if lists, connections := s.lists.Load(), s.connections.Load(); lists != 0 || connections != 1 {
		t.Errorf("%d lists over %d connections", lists, connections)
	}
}

// The ID of one sandbox may be a prefix of another.
func TestIDPrefixIsNoMatch(t *testing.T) {
	socket := newSocket(t)
	s := &server{pods: []*runtime.PodSandbox{pod("abc"), {Id: "ab"}}}
	s.serve(t, socket)
	lookup, _ := start(t, socket, fastTiming)
	lookup.Request("ab")
	eventually(t, func() bool { return s.lookups.Load() > 2 })
	select {
	case result := <-lookup.Results():
		t.Errorf("got %+v", result)
	default:
	}
	s.set(func() { s.pods[1] = pod("ab") })
	if got := await(t, lookup); got != (Result{"ab", podOf("ab")}) {
		t.Errorf("got %+v", got)
	}
}

func TestManyRequestsUseOneList(t *testing.T) {
	const count = 5000
	socket := newSocket(t)
	s := &server{}
	for n := range count {
		one := pod(fmt.Sprintf("%064x", n))
		one.Annotations["large"] = strings.Repeat("x", 2000)
		s.pods = append(s.pods, one)
	}
	s.serve(t, socket)
	timing := fastTiming
	timing.call = 30 * time.Second
	lookup, _ := newLookup(t, socket, timing)
	for n := range count {
		lookup.Request(fmt.Sprintf("%064x", n))
	}
	lookup.run(t)
	got := map[string]bool{}
	for range count {
		result := await(t, lookup)
		if result.Pod != podOf(result.ID) || got[result.ID] {
			t.Fatalf("got %+v", result)
		}
		got[result.ID] = true
	}
	if lists, lookups := s.lists.Load(), s.lookups.Load(); lists > 2 || lookups > 0 {
		t.Errorf("%d lists, %d lookups", lists, lookups)
	}
}

// If the list of all sandboxes exceeds the limit, each is looked up by its ID.
func TestOversizedList(t *testing.T) {
	socket := newSocket(t)
	s := &server{}
	for n := range 20 {
		one := pod(fmt.Sprint("sandbox-", 'a'+n))
		one.Annotations["large"] = strings.Repeat("x", 1<<20)
		s.pods = append(s.pods, one)
	}
	s.serve(t, socket)
	timing := fastTiming
	timing.call = 30 * time.Second
	lookup, logs := newLookup(t, socket, timing)
	for _, one := range s.pods {
		lookup.Request(one.Id)
	}
	lookup.run(t)
	for range s.pods {
		if result := await(t, lookup); result.Pod != podOf(result.ID) {
			t.Errorf("got %+v", result)
		}
	}
	if s.lists.Load() == 0 {
		t.Error("no list was requested")
	}
	if logs.Len() > 0 {
		t.Errorf("logged %v", logs.All())
	}
}

func TestForgottenRequestIsNotRetried(t *testing.T) {
	socket := newSocket(t)
	s := &server{}
	s.serve(t, socket)
	lookup, _ := start(t, socket, fastTiming)
	lookup.Request("a")
	eventually(t, func() bool { return s.lookups.Load() > 2 })
	lookup.Forget("a")
	s.set(func() { s.pods = []*runtime.PodSandbox{pod("b")} })
	lookup.Request("b")
	await(t, lookup)
	s.set(func() { s.pods = append(s.pods, pod("a")) })
	lookup.Request("b")
	if got := await(t, lookup); got.ID != "b" {
		t.Errorf("got %+v", got)
	}
}

// Run must return even if nobody receives the results.
func TestStopWithUnreceivedResults(t *testing.T) {
	socket := newSocket(t)
	s := &server{}
	for n := range 500 {
		s.pods = append(s.pods, pod(fmt.Sprint("sandbox-", n)))
	}
	s.serve(t, socket)
	lookup, _ := start(t, socket, fastTiming)
	for _, one := range s.pods {
		lookup.Request(one.Id)
	}
	eventually(t, func() bool { return len(lookup.results) == cap(lookup.results) })
}

func TestTooLongFields(t *testing.T) {
	socket := newSocket(t)
	longest := strings.Repeat("x", maxFieldLength)
	s := &server{pods: []*runtime.PodSandbox{{
		Id:       "a",
		Metadata: &runtime.PodSandboxMetadata{Name: longest, Namespace: longest + "x", Uid: "u"},
	}}}
	s.serve(t, socket)
	lookup, _ := start(t, socket, fastTiming)
	lookup.Request("a")
	want := sandbox.Pod{Name: longest, UID: "u"}
	if got := await(t, lookup); got.Pod != want {
		t.Errorf("got %+v", got)
	}
}

func TestNoConnectionWithoutRequests(t *testing.T) {
	socket := newSocket(t)
	s := &server{}
	s.serve(t, socket)
	lookup := New(socket, zap.NewNop())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := lookup.Run(ctx); err != nil || !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Error(err, ctx.Err())
	}
	if s.connections.Load() != 0 {
		t.Error("a connection was opened")
	}
}

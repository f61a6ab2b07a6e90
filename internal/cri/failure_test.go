package cri

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestFailingServer(t *testing.T) {
	socket := newSocket(t)
	s := &server{
		pods:   []*runtime.PodSandbox{pod("a")},
		before: func(context.Context, string) error { return status.Error(codes.Internal, "internal error") },
	}
	s.serve(t, socket)
	lookup, logs := start(t, socket, fastTiming)
	lookup.Request("a")
	eventually(t, func() bool { return s.lookups.Load() > 3 })
	if got := logs.FilterMessageSnippet("Failed to look up").Len(); got != 1 {
		t.Errorf("failure logged %d times, want once", got)
	}
	s.set(func() { s.before = nil })
	if got := await(t, lookup); got != (Result{"a", podOf("a")}) {
		t.Errorf("got %+v", got)
	}
	eventually(t, func() bool { return logs.FilterMessageSnippet("responding again").Len() == 1 })
}

func TestServerThatStartsLaterAndRestarts(t *testing.T) {
	socket := newSocket(t)
	lookup, logs := start(t, socket, fastTiming)
	lookup.Request("a")
	eventually(t, func() bool { return logs.Len() == 1 })

	s := &server{pods: []*runtime.PodSandbox{pod("a"), pod("b")}}
	stop := s.serve(t, socket)
	if got := await(t, lookup); got != (Result{"a", podOf("a")}) {
		t.Errorf("got %+v", got)
	}
	stop()
	lookup.Request("b")
	eventually(t, func() bool { return logs.FilterMessageSnippet("Failed to look up").Len() == 2 })
	s.serve(t, socket)
	if got := await(t, lookup); got != (Result{"b", podOf("b")}) {
		t.Errorf("got %+v", got)
	}
}

// A server that does not respond blocks a call until its timeout, but no caller.
func TestUnresponsiveServer(t *testing.T) {
	socket := newSocket(t)
	s := &server{
		pods: []*runtime.PodSandbox{pod("a")},
		before: func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		},
	}
	s.serve(t, socket)
	timing := fastTiming
	timing.call = 20 * time.Millisecond
	lookup, logs := start(t, socket, timing)
	lookup.Request("a")
	eventually(t, func() bool { return s.lookups.Load() > 2 })
	if got := logs.FilterMessageSnippet("Failed to look up").Len(); got != 1 {
		t.Errorf("failure logged %d times, want once", got)
	}
	s.set(func() { s.before = nil })
	if got := await(t, lookup); got != (Result{"a", podOf("a")}) {
		t.Errorf("got %+v", got)
	}
}

// A server that accepts connections but never sends a byte counts as failing.
func TestSilentServer(t *testing.T) {
	socket := newSocket(t)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	timing := fastTiming
	timing.call = 20 * time.Millisecond
	lookup, logs := start(t, socket, timing)
	lookup.Request("a")
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
	timing := fastTiming
	timing.call = time.Minute
	lookup, _ := start(t, socket, timing)
	lookup.Request("a")
	eventually(t, func() bool { return s.lookups.Load() == 1 })
	// Request and Forget do not wait for the call in progress.
	lookup.Request("b")
	lookup.Forget("c")
	close(release)
	got := map[string]sandbox.Pod{}
	for range 2 {
		result := await(t, lookup)
		got[result.ID] = result.Pod
	}
	if got["a"] != podOf("a") || got["b"] != podOf("b") {
		t.Errorf("got %v", got)
	}
}

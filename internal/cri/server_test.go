package cri

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// server is a fake container runtime.
type server struct {
	runtime.UnimplementedRuntimeServiceServer

	mu   sync.Mutex
	pods []*runtime.PodSandbox
	// before runs before each response; if it fails, its error is the response.
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
	response := &runtime.ListPodSandboxResponse{}
	for _, pod := range s.pods {
		// Like containerd, match prefixes.
		if strings.HasPrefix(pod.Id, id) {
			response.Items = append(response.Items, pod)
		}
	}
	return response, nil
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
	directory, err := os.MkdirTemp("", "cri") //nolint:usetesting // the path of t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	return filepath.Join(directory, "cri.sock")
}

// countingListener counts accepted connections.
type countingListener struct {
	net.Listener
	count *atomic.Int64
}

func (c countingListener) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.count.Add(1)
	}
	return conn, err
}

// serve runs the server on a socket until stop is called or the test ends.
func (s *server) serve(t *testing.T, socket string) (stop func()) {
	t.Helper()
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	g := grpc.NewServer()
	runtime.RegisterRuntimeServiceServer(g, s)
	var serving sync.WaitGroup
	serving.Go(func() { _ = g.Serve(countingListener{listener, &s.connections}) })
	stop = sync.OnceFunc(func() {
		g.Stop()
		serving.Wait()
	})
	t.Cleanup(stop)
	return stop
}

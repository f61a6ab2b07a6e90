package cri

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	runtime "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	// maxResponseSize is the limit that the kubelet uses.
	maxResponseSize = 16 << 20
	// maxFieldLength is the longest pod name that Kubernetes allows. Namespaces
	// and UIDs are shorter.
	maxFieldLength = 253
)

// connection is a connection to the container runtime.
type connection struct {
	client *grpc.ClientConn
	pods   runtime.RuntimeServiceClient
}

// connect returns a connection that is opened by the first call, and reopened by
// the next call after it was lost.
func connect(socket string) (*connection, error) {
	// The passthrough scheme keeps gRPC from resolving the name, which the
	// dialer ignores.
	client, err := grpc.NewClient("passthrough:///container-runtime",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return host.DialUnix(ctx, socket)
		}),
		grpc.WithAuthority("localhost"),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxResponseSize)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 2, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 2 * time.Second,
		}),
	)
	if err != nil {
		return nil, err
	}
	return &connection{client, runtime.NewRuntimeServiceClient(client)}, nil
}

func (c *connection) close() { _ = c.client.Close() }

// list returns pods by sandbox ID: those of all sandboxes, or, unless id is
// empty, of the sandboxes whose ID matches it.
func (c *connection) list(ctx context.Context, id string) (map[string]sandbox.Pod, error) {
	request := &runtime.ListPodSandboxRequest{}
	if id != "" {
		request.Filter = &runtime.PodSandboxFilter{Id: id}
	}
	response, err := c.pods.ListPodSandbox(ctx, request)
	if err != nil {
		return nil, err
	}
	pods := make(map[string]sandbox.Pod, len(response.GetItems()))
	for _, item := range response.GetItems() {
		metadata := item.GetMetadata()
		if metadata == nil {
			continue
		}
		pods[item.GetId()] = sandbox.Pod{
			Name:      dropLong(metadata.GetName()),
			Namespace: dropLong(metadata.GetNamespace()),
			UID:       dropLong(metadata.GetUid()),
		}
	}
	return pods, nil
}

// dropLong returns text, or "" if it is longer than Kubernetes allows.
func dropLong(text string) string {
	if len(text) > maxFieldLength {
		return ""
	}
	return text
}

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
	// answerLimit is what the kubelet allows, too.
	answerLimit = 16 << 20
	// textLimit is above what Kubernetes allows for names and UIDs.
	textLimit = 253
)

// connection is the one connection to the container runtime.
type connection struct {
	client *grpc.ClientConn
	pods   runtime.RuntimeServiceClient
}

// connect prepares a connection. It is made with the first call, and again when
// it was lost.
func connect(socket string) (*connection, error) {
	// The name is not for a resolver: what it means is up to the dialer.
	client, err := grpc.NewClient("passthrough:///container-runtime",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return host.DialUnix(ctx, socket)
		}),
		grpc.WithAuthority("localhost"),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerLimit)),
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

// list gets the pods of all sandboxes, or of the one with an id.
func (c *connection) list(ctx context.Context, id string) (map[string]sandbox.Pod, error) {
	request := &runtime.ListPodSandboxRequest{}
	if id != "" {
		request.Filter = &runtime.PodSandboxFilter{Id: id}
	}
	answer, err := c.pods.ListPodSandbox(ctx, request)
	if err != nil {
		return nil, err
	}
	pods := make(map[string]sandbox.Pod, len(answer.GetItems()))
	for _, item := range answer.GetItems() {
		metadata := item.GetMetadata()
		if metadata == nil {
			continue
		}
		pods[item.GetId()] = sandbox.Pod{
			Name:      bounded(metadata.GetName()),
			Namespace: bounded(metadata.GetNamespace()),
			UID:       bounded(metadata.GetUid()),
		}
	}
	return pods, nil
}

// bounded leaves out a text that no pod can have.
func bounded(text string) string {
	if len(text) > textLimit {
		return ""
	}
	return text
}

package cri

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Result is the pod of a sandbox.
type Result struct {
	ID  string
	Pod sandbox.Pod
}

// Lookup looks up pods. Request, Forget and Results may be called concurrently.
type Lookup struct {
	socket  string
	logger  *zap.Logger
	timing  timing
	results chan Result
	// wake has room for one signal that there are new requests.
	wake chan struct{}

	mu sync.Mutex
	// pending holds the IDs of requests without a result.
	pending map[string]bool
}

// timing holds the timeouts and delays of a lookup.
type timing struct {
	// call is the timeout of a call, batch how long requests are collected
	// before the call.
	call, batch time.Duration
	// minRetry and maxRetry bound the delay before requests without a result
	// are retried; it doubles each time.
	minRetry, maxRetry time.Duration
}

var defaultTiming = timing{
	call: 2 * time.Second, batch: 20 * time.Millisecond,
	minRetry: 200 * time.Millisecond, maxRetry: 2 * time.Second,
}

// maxSingleCalls is how many requests are sent as one call each; for more, all
// sandboxes are listed.
const maxSingleCalls = 8

// ParseEndpoint returns the path of the socket of an endpoint, such as
// unix:///run/containerd/containerd.sock or a bare path.
func ParseEndpoint(endpoint string) (socket string, err error) {
	socket = strings.TrimPrefix(endpoint, "unix://")
	if !filepath.IsAbs(socket) {
		return "", fmt.Errorf("invalid endpoint %q: must be a Unix socket such as unix:///run/containerd/containerd.sock", endpoint)
	}
	return socket, nil
}

// New returns a lookup in the container runtime that listens on a socket. It does
// not connect before Run.
func New(socket string, logger *zap.Logger) *Lookup {
	return &Lookup{
		socket:  socket,
		logger:  logger,
		timing:  defaultTiming,
		results: make(chan Result, 64),
		wake:    make(chan struct{}, 1),
		pending: map[string]bool{},
	}
}

// Request requests the pod of a sandbox. It does not block.
func (l *Lookup) Request(id string) {
	l.mu.Lock()
	l.pending[id] = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Forget cancels the request for a sandbox. A result may already be on its way.
func (l *Lookup) Forget(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pending, id)
}

// Results returns the channel of results. While it is full, no calls are made.
func (l *Lookup) Results() <-chan Result { return l.results }

func (l *Lookup) pendingIDs() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Keys(l.pending))
}

// Run processes requests until the context ends. When it returns, everything it
// has started has stopped.
func (l *Lookup) Run(ctx context.Context) error {
	connection, err := connect(l.socket)
	if err != nil {
		return err
	}
	defer connection.close()
	retry := l.timing.minRetry
	failing := false
	for {
		if len(l.pendingIDs()) == 0 {
			retry = l.timing.minRetry
			select {
			case <-ctx.Done():
				return nil
			case <-l.wake:
			}
		}
		if !sleep(ctx, l.timing.batch) {
			return nil
		}
		ids := l.pendingIDs()
		if len(ids) == 0 {
			continue // All requests were canceled, so no call is made.
		}
		err := l.resolve(ctx, connection, ids)
		if ctx.Err() != nil {
			return nil
		}
		if failed := err != nil; failed != failing {
			failing = failed
			l.logChange(err)
		}
		if len(l.pendingIDs()) == 0 {
			continue
		}
		// The rest is retried after a delay, or together with a new request.
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		case <-time.After(retry):
		}
		retry = min(2*retry, l.timing.maxRetry)
	}
}

// logChange logs that calls have started to fail, or succeed again.
func (l *Lookup) logChange(err error) {
	if err == nil {
		l.logger.Info("Container runtime is responding again", zap.String("cri_endpoint", l.socket))
		return
	}
	l.logger.Warn("Failed to look up pods in the container runtime; pods without a name in their state file remain unnamed",
		zap.String("cri_endpoint", l.socket), zap.Error(err))
}

// resolve looks up sandboxes and sends the results.
func (l *Lookup) resolve(ctx context.Context, connection *connection, ids []string) error {
	if len(ids) > maxSingleCalls {
		err := l.list(ctx, connection, "", ids)
		if status.Code(err) != codes.ResourceExhausted {
			return err
		}
	}
	for _, id := range ids {
		if err := l.list(ctx, connection, id, []string{id}); err != nil {
			return err
		}
	}
	return nil
}

// list makes one call, for all sandboxes or those that match filter, and sends
// the results for IDs.
func (l *Lookup) list(ctx context.Context, connection *connection, filter string, ids []string) error {
	callCtx, cancel := context.WithTimeout(ctx, l.timing.call)
	defer cancel()
	pods, err := connection.list(callCtx, filter)
	if err != nil {
		return err
	}
	for _, id := range ids {
		pod, found := pods[id]
		if !found {
			continue
		}
		// Before the result is received, because it may lead to a new request.
		l.Forget(id)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case l.results <- Result{id, pod}:
		}
	}
	return nil
}

// sleep waits and reports whether the full duration elapsed before the context
// ended.
func sleep(ctx context.Context, duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

package main

import (
	"context"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/top"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// liveSource passes the sandboxes of this host to the table.
type liveSource struct {
	live *inventory.Live
	// measuring is held while the sandboxes are measured: the table measures again
	// only after that, but may end before.
	measuring sync.Mutex

	// mu guards items, by key.
	mu    sync.Mutex
	items map[string]*inventory.Item
}

var _ top.Source = (*liveSource)(nil)

// Measure implements [top.Source].
func (s *liveSource) Measure(ctx context.Context) ([]top.Row, error) {
	s.measuring.Lock()
	defer s.measuring.Unlock()
	scan, cancel := context.WithTimeout(ctx, maxDiscovery)
	defer cancel()
	if err := s.live.WaitForScan(scan); err != nil {
		return nil, err
	}
	found, err := s.live.Measure(ctx)
	rows, items := make([]top.Row, len(found)), make(map[string]*inventory.Item, len(found))
	for i := range found {
		rows[i] = newTopRow(&found[i])
		items[rows[i].Key] = &found[i]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = items
	return rows, err
}

// Pull implements [top.Source].
func (s *liveSource) Pull(ctx context.Context, key string) (duration time.Duration, unresponsive bool, err error) {
	s.mu.Lock()
	item := s.items[key]
	s.mu.Unlock()
	if item == nil {
		return 0, false, inventory.ErrNotFound
	}
	duration, err = s.live.Pull(ctx, item)
	return duration, sandbox.OutcomeOf(err) == sandbox.Timeout, err
}

// maxClose is how long the end of the command waits for what hangs.
const maxClose = 5 * time.Second

// close ends discovery, when nothing is being measured. What hangs in a system call is
// left behind.
func (s *liveSource) close() {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.measuring.Lock()
		defer s.measuring.Unlock()
		s.live.Close()
	}()
	select {
	case <-closed:
	case <-time.After(maxClose):
	}
}

func newTopRow(item *inventory.Item) top.Row {
	id := item.Identity
	return top.Row{
		Key:     item.Path + " " + id.Iteration,
		Runtime: item.Runtime, State: string(item.State), ID: id.ID, Name: item.Name(), Created: id.Created,
		CPU: item.Usage.CPU, HasCPU: item.Usage.HasCPU, Memory: item.Usage.Memory, HasMemory: item.Usage.HasMemory,
		Trust: string(id.Trust), Reason: item.Reason.Name, Contactable: isContactable(item),
	}
}

package collect

import (
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// pending holds what the scheduler has to process: sandboxes that runtimes have
// reported, targets whose points the sink has lost, those whose overdue response has
// arrived, and those that have booted or ended. Writers never wait.
type pending struct {
	wake chan struct{}

	mu sync.Mutex
	// closed means that nothing will be processed anymore.
	closed  bool
	added   []sandbox.Sandbox
	gone    []sandbox.Sandbox
	lost    []*target
	late    []*target
	changed []*target
}

func newPending() *pending { return &pending{wake: make(chan struct{}, 1)} }

// add returns false after close: then the sandbox still belongs to the caller.
func (p *pending) add(s sandbox.Sandbox) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.added = append(p.added, s)
	p.notify()
	return true
}

func (p *pending) remove(s sandbox.Sandbox) {
	p.mu.Lock()
	p.gone = append(p.gone, s)
	p.mu.Unlock()
	p.notify()
}

func (p *pending) repull(t *target) {
	p.mu.Lock()
	p.lost = append(p.lost, t)
	p.mu.Unlock()
	p.notify()
}

func (p *pending) lateResponse(t *target) {
	p.mu.Lock()
	if !p.closed {
		p.late = append(p.late, t)
	}
	p.mu.Unlock()
	p.notify()
}

func (p *pending) change(t *target) {
	p.mu.Lock()
	if !p.closed {
		p.changed = append(p.changed, t)
	}
	p.mu.Unlock()
	p.notify()
}

func (p *pending) notify() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// close returns the sandboxes that were added since the last call of take.
func (p *pending) close() (added []sandbox.Sandbox) {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	added, _, _, _, _ = p.take()
	return added
}

// take returns everything and leaves nothing.
func (p *pending) take() (added, gone []sandbox.Sandbox, lost, late, changed []*target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	added, gone, lost, late, changed = p.added, p.gone, p.lost, p.late, p.changed
	p.added, p.gone, p.lost, p.late, p.changed = nil, nil, nil, nil, nil
	return added, gone, lost, late, changed
}

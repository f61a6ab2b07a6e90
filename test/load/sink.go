package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// sink is the pipeline behind the receiver. It forgets the data, after a look
// at it that costs more or less.
type sink struct {
	look atomic.Int32

	mu   sync.Mutex
	seen map[string]struct{}
	last time.Time
	more chan struct{}
	// samples is where the next data goes while that is the way to look.
	samples chan pmetric.Metrics
	sample  pmetric.Metrics
}

// Ways to look at data, from dear to cheap.
const (
	nameSandboxes int32 = iota
	keepOne
	forget
)

// leastMetrics is what a sandbox has delivered at least if it was pulled with
// success; metrics about it alone are fewer.
const leastMetrics = 15

func newSink() *sink {
	return &sink{seen: make(map[string]struct{}), more: make(chan struct{}, 1), samples: make(chan pmetric.Metrics, 1)}
}

func (s *sink) use(look int32) { s.look.Store(look) }

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeMetrics(_ context.Context, data pmetric.Metrics) error {
	switch s.look.Load() {
	case nameSandboxes:
		for _, id := range deliveredBy(data) {
			s.note(id)
		}
	case keepOne:
		select {
		case s.samples <- data:
		default:
		}
	}
	return nil
}

// deliveredBy lists the ids of the sandboxes whose own metrics are in the data.
func deliveredBy(data pmetric.Metrics) []string {
	var ids []string
	for _, resource := range data.ResourceMetrics().All() {
		id, found := resource.Resource().Attributes().Get("sandbox.id")
		if !found {
			continue
		}
		metrics := 0
		for _, scope := range resource.ScopeMetrics().All() {
			metrics += scope.Metrics().Len()
		}
		if metrics >= leastMetrics {
			ids = append(ids, id.Str())
		}
	}
	return ids
}

func (s *sink) note(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.seen[id]; known {
		return
	}
	s.seen[id] = struct{}{}
	s.last = time.Now()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

func (s *sink) sandboxes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

// awaitSandboxes waits until so many sandboxes have delivered, and returns when
// the last of them did.
func (s *sink) awaitSandboxes(count int, patience time.Duration) (last time.Time, complete bool) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for s.sandboxes() < count {
		select {
		case <-s.more:
		case <-timer.C:
			return time.Now(), false
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, true
}

// keepSample waits for the next data and keeps it.
func (s *sink) keepSample(patience time.Duration) (complete bool) {
	s.use(keepOne)
	defer s.use(forget)
	select {
	case s.sample = <-s.samples:
		return true
	case <-time.After(patience):
		return false
	}
}

package main

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// sink is the consumer of the receiver in a benchmark. It discards the data; its
// mode determines what it does first.
type sink struct {
	mode atomic.Int32

	mu   sync.Mutex
	seen map[string]struct{}
	last time.Time
	more chan struct{}
	// samples receives the next data in mode keepNext.
	samples chan pmetric.Metrics
	sample  pmetric.Metrics
	counts  seriesCounts
}

// Modes of a sink, from most to least expensive.
const (
	recordIDs int32 = iota
	countAll
	keepNext
	discardAll
)

// minMetrics is the minimum number of metrics of a sandbox after a successful
// pull, without those that the receiver adds.
const minMetrics = 1

// addedPrefixes are those of metrics that do not require a successful pull, in both
// namings.
var addedPrefixes = []string{"sandbox.", "sandbox_", "container.", "container_", "gvisor.sandbox.", "runsc_meta_"}

func newSink() *sink {
	return &sink{seen: make(map[string]struct{}), more: make(chan struct{}, 1), samples: make(chan pmetric.Metrics, 1)}
}

func (s *sink) use(mode int32) { s.mode.Store(mode) }

func (s *sink) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (s *sink) ConsumeMetrics(_ context.Context, data pmetric.Metrics) error {
	switch s.mode.Load() {
	case recordIDs:
		for _, id := range deliveredBy(data) {
			s.record(id)
		}
	case countAll:
		s.mu.Lock()
		s.counts.add(data)
		s.mu.Unlock()
	case keepNext:
		select {
		case s.samples <- data:
		default:
		}
	}
	return nil
}

// deliveredBy returns the IDs of the sandboxes whose own metrics are in the data.
func deliveredBy(data pmetric.Metrics) []string {
	var ids []string
	for _, resource := range data.ResourceMetrics().All() {
		id, found := resource.Resource().Attributes().Get("sandbox.id")
		if !found {
			continue
		}
		metrics := 0
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				if !hasPrefix(metric.Name(), addedPrefixes) {
					metrics++
				}
			}
		}
		if metrics >= minMetrics {
			ids = append(ids, id.Str())
		}
	}
	return ids
}

func hasPrefix(text string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(text, prefix) })
}

func (s *sink) record(id string) {
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

// awaitSandboxes waits until count sandboxes have delivered, and returns the time
// of the last first delivery.
func (s *sink) awaitSandboxes(count int, timeout time.Duration) (last time.Time, complete bool) {
	timer := time.NewTimer(timeout)
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

// keepSample waits for the next data and keeps it. It reports whether data
// arrived.
func (s *sink) keepSample(timeout time.Duration) (complete bool) {
	s.use(keepNext)
	defer s.use(discardAll)
	select {
	case s.sample = <-s.samples:
		return true
	case <-time.After(timeout):
		return false
	}
}

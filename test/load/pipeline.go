package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// behavior is how a pipeline handles data.
type behavior int

const (
	accepts behavior = iota
	refuses
	blocks
)

// pipeline is the consumer of the receiver in a soak test. It records when each
// steady sandbox delivers metrics.
type pipeline struct {
	mu sync.Mutex
	// current is the current behavior; changed is closed when it changes.
	current behavior
	changed chan struct{}
	// began is the start of the current phase. deliveries holds the times of the
	// deliveries in this phase, by the ID of the steady sandbox.
	began      time.Time
	deliveries map[string][]time.Time
	// usage is what the steady sandboxes have delivered about their usage since the
	// start.
	usage map[string]*usageRecord
	// records are the log records of this phase.
	records logRecords
}

func newPipeline(steady []string) *pipeline {
	p := &pipeline{
		changed: make(chan struct{}), deliveries: make(map[string][]time.Time), usage: make(map[string]*usageRecord),
		records: logRecords{accepted: make(map[string]int)},
	}
	for _, id := range steady {
		p.deliveries[id] = nil
		p.usage[id] = &usageRecord{}
	}
	return p
}

func (p *pipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

var errRefused = errors.New("pipeline refuses data")

func (p *pipeline) ConsumeMetrics(ctx context.Context, data pmetric.Metrics) error {
	ids := deliveredBy(data)
	p.mu.Lock()
	now := time.Now()
	for _, id := range ids {
		if times, steady := p.deliveries[id]; steady {
			p.deliveries[id] = append(times, now)
		}
	}
	recordUsage(p.usage, data)
	p.mu.Unlock()
	return p.handle(ctx)
}

// handle accepts or refuses data, or blocks.
func (p *pipeline) handle(ctx context.Context) error {
	p.mu.Lock()
	behavior, changed := p.current, p.changed
	p.mu.Unlock()
	switch behavior {
	case refuses:
		return errRefused
	case blocks:
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
	return nil
}

// behave changes the behavior, also for calls that are currently blocked.
func (p *pipeline) behave(b behavior) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.current = b
	close(p.changed)
	p.changed = make(chan struct{})
}

// begin starts a phase.
func (p *pipeline) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = time.Now()
	p.records = logRecords{accepted: make(map[string]int)}
	for id := range p.deliveries {
		p.deliveries[id] = nil
	}
}

// missing returns the number of steady sandboxes that have not delivered.
func (p *pipeline) missing() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, times := range p.deliveries {
		if len(times) == 0 {
			n++
		}
	}
	return n
}

// check returns an error if a steady sandbox missed an interval in this phase.
func (p *pipeline) check(phase string, interval time.Duration, stdout io.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ended := time.Now()
	var gaps []time.Duration
	deliveries, late := 0, 0
	for _, times := range p.deliveries {
		gap := longestGap(p.began, times, ended)
		if gap >= 2*interval {
			late++
		}
		gaps = append(gaps, gap)
		deliveries += len(times)
	}
	slices.Sort(gaps)
	_, _ = fmt.Fprintf(stdout, "%s: %d steady sandboxes delivered %d times in %v; longest gap: %v\n",
		phase, len(p.deliveries), deliveries, ended.Sub(p.began).Round(time.Millisecond), longest(gaps).Round(time.Millisecond))
	if late > 0 {
		return fmt.Errorf("%s: %d of %d steady sandboxes missed an interval of %v: the longest gap was %v",
			phase, late, len(p.deliveries), interval, longest(gaps))
	}
	return nil
}

// longestGap returns the longest time without a delivery, including the times
// before the first and after the last one.
func longestGap(began time.Time, times []time.Time, ended time.Time) time.Duration {
	gap, last := time.Duration(0), began
	for _, t := range append(slices.Clone(times), ended) {
		gap = max(gap, t.Sub(last))
		last = t
	}
	return gap
}

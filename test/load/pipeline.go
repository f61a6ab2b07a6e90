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

// behavior is what a pipeline does with data.
type behavior int

const (
	accepts behavior = iota
	refuses
	blocks
)

// pipeline is what the receiver hands its data to in a soak. It notes when the
// steady sandboxes deliver.
type pipeline struct {
	mu sync.Mutex
	// now is what it does; changed is closed when that changes.
	now     behavior
	changed chan struct{}
	// began is the start of the phase, deliveries the times of all deliveries
	// in it by the id of each steady sandbox.
	began      time.Time
	deliveries map[string][]time.Time
}

func newPipeline(steady []string) *pipeline {
	p := &pipeline{changed: make(chan struct{}), deliveries: make(map[string][]time.Time)}
	for _, id := range steady {
		p.deliveries[id] = nil
	}
	return p
}

func (p *pipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

var errRefused = errors.New("the pipeline takes nothing at the moment")

func (p *pipeline) ConsumeMetrics(ctx context.Context, data pmetric.Metrics) error {
	ids := deliveredBy(data)
	p.mu.Lock()
	now := time.Now()
	for _, id := range ids {
		if times, steady := p.deliveries[id]; steady {
			p.deliveries[id] = append(times, now)
		}
	}
	behavior, changed := p.now, p.changed
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

// behave changes what it does with data, also with what it holds up.
func (p *pipeline) behave(b behavior) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = b
	close(p.changed)
	p.changed = make(chan struct{})
}

// begin starts a phase.
func (p *pipeline) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began = time.Now()
	for id := range p.deliveries {
		p.deliveries[id] = nil
	}
}

// missing counts the steady sandboxes that have not delivered.
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

// check fails if a steady sandbox has lost an interval in this phase.
func (p *pipeline) check(phase string, interval time.Duration, stdout io.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	ended := time.Now()
	var gaps []time.Duration
	deliveries, losers := 0, 0
	for _, times := range p.deliveries {
		gap := longestGap(p.began, times, ended)
		if gap >= 2*interval {
			losers++
		}
		gaps = append(gaps, gap)
		deliveries += len(times)
	}
	slices.Sort(gaps)
	_, _ = fmt.Fprintf(stdout, "%s: %d steady sandboxes have delivered %d times in %v; longest time without: %v\n",
		phase, len(p.deliveries), deliveries, ended.Sub(p.began).Round(time.Millisecond), worst(gaps).Round(time.Millisecond))
	if losers > 0 {
		return fmt.Errorf("%s: %d of %d honest sandboxes have lost an interval of %v: the longest time without was %v",
			phase, losers, len(p.deliveries), interval, worst(gaps))
	}
	return nil
}

// longestGap is the longest time without a delivery, beginning and end of the
// phase included.
func longestGap(began time.Time, times []time.Time, ended time.Time) time.Duration {
	longest, last := time.Duration(0), began
	for _, t := range append(slices.Clone(times), ended) {
		longest = max(longest, t.Sub(last))
		last = t
	}
	return longest
}

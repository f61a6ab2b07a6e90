package emit

import (
	"context"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// fakePipeline accepts batches, refuses them, or blocks.
type fakePipeline struct {
	// err is the error with which it refuses batches.
	err atomic.Pointer[error]
	// block makes it block until the context of a call ends.
	block bool
	// calls counts the calls of ConsumeMetrics.
	calls atomic.Int32

	mu      sync.Mutex
	batches []pmetric.Metrics
}

// refuse makes the pipeline refuse batches, or accept them if the error is nil.
func (p *fakePipeline) refuse(err error) { p.err.Store(&err) }

func (p *fakePipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *fakePipeline) ConsumeMetrics(ctx context.Context, metrics pmetric.Metrics) error {
	p.calls.Add(1)
	if p.block {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := p.err.Load(); err != nil && *err != nil {
		return *err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches = append(p.batches, metrics)
	return nil
}

// sizes returns the number of points of each accepted batch.
func (p *fakePipeline) sizes() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	sizes := make([]int, 0, len(p.batches))
	for _, batch := range p.batches {
		sizes = append(sizes, batch.DataPointCount())
	}
	return sizes
}

// ends returns the number of accepted points that end series.
func (p *fakePipeline) ends() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for _, batch := range p.batches {
		for _, resource := range batch.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				for _, metric := range scope.Metrics().All() {
					for _, dp := range metric.Sum().DataPoints().All() {
						if dp.Flags().NoRecordedValue() {
							count++
						}
					}
				}
			}
		}
	}
	return count
}

// fakeSource counts lost readings, and those of them that should be pulled again.
type fakeSource struct{ lost, repulls atomic.Int32 }

func (s *fakeSource) Lost(repull bool) {
	s.lost.Add(1)
	if repull {
		s.repulls.Add(1)
	}
}

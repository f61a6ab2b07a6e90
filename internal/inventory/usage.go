package inventory

import (
	"context"
	"errors"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Names of the metrics that [Inventory.Measure] reads.
const (
	cpuTime     = "sandbox.cpu.time"
	memoryUsage = "sandbox.memory.usage"
)

// Usage is the usage of a sandbox on the host, including the runtime.
type Usage struct {
	// CPU is the CPU time since the start of the sandbox, if HasCPU is set.
	CPU    time.Duration
	HasCPU bool
	// Memory is in bytes, if HasMemory is set.
	Memory    int64
	HasMemory bool
}

// CPUAndMemory allows [Inventory.Measure].
func CPUAndMemory(settings *sandbox.Settings) { MeasureUsage(cpuTime, memoryUsage)(settings) }

// Measure measures all sandboxes on the host and sets their Usage. It sends no request.
// The inventory must have been discovered with [CPUAndMemory]; what cannot be measured is
// missing. It may be called again.
func (i *Inventory) Measure(ctx context.Context) error {
	var errs []error
	passes := 1
	if !i.measured {
		// Only after the first pass is it known which cgroups several sandboxes have,
		// and these are used for none of them.
		passes = 2
	}
	for range passes {
		errs = nil
		for n := range i.Items {
			if ctx.Err() != nil {
				return errors.Join(append(errs, ctx.Err())...)
			}
			errs = append(errs, i.Items[n].measure())
		}
	}
	i.measured = true
	return errors.Join(errs...)
}

func (i *Item) measure() error {
	r := sandbox.NewReading()
	defer r.Free()
	i.Usage = Usage{}
	if err := i.AppendInfo(r, false); err != nil {
		return err
	}
	for n := range r.Points {
		point := &r.Points[n]
		switch point.Family.OTel.Name {
		case cpuTime: // one point per mode
			i.Usage.CPU += time.Duration(point.Value.AsFloat() * float64(time.Second))
			i.Usage.HasCPU = true
		case memoryUsage:
			i.Usage.Memory, i.Usage.HasMemory = point.Value.AsInt(), true
		}
	}
	return nil
}

package usage

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// exitFigures are those that are known about a sandbox when it has ended. They are part
// of every reading, because the cgroup may be removed with the sandbox.
const exitFigures = host.FigureCPU | host.FigureThrottled | host.FigureMemory | host.FigureMemoryPeak | host.FigureOOMKills

// sample holds the figures of the last readings.
type sample struct {
	// time is when the CPU time was measured or, if it is not known, the other figures.
	time                   time.Time
	known                  host.Figures
	cpu, throttled         time.Duration
	memory, peak, oomKills uint64
	// oomRose is when OOM kills were last found to have increased.
	oomRose time.Time
}

// take takes over the known figures of a footprint.
func (s *sample) take(f *Footprint, now time.Time) {
	known := f.Known & exitFigures
	if known == 0 {
		return
	}
	if known.Has(host.FigureCPU) || !s.known.Has(host.FigureCPU) {
		s.time = now
	}
	if known.Has(host.FigureCPU) {
		s.cpu = f.CPU
	}
	if known.Has(host.FigureThrottled) {
		s.throttled = f.Throttled
	}
	if known.Has(host.FigureMemory) {
		s.memory = f.Memory
	}
	if known.Has(host.FigureMemoryPeak) {
		s.peak = f.MemoryPeak
	}
	if known.Has(host.FigureOOMKills) {
		if s.known.Has(host.FigureOOMKills) && f.OOMKills > s.oomKills {
			s.oomRose = now
		}
		s.oomKills = f.OOMKills
	}
	s.known |= known
}

// oomDelay is far above the time between an OOM kill and the end of the process that it
// kills. A reading may come between the two.
const oomDelay = 10 * time.Second

// Exit adds the figures of a sandbox that has ended: those of its cgroup, if that still
// exists, and otherwise those of the last reading. It reports whether the kernel killed
// a process because a memory limit was reached, immediately before the end.
func (r *Reporter) Exit(exit *sandbox.Exit) (oom bool) {
	if r == nil || r.meter == nil {
		return false
	}
	s := &r.sample
	var footprint Footprint
	if err := r.meter.Read(exitFigures, &footprint); err == nil {
		if s.known.Has(host.FigureMemory) {
			// What is left now is no longer used by the sandbox.
			footprint.Known &^= host.FigureMemory
		}
		s.take(&footprint, exit.Time)
	}
	for _, row := range [...]struct {
		figure host.Figures
		known  sandbox.ExitFigures
	}{
		{host.FigureCPU, sandbox.ExitCPU},
		{host.FigureThrottled, sandbox.ExitThrottled},
		{host.FigureMemory, sandbox.ExitMemory},
		{host.FigureMemoryPeak, sandbox.ExitMemoryPeak},
		{host.FigureOOMKills, sandbox.ExitOOMKills},
	} {
		if s.known.Has(row.figure) {
			exit.Known |= row.known
		}
	}
	exit.CPU, exit.Throttled = s.cpu, s.throttled
	exit.Memory, exit.MemoryPeak, exit.OOMKills = s.memory, s.peak, s.oomKills
	exit.SampleAge = max(0, exit.Time.Sub(s.time))
	return !s.oomRose.IsZero() && exit.Time.Sub(s.oomRose) < oomDelay
}

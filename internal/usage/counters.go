package usage

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// counters accumulate all counters of a footprint.
type counters struct {
	cpu, user, system, throttled, oomKills                   counter
	readBytes, writtenBytes, readOperations, writeOperations counter
	pressure                                                 [3][2]counter
	// cpuFromProcesses is the source of the CPU time of the last reading.
	cpuFromProcesses bool
}

// restart makes the counters of a cgroup that was created again continue.
func (c *counters) restart() {
	if !c.cpuFromProcesses {
		c.cpu.last, c.user.last, c.system.last = 0, 0, 0
	}
	for _, counter := range []*counter{
		&c.throttled, &c.oomKills, &c.readBytes, &c.writtenBytes, &c.readOperations, &c.writeOperations,
	} {
		counter.last = 0
	}
	for i := range c.pressure {
		c.pressure[i][0].last, c.pressure[i][1].last = 0, 0
	}
}

// accumulate replaces the known counters of a footprint by their totals.
func (c *counters) accumulate(f *Footprint) {
	if f.Known.Has(host.FigureCPU) {
		c.accumulateCPU(f)
	}
	if f.Known.Has(host.FigureThrottled) {
		advanceTime(&c.throttled, &f.Throttled, continued)
	}
	if f.Known.Has(host.FigureOOMKills) {
		f.OOMKills = c.oomKills.advance(f.OOMKills, continued)
	}
	if f.Known.Has(host.FigureDiskBytes) {
		f.ReadBytes = c.readBytes.advance(f.ReadBytes, adjustable)
		f.WrittenBytes = c.writtenBytes.advance(f.WrittenBytes, adjustable)
	}
	if f.Known.Has(host.FigureDiskOperations) {
		f.ReadOperations = c.readOperations.advance(f.ReadOperations, adjustable)
		f.WriteOperations = c.writeOperations.advance(f.WriteOperations, adjustable)
	}
	for i, figure := range [...]host.Figures{host.FigureCPUPressure, host.FigureMemoryPressure, host.FigureIOPressure} {
		if f.Known.Has(figure) {
			pressure := [...]*host.Pressure{&f.CPUPressure, &f.MemoryPressure, &f.IOPressure}[i]
			advanceTime(&c.pressure[i][0], &pressure.Some, continued)
			advanceTime(&c.pressure[i][1], &pressure.Full, continued)
		}
	}
}

// accumulateCPU accumulates the CPU time. That of a cgroup decreases only if it was
// reset.
func (c *counters) accumulateCPU(f *Footprint) {
	fromProcesses := f.FromProcesses.Has(host.FigureCPU)
	how := continued
	switch {
	case fromProcesses != c.cpuFromProcesses:
		how = resumed
	case !fromProcesses && uint64(f.CPU) < c.cpu.last: //nolint:gosec // not negative
		how = restarted
	}
	c.cpuFromProcesses = fromProcesses
	advanceTime(&c.cpu, &f.CPU, how)
	advanceTime(&c.user, &f.User, how)
	advanceTime(&c.system, &f.System, how)
}

// advanceTime is [counter.advance] for a duration, which it replaces by the total.
func advanceTime(c *counter, value *time.Duration, how transition) {
	*value = time.Duration(c.advance(uint64(*value), how)) //nolint:gosec // neither is negative
}

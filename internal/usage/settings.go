package usage

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Settings are shared by the reporters of all sandboxes of a runtime.
type Settings struct {
	families *Families
	// figures are those that the families need.
	figures  host.Figures
	interval time.Duration
	host     *Host

	filestores *filestores
}

// NewSettings returns the settings of a runtime, nil if usage is not reported.
func NewSettings(usage sandbox.UsageSettings, processes host.Processes) *Settings {
	if usage.Interval == 0 {
		return nil
	}
	families := NewFamilies(usage.Enabled)
	return &Settings{
		families: families,
		figures:  families.figures(),
		interval: usage.Interval,
		host:     NewHost(host.Cgroups{Root: usage.CgroupRoot}, processes),

		filestores: newFilestores(),
	}
}

// Interval is the time between two readings of a sandbox.
func (s *Settings) Interval() time.Duration { return s.interval }

// figures returns the figures of the host that the families need.
func (f *Families) figures() (wanted host.Figures) {
	for _, row := range []struct {
		family  *sandbox.Family
		figures host.Figures
	}{
		{f.cpuTime, host.FigureCPU},
		{f.cpuOverhead, host.FigureCPU},
		{f.throttledTime, host.FigureThrottled},
		{f.cpuLimit, host.FigureCPULimit},
		{f.memory, host.FigureMemory},
		{f.memoryOverhead, host.FigureMemory},
		{f.workingSet, host.FigureWorkingSet},
		{f.peak, host.FigureMemoryPeak},
		{f.memoryLimit, host.FigureMemoryLimit},
		{f.oomKills, host.FigureOOMKills},
		{f.processes, host.FigureProcesses},
		{f.processLimit, host.FigureProcessLimit},
		{f.diskIO, host.FigureDiskBytes},
		{f.diskOperations, host.FigureDiskOperations},
		{f.stallTime, host.FigureCPUPressure | host.FigureMemoryPressure | host.FigureIOPressure},
	} {
		if row.family != nil {
			wanted |= row.figures
		}
	}
	return wanted
}

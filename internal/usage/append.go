package usage

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Label values, which all points share.
var (
	user      = []string{"user"}
	system    = []string{"system"}
	read      = []string{"read"}
	write     = []string{"write"}
	requested = []string{"requested"}
	enforced  = []string{"enforced"}
	stalls    = [3][2][]string{
		{{"cpu", "some"}, {"cpu", "full"}},
		{{"memory", "some"}, {"memory", "full"}},
		{{"io", "some"}, {"io", "full"}},
	}
)

func (r *Reporter) appendCPU(into *sandbox.Reading, report *Report, u *Footprint) {
	f, w := r.settings.families, report.Workload
	if u.Known.Has(host.FigureCPU) {
		r.add(into, f.cpuTime, seconds(u.User), user)
		r.add(into, f.cpuTime, seconds(u.System), system)
	}
	if u.Known.Has(host.FigureThrottled) {
		r.add(into, f.throttledTime, seconds(u.Throttled), nil)
	}
	if report.Requested.CPUs > 0 {
		r.add(into, f.cpuLimit, sandbox.Float(report.Requested.CPUs), requested)
	}
	if u.Known.Has(host.FigureCPULimit) {
		r.add(into, f.cpuLimit, sandbox.Float(u.CPULimit), enforced)
	}
	if w != nil && w.HasCPU {
		r.add(into, f.workloadCPU, seconds(w.CPU), nil)
		if u.Known.Has(host.FigureCPU) {
			r.add(into, f.cpuOverhead, seconds(u.CPU-w.CPU), nil)
		}
	}
}

func (r *Reporter) appendMemory(into *sandbox.Reading, report *Report, u *Footprint) {
	f, w := r.settings.families, report.Workload
	for _, row := range []struct {
		figure host.Figures
		family *sandbox.Family
		value  uint64
	}{
		{host.FigureMemory, f.memory, u.Memory},
		{host.FigureWorkingSet, f.workingSet, u.WorkingSet},
		{host.FigureMemoryPeak, f.peak, u.MemoryPeak},
		{host.FigureOOMKills, f.oomKills, u.OOMKills},
	} {
		if u.Known.Has(row.figure) {
			r.add(into, row.family, count(row.value), nil)
		}
	}
	if report.Requested.Memory > 0 {
		r.add(into, f.memoryLimit, sandbox.Int(report.Requested.Memory), requested)
	}
	if u.Known.Has(host.FigureMemoryLimit) {
		r.add(into, f.memoryLimit, count(u.MemoryLimit), enforced)
	}
	if w != nil && w.HasMemory {
		r.add(into, f.workloadMemory, count(w.Memory), nil)
		if u.Known.Has(host.FigureMemory) {
			r.add(into, f.memoryOverhead, sandbox.Int(int64(u.Memory)-int64(w.Memory)), nil) //nolint:gosec // see count
		}
	}
}

// appendRest appends processes, disk and pressure.
func (r *Reporter) appendRest(into *sandbox.Reading, report *Report, u *Footprint) {
	f, w := r.settings.families, report.Workload
	if u.Known.Has(host.FigureProcesses) {
		r.add(into, f.processes, count(u.Processes), nil)
	}
	if u.Known.Has(host.FigureProcessLimit) {
		r.add(into, f.processLimit, count(u.ProcessLimit), nil)
	}
	if w != nil && w.HasProcesses {
		r.add(into, f.workloadProcesses, count(w.Processes), nil)
	}
	if u.Known.Has(host.FigureDiskBytes) {
		r.add(into, f.diskIO, count(u.ReadBytes), read)
		r.add(into, f.diskIO, count(u.WrittenBytes), write)
	}
	if u.Known.Has(host.FigureDiskOperations) {
		r.add(into, f.diskOperations, count(u.ReadOperations), read)
		r.add(into, f.diskOperations, count(u.WriteOperations), write)
	}
	for i, row := range [...]struct {
		figure   host.Figures
		pressure host.Pressure
	}{
		{host.FigureCPUPressure, u.CPUPressure},
		{host.FigureMemoryPressure, u.MemoryPressure},
		{host.FigureIOPressure, u.IOPressure},
	} {
		if u.Known.Has(row.figure) {
			r.add(into, f.stallTime, seconds(row.pressure.Some), stalls[i][0])
			if row.pressure.HasFull {
				r.add(into, f.stallTime, seconds(row.pressure.Full), stalls[i][1])
			}
		}
	}
	r.appendFilestores(into, report.Filestores)
}

// appendFilestores appends the size of the files, unless one of them cannot be
// examined.
func (r *Reporter) appendFilestores(into *sandbox.Reading, paths []string) {
	if r.settings.families.filestore == nil || len(paths) == 0 {
		return
	}
	if total, known := r.filestoreSize(paths); known {
		r.add(into, r.settings.families.filestore, count(total), nil)
	}
}

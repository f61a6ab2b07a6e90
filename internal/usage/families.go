package usage

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Families are the metrics of usage. A family that is disabled is nil.
//
// Their names, descriptions and units are those of metadata.yaml, with which a
// test compares them. In the naming "prometheus" they are what an exporter makes
// of these names, because no upstream exporter has such metrics.
type Families struct {
	// Measured on the host.
	cpuTime, throttledTime, cpuLimit      *sandbox.Family
	memory, workingSet, peak, memoryLimit *sandbox.Family
	oomKills                              *sandbox.Family
	processes, processLimit               *sandbox.Family
	diskIO, diskOperations                *sandbox.Family
	stallTime                             *sandbox.Family
	filestore                             *sandbox.Family
	cpuOverhead, memoryOverhead           *sandbox.Family
	// Measured in the sandbox.
	workloadCPU, workloadMemory, workloadProcesses *sandbox.Family
	networkIO, networkPackets                      *sandbox.Family
	networkErrors, networkDropped                  *sandbox.Family
	containerCPU                                   *sandbox.Family
}

// definition describes one family.
type definition struct {
	name, prometheus, description, unit string
	kind                                sandbox.Kind
	labels                              []string
	field                               func(*Families) **sandbox.Family
}

// NewFamilies returns the families whose name is enabled.
func NewFamilies(enabled func(name string) bool) *Families {
	families := &Families{}
	for _, d := range definitions {
		if enabled(d.name) {
			*d.field(families) = d.family()
		}
	}
	return families
}

func (d *definition) family() *sandbox.Family {
	descriptor := sandbox.Descriptor{
		Name: d.name, Description: d.description, Unit: d.unit, Kind: d.kind, LabelKeys: d.labels,
	}
	family := &sandbox.Family{OTel: descriptor, Prometheus: descriptor}
	family.Prometheus.Name = d.prometheus
	family.Prometheus.Unit = ""
	family.Prometheus.LabelKeys = make([]string, len(d.labels))
	for i, label := range d.labels {
		family.Prometheus.LabelKeys[i] = underscores.Replace(label)
	}
	return family
}

package registration

import (
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// units are the units of metrics by the last element of their path.
var units = map[string]string{
	"bytes":   "By",
	"packets": "{packet}",
}

// nanosecondUnits is the value of "units" for durations, which the naming "otel"
// has in seconds.
const (
	nanosecondUnits      = 1
	secondsPerNanosecond = 1e-9
)

var kinds = [...]sandbox.Kind{Gauge: sandbox.Gauge, Counter: sandbox.Counter, Histogram: sandbox.Histogram}

// The metric whose only field is the number of a system call:
//
//	unimplemented_syscalls{sysno="425"}
const (
	syscallsPath       = "/unimplemented_syscalls"
	syscallNumberField = "sysno"
)

// addFamilies sets the families of the metric, which name it in both namings. In the
// naming "otel" the attribute of a field is in the namespace gvisor, for example
// gvisor.sysno. There, the name of a system call follows its number.
func addFamilies(m *Metric, registeredUnit int64, prefix string) {
	// A gauge could be a sum in OpenTelemetry, but the registration does not
	// state which gauges can be added up.
	otel := sandbox.Descriptor{
		Name:        "gvisor" + strings.ReplaceAll(m.Path, "/", "."),
		Description: m.Help,
		Unit:        units[m.Path[strings.LastIndexByte(m.Path, '/')+1:]],
		Kind:        kinds[m.Type],
	}
	prometheus := sandbox.Descriptor{Name: prefix + m.Name, Description: m.Help, Kind: otel.Kind}
	if registeredUnit == nanosecondUnits {
		otel.Unit, otel.Scale = "s", secondsPerNanosecond
		// For example "Time waiting on file reads, in nanoseconds."
		otel.Description = strings.Replace(m.Help, ", in nanoseconds", "", 1)
	}
	for _, field := range m.Fields {
		otel.LabelKeys = append(otel.LabelKeys, "gvisor."+field.Key)
		prometheus.LabelKeys = append(prometheus.LabelKeys, field.Key)
	}
	m.CountsSyscalls = m.Path == syscallsPath && len(m.Fields) == 1 && m.Fields[0].Key == syscallNumberField
	if m.CountsSyscalls {
		otel.LabelKeys = append(otel.LabelKeys, "gvisor.syscall.name")
		prometheus.LabelKeys = append(prometheus.LabelKeys, "")
	}
	m.Family = &sandbox.Family{OTel: otel, Prometheus: prometheus}
	if m.Type != Histogram {
		return
	}
	gauge := func(suffix, description string) *sandbox.Family {
		descriptor := prometheus
		descriptor.Name += suffix
		descriptor.Kind = sandbox.Gauge
		descriptor.Description = description + " of " + prometheus.Name + "."
		return &sandbox.Family{Prometheus: descriptor}
	}
	m.Min = gauge("_min", "Smallest sample")
	m.Max = gauge("_max", "Largest sample")
	m.SSD = gauge("_ssd", "Sum of squared deviations from the mean")
}

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

// nanoseconds is the value of "units" for durations.
const nanoseconds = 1

var kinds = [...]sandbox.Kind{Gauge: sandbox.Gauge, Counter: sandbox.Counter, Histogram: sandbox.Histogram}

// addFamilies sets the families of the metric, which name it in both namings.
func addFamilies(m *Metric, registeredUnit int64, prefix string) {
	// A gauge could be a sum in OpenTelemetry, but the registration does not
	// state which gauges can be added up.
	otel := sandbox.Descriptor{
		Name:        "gvisor" + strings.ReplaceAll(m.Path, "/", "."),
		Description: m.Help,
		Unit:        units[m.Path[strings.LastIndexByte(m.Path, '/')+1:]],
		Kind:        kinds[m.Type],
	}
	if registeredUnit == nanoseconds {
		otel.Unit = "ns"
	}
	for _, field := range m.Fields {
		otel.LabelKeys = append(otel.LabelKeys, field.Key)
	}
	prometheus := otel
	prometheus.Name = prefix + m.Name
	prometheus.Unit = ""
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

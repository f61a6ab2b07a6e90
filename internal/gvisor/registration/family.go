package registration

import (
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// units are those of metrics whose path ends like this.
var units = map[string]string{
	"bytes":   "By",
	"packets": "{packet}",
}

// nanoseconds is the value of "units" for durations.
const nanoseconds = 1

var kinds = [...]sandbox.Kind{Gauge: sandbox.Gauge, Counter: sandbox.Counter, Histogram: sandbox.Histogram}

// addFamilies names the metric in both namings.
func addFamilies(m *Metric, registeredUnit int64, prefix string) {
	// A gauge may well be a sum over something, but the registration does not
	// tell which are.
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
		form := prometheus
		form.Name += suffix
		form.Kind = sandbox.Gauge
		form.Description = description + " of " + prometheus.Name + "."
		return &sandbox.Family{Prometheus: form}
	}
	m.Min = gauge("_min", "Smallest sample")
	m.Max = gauge("_max", "Largest sample")
	m.SSD = gauge("_ssd", "Sum of squared deviations from the mean")
}

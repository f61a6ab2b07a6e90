package sandboxreceiver

import (
	"reflect"
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// minimalMetrics are the metrics that the preset "minimal" has for each sandbox,
// in addition to gVisor's unimplemented system calls.
var minimalMetrics = []string{
	"container.cpu.time",
	"sandbox.cpu.time",
	"sandbox.memory.oom_kills",
	"sandbox.memory.usage",
	"sandbox.network.io",
	"sandbox.responsive",
	"sandbox.state",
	"sandbox.workload.cpu.time",
	"sandbox.workload.memory.usage",
}

// applyPreset enables the metrics of a preset and disables all others. The default
// preset is defined in metadata.yaml.
func applyPreset(preset sandbox.Preset, metrics *metadata.MetricsConfig) {
	*metrics = metadata.DefaultMetricsConfig()
	for name, enabled := range metricSwitches(metrics) {
		switch preset {
		case sandbox.Minimal:
			*enabled = slices.Contains(minimalMetrics, name)
		case sandbox.All:
			*enabled = true
		}
	}
}

// metricSwitches calls yield with the name of each metric and the option that
// enables it. Reflection makes metadata.yaml the only list of metrics; it is used
// only while the receiver is configured.
func metricSwitches(metrics *metadata.MetricsConfig) func(yield func(string, *bool) bool) {
	return func(yield func(string, *bool) bool) {
		all := reflect.ValueOf(metrics).Elem()
		for i := range all.NumField() {
			name := all.Type().Field(i).Tag.Get("mapstructure")
			if !yield(name, all.Field(i).FieldByName("Enabled").Addr().Interface().(*bool)) {
				return
			}
		}
	}
}

// enabledMetrics returns the names of the enabled metrics.
func enabledMetrics(metrics *metadata.MetricsConfig) map[string]bool {
	enabled := map[string]bool{}
	for name, is := range metricSwitches(metrics) {
		enabled[name] = *is
	}
	return enabled
}

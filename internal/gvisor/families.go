package gvisor

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// families are those that do not come from a sandbox's own answers. Their help
// texts in the naming "prometheus" are those of gVisor's exporter.
type families struct {
	presence, running              *sandbox.Family
	checkpointed, restored         *sandbox.Family
	cpuTimeSaved, wallTimeSaved    *sandbox.Family
	noCPUTimeSaved, noTimeSaved    *sandbox.Family // of sandboxes that were not restored
	metadata                       sandbox.Family  // without label keys
	capability, spec, creationTime *sandbox.Family
	serverPresence, seen           *sandbox.Family
	allRunning, allBroken          *sandbox.Family
	allCheckpointed, allRestored   *sandbox.Family
	processStart                   *sandbox.Family
}

// newFamilies names the families. Capabilities are many and seldom of interest,
// so the naming "otel" has them only on demand.
func newFamilies(prefix string, capabilitiesInOTel bool) *families {
	prometheus := func(name, help string, labels ...string) sandbox.Descriptor {
		return sandbox.Descriptor{Name: prefix + "meta_" + name, Description: help, LabelKeys: labels}
	}
	counter := func(form sandbox.Descriptor) sandbox.Descriptor {
		form.Kind = sandbox.Counter
		return form
	}
	otel := func(name, description, unit string, labels ...string) sandbox.Descriptor {
		return sandbox.Descriptor{Name: "gvisor.sandbox." + name, Description: description, Unit: unit, LabelKeys: labels}
	}
	constant := func(form sandbox.Descriptor) sandbox.Descriptor {
		form.Constant = true
		return form
	}
	scaled := func(form sandbox.Descriptor, scale float64) sandbox.Descriptor {
		form.Scale = scale
		return form
	}
	const milli = 1e-3
	f := &families{
		presence: &sandbox.Family{
			Prometheus: prometheus("sandbox_presence", "Boolean metric set to 1 for each known sandbox."),
		},
		running: &sandbox.Family{
			Prometheus: prometheus("sandbox_running", "Boolean metric set to 1 for each running sandbox."),
		},
		checkpointed: &sandbox.Family{
			OTel:       otel("checkpointed", "1 if the sandbox was checkpointed, 0 if not.", "{sandbox}"),
			Prometheus: prometheus("sandbox_checkpointed", "Boolean metric set to 1 for each checkpointed sandbox."),
		},
		restored: &sandbox.Family{
			OTel:       otel("restored", "1 if the sandbox began from a checkpoint, 0 if not.", "{sandbox}"),
			Prometheus: prometheus("sandbox_restored", "Boolean metric set to 1 for each restored sandbox."),
		},
		cpuTimeSaved: &sandbox.Family{
			OTel:       scaled(otel("cpu_time_saved", "CPU time that was saved by beginning from a checkpoint.", "s"), milli),
			Prometheus: prometheus("sandbox_cpu_time_saved_milliseconds", "CPU time saved for each restored sandbox (in milliseconds)."),
		},
		wallTimeSaved: &sandbox.Family{
			OTel:       scaled(otel("wall_time_saved", "Time that was saved by beginning from a checkpoint.", "s"), milli),
			Prometheus: prometheus("sandbox_wall_time_saved_milliseconds", "Wall time saved for each restored sandbox (in milliseconds)."),
		},
		metadata: sandbox.Family{
			OTel:       constant(otel("metadata", "Always 1; the attributes tell the build of gVisor and how it is set up.", "{sandbox}")),
			Prometheus: prometheus("sandbox_metadata", "Key-value pairs about per-sandbox metadata."),
		},
		capability: &sandbox.Family{
			Prometheus: prometheus("sandbox_capabilities", "Linux capabilities added within containers of the sandbox.", "capability"),
		},
		spec: &sandbox.Family{
			OTel: constant(otel("spec", "Always 1; the attributes tell what the OCI specs of the sandbox's containers ask for.", "{sandbox}",
				"hasuid0", "ociversion", "nvproxy", "tpuproxy")),
			Prometheus: prometheus("spec_metadata", "Key-value pairs about OCI spec metadata.",
				"hasuid0", "ociversion", "nvproxy", "tpuproxy"),
		},
		creationTime: &sandbox.Family{
			// In the naming "otel" every sum has it as its start.
			Prometheus: prometheus("sandbox_creation_time_seconds", "When the sandbox was created, as a unix timestamp in seconds."),
		},
		serverPresence: &sandbox.Family{
			Prometheus: prometheus("metric_server_presence", "Boolean metric always set to 1 for the metric server process."),
		},
		seen: &sandbox.Family{
			Prometheus: counter(prometheus("num_sandboxes_total", "Counter of sandboxes that have ever been started.")),
		},
		allRunning: &sandbox.Family{
			Prometheus: prometheus("num_sandboxes_running", "Number of sandboxes running at present."),
		},
		allBroken: &sandbox.Family{
			Prometheus: prometheus("num_sandboxes_broken_metrics", "Number of sandboxes from which we cannot export metrics."),
		},
		allCheckpointed: &sandbox.Family{
			Prometheus: counter(prometheus("num_sandboxes_checkpointed", "Counter of sandboxes that have been checkpointed.")),
		},
		allRestored: &sandbox.Family{
			Prometheus: counter(prometheus("num_sandboxes_restored", "Counter of sandboxes that have been restored.")),
		},
		processStart: &sandbox.Family{
			Prometheus: sandbox.Descriptor{Name: "process_start_time_seconds", Description: "Start time of the process since unix epoch in seconds."},
		},
	}
	if capabilitiesInOTel {
		f.capability.OTel = constant(otel("capability", "1 for each Linux capability that some container of the sandbox has.", "{capability}", "capability"))
	}
	f.noCPUTimeSaved = &sandbox.Family{Prometheus: f.cpuTimeSaved.Prometheus}
	f.noTimeSaved = &sandbox.Family{Prometheus: f.wallTimeSaved.Prometheus}
	for _, family := range []*sandbox.Family{f.serverPresence, f.seen, f.allRunning, f.allBroken, f.allCheckpointed, f.allRestored, f.processStart} {
		family.Origin = sandbox.Receiver
	}
	return f
}

// info is the family of a sandbox's metadata with the one point it has.
type info struct {
	family *sandbox.Family
	values []string
}

// infoOf makes an info of metadata.
func (f *families) infoOf(metadata *discovery.Metadata) *info {
	keys := make([]string, len(metadata.Attributes))
	values := make([]string, len(metadata.Attributes))
	for i, attribute := range metadata.Attributes {
		keys[i], values[i] = attribute.Key, attribute.Value
	}
	family := f.metadata
	family.OTel.LabelKeys, family.Prometheus.LabelKeys = keys, keys
	return &info{&family, values}
}

// seconds is a time in seconds since 1970.
func seconds(t time.Time) float64 {
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9
}

package gvisor

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// families are those that do not come from a sandbox's responses. Their help
// texts in the naming "prometheus" are those of gVisor's exporter.
type families struct {
	presence, running               *sandbox.Family
	checkpointed, restored          *sandbox.Family
	cpuTimeSaved, wallTimeSaved     *sandbox.Family
	noCPUTimeSaved, noWallTimeSaved *sandbox.Family // of sandboxes that were not restored
	metadata                        sandbox.Family  // without label keys
	capability, spec, creationTime  *sandbox.Family

	// Those of gVisor's exporter about itself.
	serverPresence, processStart *sandbox.Family
	seen                         *sandbox.Family
	allRunning, allBroken        *sandbox.Family
	allCheckpointed, allRestored *sandbox.Family
}

// newFamilies returns the families. otel selects whether the naming "otel" has any.
// Capabilities are many and rarely of interest, so it has them only on demand.
func newFamilies(prefix string, otel, capabilitiesInOTel bool) *families {
	f := &families{}
	f.addUpstream(prefix + "meta_")
	if otel {
		f.addOTel(capabilitiesInOTel)
	}
	return f
}

// addUpstream adds the families with their descriptors in the naming "prometheus".
func (f *families) addUpstream(prefix string) {
	descriptor := func(name, help string, labels ...string) sandbox.Descriptor {
		return sandbox.Descriptor{Name: prefix + name, Description: help, LabelKeys: labels}
	}
	family := func(name, help string, labels ...string) *sandbox.Family {
		return &sandbox.Family{Prometheus: descriptor(name, help, labels...)}
	}
	f.presence = family("sandbox_presence", "Boolean metric set to 1 for each known sandbox.")
	f.running = family("sandbox_running", "Boolean metric set to 1 for each running sandbox.")
	f.checkpointed = family("sandbox_checkpointed", "Boolean metric set to 1 for each checkpointed sandbox.")
	f.restored = family("sandbox_restored", "Boolean metric set to 1 for each restored sandbox.")
	f.cpuTimeSaved = family("sandbox_cpu_time_saved_milliseconds", "CPU time saved for each restored sandbox (in milliseconds).")
	f.wallTimeSaved = family("sandbox_wall_time_saved_milliseconds", "Wall time saved for each restored sandbox (in milliseconds).")
	f.noCPUTimeSaved = &sandbox.Family{Prometheus: f.cpuTimeSaved.Prometheus}
	f.noWallTimeSaved = &sandbox.Family{Prometheus: f.wallTimeSaved.Prometheus}
	f.metadata = *family("sandbox_metadata", "Key-value pairs about per-sandbox metadata.")
	f.capability = family("sandbox_capabilities", "Linux capabilities added within containers of the sandbox.", "capability")
	f.spec = family("spec_metadata", "Key-value pairs about OCI spec metadata.", "hasuid0", "ociversion", "nvproxy", "tpuproxy")
	f.creationTime = family("sandbox_creation_time_seconds", "When the sandbox was created, as a unix timestamp in seconds.")

	// Most sandboxes have many capabilities, and each point has all labels.
	for _, info := range []*sandbox.Family{&f.metadata, f.capability, f.spec, f.creationTime} {
		info.Prometheus.Info = true
	}

	receiver := func(kind sandbox.Kind, name, help string) *sandbox.Family {
		d := descriptor(name, help)
		d.Kind = kind
		return &sandbox.Family{Origin: sandbox.Receiver, Prometheus: d}
	}
	f.serverPresence = receiver(sandbox.Gauge, "metric_server_presence",
		"Boolean metric always set to 1 for the metric server process.")
	f.seen = receiver(sandbox.Counter, "num_sandboxes_total", "Counter of sandboxes that have ever been started.")
	f.allRunning = receiver(sandbox.Gauge, "num_sandboxes_running", "Number of sandboxes running at present.")
	f.allBroken = receiver(sandbox.Gauge, "num_sandboxes_broken_metrics", "Number of sandboxes from which we cannot export metrics.")
	f.allCheckpointed = receiver(sandbox.Counter, "num_sandboxes_checkpointed", "Counter of sandboxes that have been checkpointed.")
	f.allRestored = receiver(sandbox.Counter, "num_sandboxes_restored", "Counter of sandboxes that have been restored.")
	f.processStart = &sandbox.Family{Origin: sandbox.Receiver, Prometheus: sandbox.Descriptor{
		Name: "process_start_time_seconds", Description: "Start time of the process since unix epoch in seconds.",
	}}
}

// addOTel adds the descriptors of the naming "otel".
func (f *families) addOTel(capabilities bool) {
	descriptor := func(name, description, unit string, labels ...string) sandbox.Descriptor {
		return sandbox.Descriptor{Name: "gvisor.sandbox." + name, Description: description, Unit: unit, LabelKeys: labels}
	}
	const milliseconds = 1e-3
	f.checkpointed.OTel = descriptor("checkpointed", "Whether the sandbox was checkpointed (1) or not (0).", "{sandbox}")
	f.restored.OTel = descriptor("restored", "Whether the sandbox was restored from a checkpoint (1) or not (0).", "{sandbox}")
	f.cpuTimeSaved.OTel = descriptor("cpu_time_saved", "CPU time saved by restoring the sandbox from a checkpoint.", "s")
	f.cpuTimeSaved.OTel.Scale = milliseconds
	f.wallTimeSaved.OTel = descriptor("wall_time_saved", "Time saved by restoring the sandbox from a checkpoint.", "s")
	f.wallTimeSaved.OTel.Scale = milliseconds
	f.spec.OTel = descriptor("spec", "OCI specs of the sandbox's containers, described by the attributes. The value is always 1.",
		"{sandbox}", "gvisor.runs_as_root", "gvisor.spec.version", "gvisor.nvproxy", "gvisor.tpuproxy")
	f.spec.OTel.Info = true
	if capabilities {
		f.capability.OTel = descriptor("capability", "Linux capabilities of the sandbox's containers. The value is always 1.",
			"{capability}", "gvisor.capability")
		f.capability.OTel.Info = true
	}
}

// seconds returns a time in seconds since 1970.
func seconds(t time.Time) float64 {
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9
}

package lifecycle

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Encoder receives the attributes of an event.
type Encoder interface {
	Text(key, value string)
	Int(key string, value int64)
	Seconds(key string, value float64)
	Bool(key string, value bool)
}

// Attributes passes the attributes of an event to an encoder, without those of the
// resource. The keys are those in metadata.yaml.
func (e *Event) Attributes(to Encoder) {
	text := func(key, value string) {
		if value != "" {
			to.Text(key, value)
		}
	}
	text("sandbox.state", string(e.State))
	text("sandbox.skip_reason", e.SkipReason)
	text("file.path", e.Path)
	text("sandbox.verification.rule", e.Rule)
	text("sandbox.verification.metric", e.Metric)
	switch e.Name {
	case Recovered:
		to.Seconds("sandbox.unresponsive.duration", e.Duration.Seconds())
	case Exited:
		to.Text("sandbox.exit.reason", string(e.exitReason()))
		if e.Exit != nil {
			putExit(e.Exit, to)
		}
	}
	if e.Dropped > 0 {
		to.Int("sandbox.events.dropped", int64(e.Dropped))
	}
}

// putExit passes on what is known about the end of a sandbox.
func putExit(exit *sandbox.Exit, to Encoder) {
	if exit.Known.Has(sandbox.ExitLifetime) {
		to.Seconds("sandbox.exit.lifetime", exit.Lifetime.Seconds())
	}
	if exit.Known.Has(sandbox.ExitCPU) {
		to.Seconds("sandbox.exit.cpu.time", exit.CPU.Seconds())
	}
	if exit.Known.Has(sandbox.ExitThrottled) {
		to.Seconds("sandbox.exit.cpu.throttled_time", exit.Throttled.Seconds())
	}
	if exit.Known.Has(sandbox.ExitMemory) {
		to.Int("sandbox.exit.memory.usage", int64(exit.Memory))
	}
	if exit.Known.Has(sandbox.ExitMemoryPeak) {
		to.Int("sandbox.exit.memory.peak", int64(exit.MemoryPeak))
	}
	if exit.Known.Has(sandbox.ExitOOMKills) {
		to.Int("sandbox.exit.oom_kills", int64(exit.OOMKills))
	}
	if exit.Known&^sandbox.ExitLifetime != 0 {
		to.Seconds("sandbox.exit.sample.age", exit.SampleAge.Seconds())
	}
	to.Bool("sandbox.exit.restored", exit.Restored)
}

package collect

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// receiverFamilies are the metrics that the receiver adds for each sandbox. A
// test compares their names and descriptions with metadata.yaml. They exist in
// the naming "otel" only; runtimes provide the upstream exporters' metrics of
// this kind. A family that is disabled is nil.
type receiverFamilies struct {
	state, skipped, responsive, duration, age, failures, consecutive, next *sandbox.Family
	// These are about all sandboxes of a runtime.
	starts, exits, lifetime, startup *sandbox.Family
}

func newReceiverFamilies(config metadata.MetricsConfig) receiverFamilies {
	family := func(enabled bool, descriptor sandbox.Descriptor) *sandbox.Family {
		if !enabled {
			return nil
		}
		return &sandbox.Family{Origin: sandbox.Receiver, OTel: descriptor}
	}
	state := sandbox.Descriptor{
		Name:        "sandbox.state",
		Description: "State of the sandbox. The value is 1 for the current state.",
		Unit:        "{sandbox}",
		Kind:        sandbox.UpDownCounter,
		LabelKeys:   []string{"sandbox.state"},
	}
	skipped := state
	skipped.LabelKeys = []string{"sandbox.state", "sandbox.skip_reason"}
	starts, exits, lifetime, startup := lifetimeDescriptors()
	return receiverFamilies{
		starts:   family(config.SandboxStarts.Enabled, starts),
		exits:    family(config.SandboxExits.Enabled, exits),
		lifetime: family(config.SandboxLifetime.Enabled, lifetime),
		startup:  family(config.SandboxStartupDuration.Enabled, startup),

		state:   family(config.SandboxState.Enabled, state),
		skipped: family(config.SandboxState.Enabled, skipped),
		responsive: family(config.SandboxResponsive.Enabled, sandbox.Descriptor{
			Name:        "sandbox.responsive",
			Description: "Whether the last completed pull succeeded (1) or failed (0).",
			Unit:        "{sandbox}",
		}),
		duration: family(config.SandboxPullDuration.Enabled, sandbox.Descriptor{
			Name:        "sandbox.pull.duration",
			Description: "Duration of the last completed pull.",
			Unit:        "s",
		}),
		age: family(config.SandboxLastSuccessAge.Enabled, sandbox.Descriptor{
			Name:        "sandbox.last_success.age",
			Description: "Time since the last successful pull.",
			Unit:        "s",
		}),
		failures: family(config.SandboxPullFailures.Enabled, sandbox.Descriptor{
			Name:        "sandbox.pull.failures",
			Description: "Number of failed pulls, by error type.",
			Unit:        "{pull}",
			Kind:        sandbox.Counter,
			LabelKeys:   []string{"error.type"},
		}),
		consecutive: family(config.SandboxPullConsecutiveFailures.Enabled, sandbox.Descriptor{
			Name:        "sandbox.pull.consecutive_failures",
			Description: "Number of failed pulls since the last successful one.",
			Unit:        "{pull}",
		}),
		next: family(config.SandboxNextPullDelay.Enabled, sandbox.Descriptor{
			Name:        "sandbox.next_pull.delay",
			Description: "Time until the next pull.",
			Unit:        "s",
		}),
	}
}

// append appends the receiver's metrics of a sandbox to its reading.
func (f *receiverFamilies) append(r *sandbox.Reading, status sandbox.Status, h *health) {
	f.appendState(r, status)
	if h.outcome == "" || !status.Pulled() {
		return
	}
	// A skipped sandbox is not contacted: its pulls read the host.
	if f.responsive != nil && status.State != sandbox.Skipped {
		r.Add(f.responsive, sandbox.Bool(h.failures == 0 && !h.lastSuccess.IsZero()))
	}
	if f.duration != nil {
		r.Add(f.duration, sandbox.Float(h.duration.Seconds()))
	}
	if f.age != nil && !h.lastSuccess.IsZero() {
		// Not relative to the time of the reading, which may come from the sandbox.
		r.Add(f.age, sandbox.Float(time.Since(h.lastSuccess).Seconds()))
	}
	f.appendFailures(r, h)
	if f.consecutive != nil {
		r.Add(f.consecutive, sandbox.Int(int64(h.failures)))
	}
	if f.next != nil {
		r.Add(f.next, sandbox.Float(max(0, time.Until(h.next).Seconds())))
	}
}

func (f *receiverFamilies) appendState(r *sandbox.Reading, status sandbox.Status) {
	switch {
	case f.state == nil:
	case status.SkipReason != "":
		r.AddLabeled(f.skipped, sandbox.Int(1), string(status.State), status.SkipReason)
	default:
		r.AddLabeled(f.state, sandbox.Int(1), string(status.State))
	}
}

func (f *receiverFamilies) appendFailures(r *sandbox.Reading, h *health) {
	if f.failures == nil || h.failed == nil {
		return
	}
	for _, errorType := range sandbox.Outcomes {
		if count := h.failed[errorType]; count > 0 {
			r.AddLabeled(f.failures, sandbox.Int(count), string(errorType))
		}
	}
}

// appendSeries appends one point for each series that append may have emitted.
func (f *receiverFamilies) appendSeries(r *sandbox.Reading, status sandbox.Status, h *health) {
	ended := *h
	if ended.outcome == "" {
		ended.outcome = sandbox.OK
	}
	f.append(r, status, &ended)
}

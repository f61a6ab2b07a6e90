package collect

import (
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// health is what the collection knows about a sandbox from asking it.
type health struct {
	// outcome of the last pull, empty before the first; failures in a row.
	outcome  sandbox.Outcome
	failures int
	// duration of the last pull, and when the last success was.
	duration    time.Duration
	lastSuccess time.Time
	// failed counts failures by outcome. Few sandboxes ever fail, so it is
	// made with the first failure.
	failed map[sandbox.Outcome]int64
}

// note takes in how a pull ended.
func (h *health) note(outcome sandbox.Outcome, began, now time.Time) {
	h.outcome = outcome
	h.duration = now.Sub(began)
	switch outcome {
	case sandbox.OK:
		h.lastSuccess = now
		h.failures = 0
	case sandbox.Gone, sandbox.Canceled:
	default:
		h.failures++
		if h.failed == nil {
			h.failed = map[sandbox.Outcome]int64{}
		}
		h.failed[outcome]++
	}
}

// fixedFamilies are the metrics that the receiver adds for each sandbox. Their
// names and texts are those of metadata.yaml, which a test holds them to. They
// exist in the naming "otel" only; the peers' own metrics of this kind come
// from the runtimes.
type fixedFamilies struct {
	state, responsive, duration, age, failures *sandbox.Family
}

func fixedFamily(enabled bool, form sandbox.Descriptor) *sandbox.Family {
	if !enabled {
		return nil
	}
	return &sandbox.Family{Origin: sandbox.Receiver, OTel: form}
}

func newFixedFamilies(config metadata.MetricsConfig) fixedFamilies {
	return fixedFamilies{
		state: fixedFamily(config.SandboxState.Enabled, sandbox.Descriptor{
			Name:        "sandbox.state",
			Description: "State of the sandbox. The value is 1 for the current state.",
			Unit:        "{sandbox}",
			Kind:        sandbox.UpDownCounter,
			LabelKeys:   []string{"sandbox.state"},
		}),
		responsive: fixedFamily(config.SandboxResponsive.Enabled, sandbox.Descriptor{
			Name:        "sandbox.responsive",
			Description: "Whether the last completed pull succeeded (1) or failed (0).",
			Unit:        "{sandbox}",
		}),
		duration: fixedFamily(config.SandboxPullDuration.Enabled, sandbox.Descriptor{
			Name:        "sandbox.pull.duration",
			Description: "Duration of the last completed pull.",
			Unit:        "s",
		}),
		age: fixedFamily(config.SandboxLastSuccessAge.Enabled, sandbox.Descriptor{
			Name:        "sandbox.last_success.age",
			Description: "Time since the last successful pull.",
			Unit:        "s",
		}),
		failures: fixedFamily(config.SandboxPullFailures.Enabled, sandbox.Descriptor{
			Name:        "sandbox.pull.failures",
			Description: "Number of failed pulls, by error type.",
			Unit:        "{pull}",
			Kind:        sandbox.Counter,
			LabelKeys:   []string{"error.type"},
		}),
	}
}

// append adds the fixed metrics of a sandbox to its reading.
func (f *fixedFamilies) append(r *sandbox.Reading, state sandbox.State, h *health) {
	if f.state != nil {
		r.AddLabeled(f.state, sandbox.Int(1), string(state))
	}
	if h.outcome == "" || !state.Pulled() {
		return
	}
	if f.responsive != nil {
		r.Add(f.responsive, sandbox.Bool(h.failures == 0 && !h.lastSuccess.IsZero()))
	}
	if f.duration != nil {
		r.Add(f.duration, sandbox.Float(h.duration.Seconds()))
	}
	if f.age != nil && !h.lastSuccess.IsZero() {
		// Not from the time of the reading, which may be the sandbox's own.
		r.Add(f.age, sandbox.Float(time.Since(h.lastSuccess).Seconds()))
	}
	f.appendFailures(r, h)
}

func (f *fixedFamilies) appendFailures(r *sandbox.Reading, h *health) {
	if f.failures == nil || h.failed == nil {
		return
	}
	for _, outcome := range sandbox.Outcomes {
		if count := h.failed[outcome]; count > 0 {
			r.AddLabeled(f.failures, sandbox.Int(count), string(outcome))
		}
	}
}

// series adds one point for each series that append may have yielded.
func (f *fixedFamilies) series(r *sandbox.Reading, state sandbox.State, h *health) {
	ended := *h
	if ended.outcome == "" {
		ended.outcome = sandbox.OK
	}
	f.append(r, state, &ended)
}

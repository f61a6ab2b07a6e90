package gvisor

import (
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// Modes of gVisor sandboxes.
const (
	Refuse        simulate.Mode = "refuse"
	Stall         simulate.Mode = "stall"
	StallMidway   simulate.Mode = "stall-midway"
	Trickle       simulate.Mode = "trickle"
	Truncated     simulate.Mode = "truncated"
	Garbage       simulate.Mode = "garbage"
	EndlessString simulate.Mode = "endless-string"
	EndlessArray  simulate.Mode = "endless-array"
	DeepNesting   simulate.Mode = "deep-nesting"
	Huge          simulate.Mode = "huge"
	Late          simulate.Mode = "late"
	Descriptors   simulate.Mode = "descriptors"
	CounterDown   simulate.Mode = "counter-down"
	UnknownMetric simulate.Mode = "unknown-metric"
	HelpChanged   simulate.Mode = "help-changed"
	Duplicate     simulate.Mode = "duplicate"
	Future        simulate.Mode = "future"
	Old           simulate.Mode = "old"
	FilterIgnored simulate.Mode = "filter-ignored"
	WrongPeer     simulate.Mode = "wrong-peer"
	HalfWritten   simulate.Mode = "half-written"
	Locked        simulate.Mode = "locked"
	HiddenProcess simulate.Mode = "hidden-process"
	ClockBack     simulate.Mode = "clock-back"
	ClockAhead    simulate.Mode = "clock-ahead"
	CreatedAhead  simulate.Mode = "created-ahead"

	MixedAnnotations simulate.Mode = "mixed-annotations"
	// The sandboxes of these modes have no registration in their state file.
	LyingRegistration simulate.Mode = "lying-registration"
	ReservedLabels    simulate.Mode = "reserved-labels"

	LargeRegistration    simulate.Mode = "large-registration"
	StalledRegistration  simulate.Mode = "stalled-registration"
	DistinctRegistration simulate.Mode = "distinct-registration"
)

// mode defines how a hostile sandbox differs from an honest one. The modes
// without functions are implemented where sockets and state files are created.
type mode struct {
	name        simulate.Mode
	description string
	// send replaces sending the response to any request. It reports whether to
	// keep the connection.
	send func(to *exchange, response []byte) bool
	// alter changes the contents of a response to Metrics.Export; call counts
	// from 1.
	alter func(plan *snapshotPlan, call int64)
	// build returns the metrics that the sandbox registers and sends, if its
	// registration has to be requested: its state file contains none.
	build func() *build
	// register replaces sending the registration; like with build, the state file
	// contains none.
	register func(to *exchange, id string) bool
	// alterUsage changes the contents of a response to containerManager.Event or
	// Usage.Collect, and sendUsage replaces sending it; call counts from 1.
	alterUsage func(plan *usagePlan, call int64)
	sendUsage  func(to *exchange, response []byte) bool
}

var modes = slices.Concat(snapshotModes, usageModes)

var snapshotModes = []mode{
	{name: Refuse, description: "leaves a socket without a listener, as after a crash"},
	{name: Stall, description: "reads requests and never responds", send: sendNothing},
	{name: StallMidway, description: "sends half of the response and then nothing more", send: sendHalfAndHold},
	{name: Trickle, description: "sends one byte every 20 ms", send: sendSlowly},
	{name: Truncated, description: "sends half of the response and disconnects", send: sendHalf},
	{name: Garbage, description: "sends 4 KB of random bytes", send: sendNoise},
	{name: EndlessString, description: "sends a string that never ends", send: sendEndlessString},
	{name: EndlessArray, description: "sends a snapshot with an endless list of points", send: sendEndlessArray},
	{name: DeepNesting, description: "sends a million nested arrays", send: sendDeepNesting},
	{name: Huge, description: "sends a snapshot of 100 MB", send: sendHuge},
	{name: Late, description: "sends a complete response, but after a delay longer than any deadline", send: sendLate},
	{name: Descriptors, description: "attaches 253 file descriptors to an honest response", send: sendWithDescriptors},
	{name: CounterDown, description: "decreases its counters on every second request", alter: func(plan *snapshotPlan, call int64) {
		if call%2 == 1 {
			plan.elapsed += time.Hour
		}
	}},
	{name: UnknownMetric, description: "sends a metric that is not registered", alter: func(plan *snapshotPlan, _ int64) {
		plan.extra = falseEntry("sentry_made_up", "A metric that is not registered.")
	}},
	{name: HelpChanged, description: "sends a metric with a help text that is not registered", alter: func(plan *snapshotPlan, _ int64) {
		plan.without = metricIndex("fs_opens")
		plan.extra = falseEntry("fs_opens", "A help text that is not registered.")
	}},
	{name: Duplicate, description: "sends the same series twice", alter: func(plan *snapshotPlan, _ int64) {
		plan.duplicate = true
	}},
	{name: Future, description: "sends snapshots with a time one minute in the future", alter: func(plan *snapshotPlan, _ int64) {
		plan.when = plan.when.Add(time.Minute)
	}},
	{name: Old, description: "sends snapshots with a time one minute in the past", alter: func(plan *snapshotPlan, _ int64) {
		plan.when = plan.when.Add(-time.Minute)
	}},
	{name: FilterIgnored, description: "ignores the filter of a request and sends all metrics", alter: func(plan *snapshotPlan, _ int64) {
		plan.filter = nil
	}},
	{name: WrongPeer, description: "names a process in the state file that is not the one listening on the socket"},
	{name: HalfWritten, description: "leaves a state file that is half written and not locked"},
	{name: Locked, description: "keeps its state file locked, as if its creation never finished"},
	{
		name:        HiddenProcess,
		description: "has a state file that names a process that is not visible, like one in another PID namespace",
	},
	{
		name: ClockBack, description: "sets the time of every third snapshot back by 5 s",
		alter: func(plan *snapshotPlan, call int64) {
			if call%3 == 0 {
				plan.when = plan.when.Add(-5 * time.Second)
			}
		},
	},
	{
		name: ClockAhead, description: "sets the time of every third snapshot ahead by an hour",
		alter: func(plan *snapshotPlan, call int64) {
			if call%3 == 0 {
				plan.when = plan.when.Add(time.Hour)
			}
		},
	},
	{
		name:        CreatedAhead,
		description: "was created an hour ahead, like any sandbox after the host's clock was set back by an hour",
	},
	{
		name:        MixedAnnotations,
		description: "has annotations of containerd, CRI-O, Docker and podman that name another pod",
	},
	{
		name: LyingRegistration, description: "registers the metrics of others with other types and help texts",
		build: lyingBuild,
	},
	{
		name: ReservedLabels, description: "registers labels that identify other sandboxes or belong to exporters",
		build: reservedBuild,
	},
	{
		name: LargeRegistration, description: "sends 3.9 MB of a registration and then nothing more",
		register: sendLargeRegistration,
	},
	{
		name: StalledRegistration, description: "sends a registration of 240 KB without its end, and then nothing more",
		register: sendStalledRegistration,
	},
	{
		name: DistinctRegistration, description: "sends a registration of 240 KB that no other sandbox sends",
		register: sendDistinctRegistration,
	},
}

// Modes describes every mode of gVisor sandboxes.
func Modes() []simulate.ModeInfo {
	var infos []simulate.ModeInfo
	for i := range modes {
		infos = append(infos, simulate.ModeInfo{Mode: modes[i].name, Description: modes[i].description})
	}
	return infos
}

func modeOf(name simulate.Mode) *mode {
	for i := range modes {
		if modes[i].name == name {
			return &modes[i]
		}
	}
	return nil
}

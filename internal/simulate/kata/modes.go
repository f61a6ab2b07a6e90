package kata

import "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"

// Modes of Kata pods.
const (
	Refuse           simulate.Mode = "kata-refuse"
	HangBeforeHost   simulate.Mode = "kata-hang-before-host"
	HangAfterHost    simulate.Mode = "kata-hang-after-host"
	Trickle          simulate.Mode = "kata-trickle"
	Endless          simulate.Mode = "kata-endless"
	Truncated        simulate.Mode = "kata-truncated"
	ForgedHost       simulate.Mode = "kata-forged-host"
	SpoofedLabels    simulate.Mode = "kata-spoofed-labels"
	TypeFlips        simulate.Mode = "kata-type-flips"
	QuotedNames      simulate.Mode = "kata-quoted-names"
	NewlineInjection simulate.Mode = "kata-newline-injection"
	Huge             simulate.Mode = "kata-huge"
	ManySeries       simulate.Mode = "kata-many-series"
	MissingNewline   simulate.Mode = "kata-missing-newline"
	CreatedAhead     simulate.Mode = "kata-created-ahead"
	MixedAnnotations simulate.Mode = "kata-mixed-annotations"
	Spinning         simulate.Mode = "kata-spinning"
)

// mode defines how a hostile pod differs from an honest one. The modes without
// functions are implemented where sockets and files are created.
type mode struct {
	name        simulate.Mode
	description string
	// guest appends text that precedes the guest's honest families. For the Go
	// runtime it is the text after the runtime has parsed and printed it, for
	// runtime-rs the text that the guest sends.
	guest func(b []byte, rust bool) []byte
	// without lists honest families of the guest to leave out.
	without []string
	// send replaces sending the response. It reports whether to keep the
	// connection.
	send func(to *exchange, body *parts) bool
}

var modes = []mode{
	{name: Refuse, description: "leaves a socket without a listener, as after a crash"},
	{name: HangBeforeHost, description: "reads requests and never responds", send: sendNothing},
	{
		name:        HangAfterHost,
		description: "hangs in the guest: the Go runtime has sent most of the host part by then, runtime-rs nothing",
		send:        sendHost,
	},
	{name: Trickle, description: "sends one byte every 20 ms", send: sendSlowly},
	{name: Endless, description: "sends endless lines of the guest", send: sendEndless},
	{name: Truncated, description: "disconnects in the middle of the guest part", send: sendTruncated},
	{name: ForgedHost, description: "has a guest that sends families of the host", guest: appendText(forgedHost)},
	{
		name:        SpoofedLabels,
		description: "has a guest that sends labels of another pod and another job",
		guest:       appendText(spoofedLabels),
		without:     []string{"kata_guest_tasks"},
	},
	{
		name:        TypeFlips,
		description: "has a guest that sends families with wrong types and impossible values",
		guest:       appendText(typeFlips),
		without:     []string{"kata_guest_tasks", "kata_agent_scrape_count"},
	},
	{
		name:        QuotedNames,
		description: "has a guest that sends quoted names, which the Go runtime turns into names of the host",
		guest:       appendQuotedNames,
	},
	{
		name:        NewlineInjection,
		description: "has a guest that sends line breaks in labels and help texts",
		guest:       appendNewlineInjection,
		without:     []string{"kata_guest_tasks"},
	},
	{name: Huge, description: "sends 16 MB of families with one sample each", guest: appendManyFamilies},
	{
		name:        ManySeries,
		description: "sends 300,000 series of one family",
		guest:       appendManySeries,
		without:     []string{"kata_guest_vm_stat"},
	},
	{
		name: MissingNewline,
		description: "ends the guest's text without a line break:" +
			" the Go runtime spins and never finishes, runtime-rs joins two lines",
		send: sendWithoutNewline,
	},
	{
		name:        CreatedAhead,
		description: "has files from an hour ahead, like any pod after the host's clock was set back by an hour",
	},
	{
		name:        MixedAnnotations,
		description: "has annotations of containerd, CRI-O, Docker and podman that name another pod",
	},
	{
		name: Spinning,
		description: "has a guest that sends a malformed line: each request leaves the Go runtime with one more" +
			" endless loop, simulated with 1 % of a CPU, and runtime-rs passes the line on",
		send: sendMalformedLine,
	},
}

// Modes describes every mode of Kata pods.
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

package simulate

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Modes of Kata pods.
const (
	KataRefuse           Mode = "kata-refuse"
	KataHangBeforeHost   Mode = "kata-hang-before-host"
	KataHangAfterHost    Mode = "kata-hang-after-host"
	KataTrickle          Mode = "kata-trickle"
	KataEndless          Mode = "kata-endless"
	KataTruncated        Mode = "kata-truncated"
	KataForgedHost       Mode = "kata-forged-host"
	KataSpoofedLabels    Mode = "kata-spoofed-labels"
	KataTypeFlips        Mode = "kata-type-flips"
	KataQuotedNames      Mode = "kata-quoted-names"
	KataNewlineInjection Mode = "kata-newline-injection"
	KataHuge             Mode = "kata-huge"
	KataManySeries       Mode = "kata-many-series"
	KataMissingNewline   Mode = "kata-missing-newline"
)

// ForgedValue is the number of every sample that a hostile guest has forged. It
// must never turn up in what the receiver emits.
const ForgedValue = 666_666

// kataMode is what a mode changes in an honest pod.
type kataMode struct {
	ModeInfo
	// guest puts text before the guest's honest families. The Go runtime has
	// parsed and printed the guest's text anew, runtime-rs passes it on raw.
	guest func(b []byte, rust bool) []byte
	// without are honest families of the guest to leave out.
	without []string
	// answer replaces sending the answer, and tells whether to keep the
	// connection.
	answer func(to *kataExchange, parts *kataParts) bool
}

var kataModes = []kataMode{
	{ModeInfo: ModeInfo{Mode: KataRefuse, About: "leaves a socket without a listener, as after a crash"}},
	{ModeInfo: ModeInfo{Mode: KataHangBeforeHost, About: "sends nothing at all"}, answer: func(to *kataExchange, _ *kataParts) bool {
		to.hold()
		return false
	}},
	{ModeInfo: ModeInfo{Mode: KataHangAfterHost, About: "hangs in the guest: the Go runtime has sent most of the host part by then, runtime-rs nothing"}, answer: func(to *kataExchange, parts *kataParts) bool {
		if !to.rust {
			to.beginChunked()
			to.writeChunked(parts.host)
		}
		to.hold()
		return false
	}},
	{ModeInfo: ModeInfo{Mode: KataTrickle, About: "sends one byte every 20 ms"}, answer: func(to *kataExchange, parts *kataParts) bool {
		return to.trickle(to.wholeAnswer(parts))
	}},
	{ModeInfo: ModeInfo{Mode: KataEndless, About: "sends lines of the guest without end"}, answer: func(to *kataExchange, parts *kataParts) bool {
		if to.rust {
			return to.write(rustHead(1<<40)) && to.repeat(manyLines(), -1)
		}
		to.beginChunked()
		for to.writeChunked(parts.host) && to.writeChunked(manyLines()) {
			parts.host = nil
		}
		return false
	}},
	{ModeInfo: ModeInfo{Mode: KataTruncated, About: "closes the connection in the middle of the guest part"}, answer: func(to *kataExchange, parts *kataParts) bool {
		whole := to.wholeAnswer(parts)
		_ = to.write(whole[:len(whole)-len(parts.guest)/2])
		return false
	}},
	{ModeInfo: ModeInfo{Mode: KataForgedHost, About: "has its guest send families that only the host may"}, guest: func(b []byte, _ bool) []byte {
		return append(b, forgedHostFamilies...)
	}},
	{ModeInfo: ModeInfo{Mode: KataSpoofedLabels, About: "has its guest claim to be another pod, and another job"}, guest: func(b []byte, _ bool) []byte {
		return append(b, spoofedLabels...)
	}, without: []string{"kata_guest_tasks"}},
	{ModeInfo: ModeInfo{Mode: KataTypeFlips, About: "has its guest send families with other types than theirs, and impossible numbers"}, guest: func(b []byte, _ bool) []byte {
		return append(b, typeFlips...)
	}, without: []string{"kata_guest_tasks", "kata_agent_scrape_count"}},
	{ModeInfo: ModeInfo{Mode: KataQuotedNames, About: "has its guest send quoted names that turn into names of the host"}, guest: func(b []byte, rust bool) []byte {
		if rust {
			return append(b, quotedNames...)
		}
		return append(b, quotedNamesEscaped...)
	}},
	{ModeInfo: ModeInfo{Mode: KataNewlineInjection, About: "has its guest put line breaks into labels and help"}, guest: func(b []byte, rust bool) []byte {
		text := newlineInjection
		if rust {
			text = strings.ReplaceAll(text, `\n`, "\n")
		}
		return append(b, text...)
	}, without: []string{"kata_guest_tasks"}},
	{ModeInfo: ModeInfo{Mode: KataHuge, About: "sends 16 MB of families with one sample each"}, guest: func(b []byte, _ bool) []byte {
		for i := 0; len(b) < KataHugeBytes; i++ {
			b = fmt.Appendf(b, "# TYPE kata_guest_f%06d gauge\nkata_guest_f%06d %d\n", i, i, ForgedValue)
		}
		return b
	}},
	{ModeInfo: ModeInfo{Mode: KataManySeries, About: "sends 300,000 series of one family"}, guest: func(b []byte, _ bool) []byte {
		b = append(b, "# TYPE kata_guest_vm_stat gauge\n"...)
		for i := range KataManySeriesCount {
			b = append(b, `kata_guest_vm_stat{item="k`...)
			b = strconv.AppendInt(b, int64(i), 10)
			b = append(b, "\"} 666666\n"...)
		}
		return b
	}, without: []string{"kata_guest_vm_stat"}},
	{ModeInfo: ModeInfo{Mode: KataMissingNewline, About: "ends the guest's text without a line break: the Go runtime spins and never finishes, runtime-rs glues two lines together"}, answer: func(to *kataExchange, parts *kataParts) bool {
		if to.rust {
			parts.guest = bytes.TrimSuffix(parts.guest, []byte("\n"))
			return to.writeWhole(parts)
		}
		to.beginChunked()
		to.writeChunked(parts.host)
		to.hold()
		return false
	}},
}

// Sizes of the largest answers of Kata pods.
const (
	KataHugeBytes       = 16 << 20
	KataManySeriesCount = 300_000
)

func kataModeOf(mode Mode) *kataMode {
	for i := range kataModes {
		if kataModes[i].Mode == mode {
			return &kataModes[i]
		}
	}
	return nil
}

const forgedHostFamilies = `# HELP kata_shim_fds Forged.
# TYPE kata_shim_fds gauge
kata_shim_fds 666666
# TYPE kata_shim_threads gauge
kata_shim_threads 666666
# HELP kata_hypervisor_scrape_count Forged.
# TYPE kata_hypervisor_scrape_count counter
kata_hypervisor_scrape_count 666666
# TYPE kata_hypervisor_made_up gauge
kata_hypervisor_made_up 666666
# TYPE process_zzz gauge
process_zzz 666666
# TYPE go_goroutines gauge
go_goroutines 666666
# TYPE target_info gauge
target_info 666666
# TYPE up gauge
up 666666
`

const spoofedLabels = `# TYPE kata_guest_tasks gauge
kata_guest_tasks{item="cur",sandbox_id="victim"} 666666
kata_guest_tasks{item="max",cri_name="victim",cri_namespace="kube-system",cri_uid="0"} 666666
kata_guest_tasks{item="cur",job="node",instance="victim:9100"} 666666
kata_guest_tasks{item="cur",le="1"} 666666
kata_guest_tasks{item="made_up"} 666666
`

const typeFlips = `# TYPE kata_guest_tasks counter
kata_guest_tasks{item="cur"} -666666
# TYPE kata_agent_scrape_count histogram
kata_agent_scrape_count_bucket{le="1"} 666666
kata_agent_scrape_count_bucket{le="+Inf"} 5
kata_agent_scrape_count_sum NaN
kata_agent_scrape_count_count 5
`

const quotedNames = `# TYPE "kata_shim.threads" gauge
{"kata_shim.threads"} 666666
# TYPE "process.zzz" gauge
{"process.zzz"} 666666
`

const quotedNamesEscaped = `# TYPE process_zzz gauge
process_zzz 666666
# TYPE kata_shim_threads gauge
kata_shim_threads 666666
`

// newlineInjection is as the Go runtime prints it; raw, every \n is a line
// break.
const newlineInjection = `# HELP kata_guest_tasks Tasks\nkata_shim_threads 666666\n
# TYPE kata_guest_tasks gauge
kata_guest_tasks{item="cur\nkata_shim_fds 666666\n"} 666666
`

// manyLines are 64 KB of lines of the guest.
func manyLines() []byte {
	return slices.Repeat([]byte("kata_guest_vm_stat{item=\"nr_dirty\"} 666666\n"), 64<<10/43)
}

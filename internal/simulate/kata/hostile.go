package kata

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// ForgedValue is the value of every sample that a hostile guest has forged. It
// must never appear in what the receiver emits.
const ForgedValue = 666_666

// What hostile guests send. The Go runtime changes some of it: the files with
// the suffix _go are what it prints after parsing such text.
var (
	//go:embed hostile/forged_host.prom
	forgedHost string
	//go:embed hostile/spoofed_labels.prom
	spoofedLabels string
	//go:embed hostile/type_flips.prom
	typeFlips string
	//go:embed hostile/quoted_names.prom
	quotedNames string
	//go:embed hostile/quoted_names_go.prom
	quotedNamesGo string
	// newlineInjectionGo has escaped line breaks; the guest sends them unescaped.
	//go:embed hostile/newline_injection_go.prom
	newlineInjectionGo string
)

func appendText(text string) func([]byte, bool) []byte {
	return func(b []byte, _ bool) []byte { return append(b, text...) }
}

func appendQuotedNames(b []byte, rust bool) []byte {
	if rust {
		return append(b, quotedNames...)
	}
	return append(b, quotedNamesGo...)
}

func appendNewlineInjection(b []byte, rust bool) []byte {
	if rust {
		return append(b, strings.ReplaceAll(newlineInjectionGo, `\n`, "\n")...)
	}
	return append(b, newlineInjectionGo...)
}

// Sizes of the largest responses.
const (
	hugeSize        = 16 << 20
	manySeriesCount = 300_000
)

func appendManyFamilies(b []byte, _ bool) []byte {
	for i := 0; len(b) < hugeSize; i++ {
		b = fmt.Appendf(b, "# TYPE kata_guest_f%06d gauge\nkata_guest_f%06d %d\n", i, i, ForgedValue)
	}
	return b
}

func appendManySeries(b []byte, _ bool) []byte {
	b = append(b, "# TYPE kata_guest_vm_stat gauge\n"...)
	for i := range manySeriesCount {
		b = append(b, `kata_guest_vm_stat{item="k`...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, "\"} 666666\n"...)
	}
	return b
}

func sendNothing(to *exchange, _ *parts) bool {
	to.Hold()
	return false
}

func sendHost(to *exchange, body *parts) bool {
	if !to.rust {
		to.beginChunked(to.Conn)
		to.writeChunked(body.host)
	}
	to.Hold()
	return false
}

func sendSlowly(to *exchange, body *parts) bool { return to.Trickle(to.whole(body)) }

func sendEndless(to *exchange, body *parts) bool {
	lines := slices.Repeat([]byte("kata_guest_vm_stat{item=\"nr_dirty\"} 666666\n"), 64<<10/43)
	if to.rust {
		return to.Send(rustHead(1<<40)) && to.Repeat(lines, -1)
	}
	to.beginChunked(to.Conn)
	to.writeChunked(body.host)
	for to.writeChunked(lines) {
	}
	return false
}

func sendTruncated(to *exchange, body *parts) bool {
	whole := to.whole(body)
	_ = to.Send(whole[:len(whole)-len(body.guest)/2])
	return false
}

func sendWithoutNewline(to *exchange, body *parts) bool {
	if !to.rust {
		return sendHost(to, body)
	}
	body.guest = bytes.TrimSuffix(body.guest, []byte("\n"))
	return to.sendWhole(body)
}

func sendMalformedLine(to *exchange, body *parts) bool {
	if !to.rust {
		to.Server.Go(func() { spin(to.Server, to.pod.options.SpinShare, to.pod.options.SpinTime) })
		return sendHost(to, body)
	}
	body.guest = append(body.guest, "kata_guest_tasks{item=\"cur\" 666666\n"...)
	return to.sendWhole(body)
}

// Loops of a spinning shim.
const (
	// defaultSpinShare is small, so that many pods can spin in one process.
	defaultSpinShare = 0.01
	// spinPeriod is how often a loop checks whether it has to end.
	spinPeriod = 100 * time.Millisecond
)

// spin uses a share of a CPU for a time, or until the server closes if the time is
// 0.
func spin(server *simulate.Server, share float64, duration time.Duration) {
	busy := time.Duration(cmp.Or(share, defaultSpinShare) * float64(spinPeriod))
	for began := time.Now(); duration == 0 || time.Since(began) < duration; {
		for start := time.Now(); time.Since(start) < busy; {
		}
		if !server.Pause(spinPeriod - busy) {
			return
		}
	}
}

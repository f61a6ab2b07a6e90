package gvisor

import (
	"bytes"
	"crypto/rand"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// exchange is one request on one connection.
type exchange struct {
	simulate.Exchange
	delay time.Duration
}

func sendNothing(to *exchange, _ []byte) bool {
	to.Hold()
	return false
}

func sendHalf(to *exchange, response []byte) bool {
	_ = to.Send(response[:len(response)/2])
	return false
}

func sendHalfAndHold(to *exchange, response []byte) bool {
	_ = sendHalf(to, response)
	to.Hold()
	return false
}

func sendSlowly(to *exchange, response []byte) bool { return to.Trickle(response) }

func sendNoise(to *exchange, _ []byte) bool {
	noise := make([]byte, 4<<10)
	_, _ = rand.Read(noise)
	return to.Send(noise)
}

func sendEndlessString(to *exchange, _ []byte) bool {
	return to.Send([]byte(`{"success":true,"err":"`)) && to.Repeat(endlessText(), -1)
}

func sendEndlessArray(to *exchange, response []byte) bool {
	return to.Send(untilData(response)) && to.Repeat(manyEntries(), -1)
}

func sendDeepNesting(to *exchange, response []byte) bool {
	opening, closing := nesting()
	return to.Send(untilData(response)) && to.Repeat(opening, 1_000_000/len(opening)) &&
		to.Repeat(closing, 1_000_000/len(closing)) && to.Send([]byte(`]}}}`))
}

// hugeSize is the size of a response in the mode [Huge].
const hugeSize = 100 << 20

func sendHuge(to *exchange, response []byte) bool {
	chunk := manyEntries()
	last := append(slices.Clone(chunk[:len(chunk)-1]), `]}}}`...)
	return to.Send(untilData(response)) && to.Repeat(chunk, hugeSize/len(chunk)) && to.Send(last)
}

func sendLate(to *exchange, response []byte) bool {
	return to.Server.Pause(to.delay) && to.Send(response)
}

// maxDescriptors is the number of descriptors that fit into one message
// (SCM_MAX_FD in unix(7)).
const maxDescriptors = 253

func sendWithDescriptors(to *exchange, response []byte) bool {
	file, err := os.Open(os.DevNull)
	if err != nil {
		return false
	}
	defer file.Close()
	rights := rightsMessage(slices.Repeat([]int{int(file.Fd())}, maxDescriptors))
	n, _, err := to.Conn.WriteMsgUnix(response, rights, nil)
	return err == nil && to.Send(response[n:])
}

// untilData returns a response to Metrics.Export up to the first point.
func untilData(response []byte) []byte {
	if before, _, found := bytes.Cut(response, []byte("[")); found {
		return response[:len(before)+1]
	}
	return response
}

// endlessText is part of a string.
var endlessText = sync.OnceValue(func() []byte { return slices.Repeat([]byte("ever and "), 64<<10/9) })

// manyEntries returns as many points of a snapshot as fit into 64 KB, each
// followed by a comma.
var manyEntries = sync.OnceValue(func() []byte {
	points := theBuild().points
	var chunk []byte
	for i := 0; ; i++ {
		longer := appendEntry(chunk, points[i%len(points)].prefix, 1)
		if len(longer) > 64<<10 {
			return chunk
		}
		chunk = longer
	}
})

// nesting opens and closes a thousand arrays.
var nesting = sync.OnceValues(func() (opening, closing []byte) {
	return slices.Repeat([]byte("["), 1000), slices.Repeat([]byte("]"), 1000)
})

// falseEntry returns an entry of a snapshot that a verifier must reject.
func falseEntry(name, help string) []byte {
	return append(entryPrefix(name, typeCounter, help, nil, nil), `"int":1}}`...)
}

// metricIndex returns the index of a metric in the registration.
func metricIndex(prometheusName string) int {
	return slices.IndexFunc(theBuild().metrics, func(m metric) bool { return m.prometheusName() == prometheusName })
}

package simulate

import (
	"crypto/rand"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

// Modes of gVisor sandboxes.
const (
	Refuse        Mode = "refuse"
	Stall         Mode = "stall"
	StallMidway   Mode = "stall-midway"
	Trickle       Mode = "trickle"
	Truncated     Mode = "truncated"
	Garbage       Mode = "garbage"
	EndlessString Mode = "endless-string"
	EndlessArray  Mode = "endless-array"
	DeepNesting   Mode = "deep-nesting"
	Huge          Mode = "huge"
	Late          Mode = "late"
	Descriptors   Mode = "descriptors"
	CounterDown   Mode = "counter-down"
	UnknownMetric Mode = "unknown-metric"
	HelpChanged   Mode = "help-changed"
	Duplicate     Mode = "duplicate"
	Future        Mode = "future"
	Old           Mode = "old"
	FilterIgnored Mode = "filter-ignored"
	WrongPeer     Mode = "wrong-peer"
	HalfWritten   Mode = "half-written"
	Locked        Mode = "locked"
)

// gvisorMode is what a mode changes in an honest sandbox.
type gvisorMode struct {
	ModeInfo
	// lie changes what an answer to Metrics.Export holds; call counts from 1.
	lie func(plan *snapshotPlan, call int64)
	// send replaces writing the answer. It tells whether to keep the
	// connection.
	send func(to *exchange, answer []byte) bool
}

// gvisorModes describes every mode. Those without functions are about files.
var gvisorModes = []gvisorMode{
	{ModeInfo: ModeInfo{Mode: Refuse, About: "leaves a socket without a listener, as after a crash"}},
	{ModeInfo: ModeInfo{Mode: Stall, About: "accepts and reads, and never answers"}, send: func(to *exchange, _ []byte) bool {
		to.hold()
		return false
	}},
	{ModeInfo: ModeInfo{Mode: StallMidway, About: "sends half of the answer and nothing more"}, send: func(to *exchange, answer []byte) bool {
		_ = to.write(answer[:len(answer)/2])
		to.hold()
		return false
	}},
	{ModeInfo: ModeInfo{Mode: Trickle, About: "sends one byte every 20 ms"}, send: func(to *exchange, answer []byte) bool {
		return to.trickle(answer)
	}},
	{ModeInfo: ModeInfo{Mode: Truncated, About: "sends half of the answer and closes"}, send: func(to *exchange, answer []byte) bool {
		_ = to.write(answer[:len(answer)/2])
		return false
	}},
	{ModeInfo: ModeInfo{Mode: Garbage, About: "sends 4 KB of random bytes"}, send: func(to *exchange, _ []byte) bool {
		noise := make([]byte, 4<<10)
		_, _ = rand.Read(noise)
		return to.write(noise)
	}},
	{ModeInfo: ModeInfo{Mode: EndlessString, About: "sends a string that never ends"}, send: func(to *exchange, _ []byte) bool {
		return to.write([]byte(`{"success":true,"err":"`)) && to.repeat(endlessText(), -1)
	}},
	{ModeInfo: ModeInfo{Mode: EndlessArray, About: "sends a snapshot with points without end"}, send: func(to *exchange, answer []byte) bool {
		return to.write(untilData(answer)) && to.repeat(manyEntries(), -1)
	}},
	{ModeInfo: ModeInfo{Mode: DeepNesting, About: "sends a million arrays within each other"}, send: func(to *exchange, answer []byte) bool {
		opening, closing := nesting()
		return to.write(untilData(answer)) && to.repeat(opening, 1_000_000/len(opening)) &&
			to.repeat(closing, 1_000_000/len(closing)) && to.write([]byte(`]}}}`))
	}},
	{ModeInfo: ModeInfo{Mode: Huge, About: "sends a snapshot of 100 MB"}, send: func(to *exchange, answer []byte) bool {
		chunk := manyEntries()
		last := append(slices.Clone(chunk[:len(chunk)-1]), `]}}}`...)
		return to.write(untilData(answer)) && to.repeat(chunk, HugeBytes/len(chunk)) && to.write(last)
	}},
	{ModeInfo: ModeInfo{Mode: Late, About: "answers in full, but only after a delay longer than any deadline"}, send: func(to *exchange, answer []byte) bool {
		return to.server.pause(to.delay) && to.write(answer)
	}},
	{ModeInfo: ModeInfo{Mode: Descriptors, About: "attaches 253 descriptors to an honest answer", Delivers: true}, send: func(to *exchange, answer []byte) bool {
		return to.writeWithDescriptors(answer)
	}},
	{ModeInfo: ModeInfo{Mode: CounterDown, About: "lets counters go back at every second call"}, lie: func(plan *snapshotPlan, call int64) {
		if call%2 == 1 {
			plan.elapsed += time.Hour
		}
	}},
	{ModeInfo: ModeInfo{Mode: UnknownMetric, About: "sends a metric that is not registered"}, lie: func(plan *snapshotPlan, _ int64) {
		plan.extra = lieAbout("sentry_made_up", "A metric that nobody has registered.")
	}},
	{ModeInfo: ModeInfo{Mode: HelpChanged, About: "sends a metric with another help than registered"}, lie: func(plan *snapshotPlan, _ int64) {
		plan.without = metricPlace("fs_opens")
		plan.extra = lieAbout("fs_opens", "Another help than the one registered.")
	}},
	{ModeInfo: ModeInfo{Mode: Duplicate, About: "sends one combination of labels twice"}, lie: func(plan *snapshotPlan, _ int64) {
		plan.again = true
	}},
	{ModeInfo: ModeInfo{Mode: Future, About: "dates snapshots a minute ahead"}, lie: func(plan *snapshotPlan, _ int64) {
		plan.when = plan.when.Add(time.Minute)
	}},
	{ModeInfo: ModeInfo{Mode: Old, About: "dates snapshots a minute back"}, lie: func(plan *snapshotPlan, _ int64) {
		plan.when = plan.when.Add(-time.Minute)
	}},
	{ModeInfo: ModeInfo{Mode: FilterIgnored, About: "sends everything, whatever the filter asks for"}, lie: func(plan *snapshotPlan, _ int64) {
		plan.filter = nil
	}},
	{ModeInfo: ModeInfo{Mode: WrongPeer, About: "has another process listen than the one in the state file"}},
	{ModeInfo: ModeInfo{Mode: HalfWritten, About: "leaves half a state file behind, without a lock"}},
	{ModeInfo: ModeInfo{Mode: Locked, About: "keeps its state file locked, as if it were created for ever"}},
}

// HugeBytes is the size of an answer in the mode [Huge].
const HugeBytes = 100 << 20

func gvisorModeOf(mode Mode) *gvisorMode {
	for i := range gvisorModes {
		if gvisorModes[i].Mode == mode {
			return &gvisorModes[i]
		}
	}
	return nil
}

// exchange is one call on one connection.
type exchange struct {
	conn   *net.UnixConn
	server *server
	delay  time.Duration
}

func (e *exchange) write(data []byte) bool {
	_, err := e.conn.Write(data)
	return err == nil
}

// hold says nothing until the other side gives up or the server closes.
func (e *exchange) hold() {
	var ignored [512]byte
	for {
		if _, err := e.conn.Read(ignored[:]); err != nil {
			return
		}
	}
}

// trickle sends one byte every 20 ms.
func (e *exchange) trickle(data []byte) bool {
	for i := range data {
		if !e.write(data[i:i+1]) || !e.server.pause(20*time.Millisecond) {
			return false
		}
	}
	return true
}

// repeat sends a chunk many times, without end if times is negative.
func (e *exchange) repeat(chunk []byte, times int) bool {
	for i := 0; times < 0 || i < times; i++ {
		if !e.write(chunk) {
			return false
		}
	}
	return true
}

func (e *exchange) writeWithDescriptors(data []byte) bool {
	file, err := os.Open(os.DevNull)
	if err != nil {
		return false
	}
	defer file.Close()
	n, _, err := e.conn.WriteMsgUnix(data, descriptorMessage(file), nil)
	return err == nil && e.write(data[n:])
}

// untilData is an answer to Metrics.Export up to the first point.
func untilData(answer []byte) []byte {
	for i := range answer {
		if answer[i] == '[' {
			return answer[:i+1]
		}
	}
	return answer
}

// endlessText is part of a string.
var endlessText = sync.OnceValue(func() []byte { return slices.Repeat([]byte("ever and "), 64<<10/9) })

// manyEntries are points of a snapshot, as many as fit into 64 KB, each with a
// comma after it.
var manyEntries = sync.OnceValue(func() []byte {
	build := theGVisorBuild()
	var chunk []byte
	for i := 0; ; i++ {
		longer := appendEntry(chunk, build.points[i%len(build.points)].prefix, 1)
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

// lieAbout is an entry of a snapshot that a verifier must refuse.
func lieAbout(name, help string) []byte {
	return append(entryPrefix(name, 2, help, nil, nil), `"int":1}}`...)
}

func metricPlace(prometheusName string) int {
	build := theGVisorBuild()
	return slices.IndexFunc(build.metrics, func(m gvisorMetric) bool { return m.prometheusName() == prometheusName })
}

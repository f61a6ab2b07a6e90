package event

import (
	"io"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

const (
	// maxResponseSize has room for more than 1,000 network interfaces, which a
	// sandbox with the network of a large host has.
	maxResponseSize = 256 << 10
	// window is how much of a response is buffered.
	window = 16 << 10
	// maxDepth is the nesting depth of a response, plus room for unknown keys.
	maxDepth = 16
	// maxInterfaceName is the maximum length of the name of a network interface:
	// IFNAMSIZ of Linux, without the final zero.
	maxInterfaceName = 15
)

// decoder decodes one response, and performs every check that does not depend on
// earlier responses.
type decoder struct {
	scan jsonscan.Scanner
	// account knows the containers and network interfaces.
	account *Account

	hasData   bool
	memory    uint64
	processes uint64
	// cpu has one entry per container of the account.
	cpu []cpuFigure
	// interfaces are those that the account knows or that have counted anything,
	// without the loopback interface.
	interfaces []interfaceFigure
	// newInterfaces counts those that the account does not know.
	newInterfaces int
	// unknown counts the CPU times of containers that are not known, and dropped
	// the network interfaces that were dropped.
	unknown, dropped int
}

// cpuFigure is the CPU time of a container, if the response has it.
type cpuFigure struct {
	nanoseconds uint64
	present     bool
}

// interfaceFigure is the state of one network interface.
type interfaceFigure struct {
	name     [maxInterfaceName]byte
	length   uint8
	counters counters
}

func (f *interfaceFigure) text() []byte { return f.name[:f.length] }

// counters are the counters of a network interface in the order of
// interfaceFields, without the name.
type counters [8]uint64

func (c *counters) zero() bool { return *c == counters{} }

var decoderPool = sync.Pool{New: func() any { return new(decoder) }}

// release returns the decoder to the pool, without references to a response.
func (d *decoder) release() {
	d.scan.ResetBytes(nil, jsonscan.Limits{})
	d.account = nil
	decoderPool.Put(d)
}

var (
	resultFields    = jsonscan.NewFields("event", "containerUsage")
	eventFields     = jsonscan.NewFields("data")
	dataFields      = jsonscan.NewFields("memory", "pids", "network_interfaces")
	memoryFields    = jsonscan.NewFields("usage")
	entryFields     = jsonscan.NewFields("usage")
	processFields   = jsonscan.NewFields("current")
	interfaceFields = jsonscan.NewFields("Name", "RxBytes", "RxPackets", "RxErrors", "RxDropped",
		"TxBytes", "TxPackets", "TxErrors", "TxDropped")
)

// read reads a whole response.
func (d *decoder) read(source io.Reader, account *Account) error {
	d.account = account
	d.hasData, d.memory, d.processes = false, 0, 0
	d.newInterfaces, d.unknown, d.dropped = 0, 0, 0
	d.interfaces = d.interfaces[:0]
	d.cpu = d.cpu[:0]
	for range account.containers {
		d.cpu = append(d.cpu, cpuFigure{})
	}
	d.scan.ResetReader(source, jsonscan.Limits{Bytes: maxResponseSize, Depth: maxDepth, Window: window})
	if err := urpc.Decode(&d.scan, d.readResult); err != nil {
		return err
	}
	if !d.hasData {
		return &Violation{Rule: RuleNotEvent, Detail: "the response contains no event"}
	}
	return nil
}

// readResult reads the result even if the response does not state yet that the
// call succeeded: nothing is used before the whole response has been read.
func (d *decoder) readResult(s *jsonscan.Scanner, _ bool) {
	if s.Null() {
		return
	}
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(resultFields, &seen)
		if !more {
			return
		}
		switch field {
		case 0:
			d.readEvent()
		case 1:
			d.readCPU()
		}
	}
}

func (d *decoder) readEvent() {
	s := &d.scan
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		if _, more := s.NextField(eventFields, &seen); !more {
			return
		}
		d.readData()
	}
}

func (d *decoder) readData() {
	s := &d.scan
	d.hasData = true
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(dataFields, &seen)
		if !more {
			return
		}
		switch field {
		case 0:
			d.readMemory()
		case 1:
			d.processes = readFigure(s, processFields)
		case 2:
			d.readInterfaces()
		}
	}
}

// readMemory reads {"usage":{"limit":0,"usage":2867200,"failcnt":0},…}.
func (d *decoder) readMemory() {
	s := &d.scan
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		if _, more := s.NextField(memoryFields, &seen); !more {
			return
		}
		d.memory = readFigure(s, entryFields)
	}
}

// readFigure reads an object in which one number matters.
func readFigure(s *jsonscan.Scanner, fields *jsonscan.Fields) (value uint64) {
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		if _, more := s.NextField(fields, &seen); !more {
			return value
		}
		value = s.Uint64()
	}
}

// readInterfaces reads a list that is null if it is empty.
func (d *decoder) readInterfaces() {
	s := &d.scan
	if s.Null() {
		return
	}
	for s.OpenArray(); s.NextElement(); {
		d.readInterface()
	}
}

func (d *decoder) readInterface() {
	s := &d.scan
	var figure interfaceFigure
	valid := false
	var seen jsonscan.Seen
	for s.OpenObject(); ; {
		field, more := s.NextField(interfaceFields, &seen)
		if !more {
			break
		}
		if field > 0 {
			figure.counters[field-1] = s.Uint64()
			continue
		}
		if name := s.String(); validName(name) {
			figure.length, valid = uint8(copy(figure.name[:], name)), true
		}
	}
	if s.Err() != nil {
		return
	}
	d.addInterface(&figure, valid)
}

// addInterface adds a network interface, unless it must not or need not be kept.
func (d *decoder) addInterface(figure *interfaceFigure, validName bool) {
	for _, count := range figure.counters {
		if count >= 1<<63 {
			d.scan.Fail(&Violation{Rule: RuleNetwork, Detail: "a counter is 2⁶³ or more"})
			return
		}
	}
	if !validName {
		d.dropped++
		return
	}
	known := d.account.findInterface(figure.text()) >= 0
	if string(figure.text()) == "lo" || !known && figure.counters.zero() {
		return
	}
	for i := range d.interfaces {
		if string(d.interfaces[i].text()) == string(figure.text()) {
			d.scan.Fail(&Violation{Rule: RuleDuplicateInterface, Detail: `"` + string(figure.text()) + `" occurs twice`})
			return
		}
	}
	if !known {
		if len(d.account.interfaces)+d.newInterfaces == maxInterfaces {
			d.dropped++
			return
		}
		d.newInterfaces++
	}
	d.interfaces = append(d.interfaces, *figure)
}

// validName reports whether a network interface can have the name. It must be
// printable ASCII without spaces.
func validName(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(name) > 0 && len(name) <= maxInterfaceName
}

// readCPU reads an object that is null if it is empty.
func (d *decoder) readCPU() {
	s := &d.scan
	if s.Null() {
		return
	}
	for s.OpenObject(); ; {
		key, more := s.NextKey()
		if !more {
			return
		}
		index := d.account.findContainer(key)
		nanoseconds := s.Uint64()
		switch {
		case index < 0:
			d.unknown++
		case d.cpu[index].present:
			s.Fail(&Violation{
				Rule: RuleDuplicateContainer, Detail: `"` + d.account.containers[index].id + `" has two CPU times`,
			})
		default:
			d.cpu[index] = cpuFigure{nanoseconds, true}
		}
	}
}

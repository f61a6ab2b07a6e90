package reader

import (
	"bytes"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// pass is the state of reading one answer. It is taken from a pool for that
// time only.
type pass struct {
	reader  *Reader
	plan    *plan
	scanner exposition.Scanner
	parsed  exposition.Parsed
	border  border
	dropped [reasons]int
	// host says that the host part had a family.
	host bool
	// started is when the shim began, in seconds since the epoch, as the text
	// says; 0 if it does not.
	started float64

	// What holds for the samples that come now.
	name    []byte // of their metric
	text    *catalog.TextFamily
	part    part
	verdict verdict
	reason  Reason // of the verdict drop
	item    int    // the last that was found in the family
	recent  [maxLabels]textID

	assembly assembly

	// held are samples of the host part of runtime-rs. Only the end of the
	// answer tells whether they stand in it. Those of the shim's section begin
	// at heldShim.
	held     []heldSample
	heldShim int
	scratch  []byte
}

// maxLabels is how many labels a point has, besides those that are constant.
const maxLabels = 2

type heldSample struct {
	key   seriesKey
	value float64
}

// verdict is what becomes of the samples of a family.
type verdict uint8

const (
	take  verdict = iota
	skip          // nobody wants it
	drop          // for the reason in the pass
	adopt         // not in the catalog, but wanted as a gauge
)

// part is what of a metric the samples of a name are.
type part uint8

const (
	single part = iota
	bucket
	quantile
	sum
	count
	stray // a name that no sample may have
)

var passes = sync.Pool{New: func() any { return new(pass) }}

// reset begins an answer.
func (p *pass) reset(r *Reader) {
	*p = pass{
		reader: r, plan: &r.settings.plans[r.flavor],
		scanner: p.scanner, parsed: p.parsed, border: p.border,
		name: p.name[:0], held: p.held[:0], scratch: p.scratch[:0],
	}
	p.border.reset(p.plan.catalog, r.flavor)
}

// run reads the text to its end.
func (p *pass) run() {
	for p.scanner.Next() {
		switch p.scanner.Kind() {
		case exposition.Sample:
			p.takeSample()
		case exposition.Type:
			p.leaveFamily()
			p.border.declare(p.scanner.Name())
		case exposition.Mark:
			p.leaveFamily()
			p.enterSection(markSections[p.scanner.Mark()])
		case exposition.Bad:
			p.dropped[reasonOf(p.scanner.LineErr())]++
		}
	}
	p.leaveFamily()
}

func (p *pass) takeSample() {
	if name := p.scanner.Name(); !bytes.Equal(name, p.name) {
		p.enterName(name)
	}
	switch p.verdict {
	case skip:
		return
	case drop:
		p.dropped[p.reason]++
		return
	case take, adopt:
	}
	if err := p.scanner.Parse(&p.parsed); err != nil {
		p.dropped[reasonOf(err)]++
		return
	}
	switch {
	case p.parsed.Timestamped:
		p.dropped[Timestamped]++
	case p.verdict == adopt:
		p.adoptSample()
	case p.part == single:
		p.takeNumber()
	default:
		p.assemble()
	}
}

// leaveFamily ends the samples of a family.
func (p *pass) leaveFamily() {
	p.abandonAssembly()
	p.text, p.name = nil, p.name[:0]
}

// enterName decides about the samples of a name that is not that of the sample
// before.
func (p *pass) enterName(name []byte) {
	text, part := p.find(name)
	if text == nil || text != p.text {
		p.abandonAssembly()
		p.border.enter(p.familyName(name, text))
		p.item, p.recent = -1, [maxLabels]textID{}
	}
	p.name = append(p.name[:0], name...)
	p.text, p.part = text, part
	p.judge(name)
}

// parts are what the names of a histogram or a summary end in.
var parts = []struct {
	suffix string
	part   part
}{{"_bucket", bucket}, {"_sum", sum}, {"_count", count}}

// find finds the family that the samples of a name belong to, nil if there is
// none that this flavor's text has.
func (p *pass) find(name []byte) (*catalog.TextFamily, part) {
	if text := p.plan.catalog.Family(name); text != nil {
		switch {
		case !text.InText:
			return nil, single
		case isHistogram(text):
			return text, stray
		case isSummary(text):
			return text, quantile
		}
		return text, single
	}
	for i := range parts {
		base, found := bytes.CutSuffix(name, []byte(parts[i].suffix))
		if !found {
			continue
		}
		text := p.plan.catalog.Family(base)
		if text != nil && text.InText && (isHistogram(text) || isSummary(text) && parts[i].part != bucket) {
			return text, parts[i].part
		}
		break
	}
	return nil, single
}

// familyName is the family of samples: that of the catalog or, if there is
// none, the declared one that the name is a part of, or the name itself.
func (p *pass) familyName(name []byte, text *catalog.TextFamily) []byte {
	if text != nil {
		return name[:len(text.Name)]
	}
	for i := range parts {
		if base, found := bytes.CutSuffix(name, []byte(parts[i].suffix)); found && bytes.Equal(base, p.border.last) {
			return base
		}
	}
	return name
}

// judge decides what becomes of the samples of a name, from where it stands.
func (p *pass) judge(name []byte) {
	inHostPart := p.border.section != catalog.Guest
	switch text := p.text; {
	case text != nil && text.Section != catalog.Guest && !p.border.admits(text.Section):
		p.drop(Forged)
	case text != nil && p.part == stray:
		p.drop(Unknown)
	case text != nil:
		p.host = p.host || text.Section != catalog.Guest
		p.verdict = skip
		if p.plan.families[text.Index] || text == p.plan.start {
			p.verdict = take
		}
	case catalog.IsHostName(name) && !inHostPart:
		p.drop(Forged)
	case !catalog.IsHostName(name) && !catalog.IsGuestName(name):
		p.drop(Foreign)
	case !p.reader.settings.unknownGauge:
		p.drop(Unknown)
	case !p.reader.settings.passes(catalog.UpstreamName(string(name))):
		p.verdict = skip
	default:
		p.verdict = adopt
	}
}

func (p *pass) drop(reason Reason) { p.verdict, p.reason = drop, reason }

// enterSection begins a host part of runtime-rs. What seemed to be that part
// before was the guest's.
func (p *pass) enterSection(section catalog.Section) {
	kept := len(p.held)
	switch {
	case section == catalog.Hypervisor:
		kept = 0
	case p.border.section == catalog.Shim:
		kept = p.heldShim
	}
	p.dropped[Forged] += len(p.held) - kept
	p.held, p.heldShim = p.held[:kept], kept
	p.border.section, p.host = section, false
}

// endOfText takes the samples that were held, if the text was complete, and
// tells whether there was a host part.
func (p *pass) endOfText(complete bool) bool {
	if p.reader.flavor == catalog.Go {
		return p.host
	}
	if !complete || !p.host || p.border.section != catalog.Shim {
		return false
	}
	for _, sample := range p.held {
		p.put(sample.key, sample.value)
	}
	return true
}

// release counts what was dropped and gives the pass back.
func (p *pass) release(reading *sandbox.Reading) {
	for reason, samples := range p.dropped {
		if samples > 0 {
			reading.Drop(Reason(reason).String(), samples)
		}
	}
	// The pool must not keep the memory of a sandbox alive.
	p.reader, p.plan, p.text, p.assembly = nil, nil, nil, assembly{}
	p.scanner.Reset(nil, exposition.Limits{})
	passes.Put(p)
}

package reader

import (
	"bytes"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// pass is the state of parsing one response. Passes are pooled, so that only
// readers that are currently reading need one.
type pass struct {
	reader   *Reader
	plan     *plan
	scanner  exposition.Scanner
	parsed   exposition.Parsed
	boundary boundary
	dropped  [reasons]int
	// host is set when the host part contains a known family.
	host bool
	// started is the start time of the shim in seconds since the epoch, 0 if
	// the text does not contain it.
	started float64

	// State for the samples of the current name.
	name    []byte
	family  *catalog.TextFamily
	part    part
	verdict verdict
	reason  Reason // of the verdict drop
	item    int    // index of the last item found in the family
	recent  [maxLabels]valueID

	assembly assembly

	// held are samples of the host parts of runtime-rs. Whether they really
	// are in a host part is known only at the end of the response. Samples of
	// the shim's section begin at heldShim.
	held     []heldSample
	heldShim int
	scratch  []byte
}

// maxLabels is the maximum number of labels of a point, not counting constant
// attributes.
const maxLabels = 2

type heldSample struct {
	key   seriesKey
	value float64
}

// verdict is how the samples of a name are handled.
type verdict uint8

const (
	accept      verdict = iota
	skip                // not selected by the settings
	drop                // for the reason in the pass
	keepUnknown         // not in the catalog, accepted as a gauge
)

// part is the part of a metric that a sample name denotes.
type part uint8

const (
	single part = iota
	bucket
	quantile
	sum
	count
	noPart // the plain name of a histogram, which no sample may have
)

var passPool = sync.Pool{New: func() any { return new(pass) }}

// reset prepares the pass for a new response.
func (p *pass) reset(r *Reader) {
	*p = pass{
		reader: r, plan: &r.settings.plans[r.flavor],
		scanner: p.scanner, parsed: p.parsed, boundary: p.boundary,
		name: p.name[:0], held: p.held[:0], scratch: p.scratch[:0],
	}
	p.boundary.reset(p.plan.catalog, r.flavor)
}

// run reads the text to its end.
func (p *pass) run() {
	for p.scanner.Next() {
		switch p.scanner.Kind() {
		case exposition.Sample:
			p.acceptSample()
		case exposition.Type:
			p.leaveFamily()
			p.boundary.declare(p.scanner.Name())
		case exposition.Mark:
			p.leaveFamily()
			p.enterSection(markSections[p.scanner.Mark()])
		case exposition.Bad:
			p.dropped[reasonOf(p.scanner.LineErr())]++
		}
	}
	p.leaveFamily()
}

// acceptSample accepts the current sample, unless it has to be skipped or
// dropped.
func (p *pass) acceptSample() {
	if name := p.scanner.Name(); !bytes.Equal(name, p.name) {
		p.enterName(name)
	}
	switch p.verdict {
	case skip:
		return
	case drop:
		p.dropped[p.reason]++
		return
	case accept, keepUnknown:
	}
	if err := p.scanner.Parse(&p.parsed); err != nil {
		p.dropped[reasonOf(err)]++
		return
	}
	switch {
	case p.parsed.Timestamped:
		p.dropped[Timestamped]++
	case p.verdict == keepUnknown:
		p.acceptUnknown()
	case p.part == single:
		p.acceptNumber()
	default:
		p.assemble()
	}
}

// leaveFamily ends the current family.
func (p *pass) leaveFamily() {
	p.abandonAssembly()
	p.family, p.name = nil, p.name[:0]
}

// enterName decides how the samples of a name are handled. It is called where
// the name changes.
func (p *pass) enterName(name []byte) {
	family, part := p.find(name)
	if family == nil || family != p.family {
		p.abandonAssembly()
		p.boundary.enter(p.familyName(name, family))
		p.item, p.recent = -1, [maxLabels]valueID{}
	}
	p.name = append(p.name[:0], name...)
	p.family, p.part = family, part
	p.classify(name)
}

// parts are the suffixes of the sample names of histograms and summaries.
var parts = []struct {
	suffix string
	part   part
}{{"_bucket", bucket}, {"_sum", sum}, {"_count", count}}

// find returns the family of a sample name, nil if the text of this flavor has
// none.
func (p *pass) find(name []byte) (*catalog.TextFamily, part) {
	if family := p.plan.catalog.Family(name); family != nil {
		switch {
		case !family.InText:
			return nil, single
		case isHistogram(family):
			return family, noPart
		case isSummary(family):
			return family, quantile
		}
		return family, single
	}
	for i := range parts {
		base, found := bytes.CutSuffix(name, []byte(parts[i].suffix))
		if !found {
			continue
		}
		family := p.plan.catalog.Family(base)
		if family != nil && family.InText && (isHistogram(family) || isSummary(family) && parts[i].part != bucket) {
			return family, parts[i].part
		}
		break
	}
	return nil, single
}

// familyName returns the name of the family of a sample: that of the catalog
// or, for a family that the catalog lacks, the declared name that the sample
// name extends, or the sample name itself.
func (p *pass) familyName(name []byte, family *catalog.TextFamily) []byte {
	if family != nil {
		return name[:len(family.Name)]
	}
	for i := range parts {
		if base, found := bytes.CutSuffix(name, []byte(parts[i].suffix)); found && bytes.Equal(base, p.boundary.previous) {
			return base
		}
	}
	return name
}

// classify sets the verdict on the samples of a name at the current position.
func (p *pass) classify(name []byte) {
	inHostPart := p.boundary.section != catalog.Guest
	switch family := p.family; {
	case family != nil && family.Section != catalog.Guest && !p.boundary.allows(family.Section):
		p.drop(Forged)
	case family != nil && p.part == noPart:
		p.drop(Unknown)
	case family != nil:
		p.host = p.host || family.Section != catalog.Guest
		p.verdict = skip
		measured := p.reader.account != nil && p.plan.measured[family.Index]
		if measured || p.plan.families[family.Index] || family == p.plan.start {
			p.verdict = accept
		}
	case catalog.IsHostName(name) && !inHostPart:
		p.drop(Forged)
	case !catalog.IsHostName(name) && !catalog.IsGuestName(name):
		p.drop(Foreign)
	case !p.reader.settings.unknownGauge:
		p.drop(Unknown)
	case !p.reader.settings.matchesFilter(catalog.UpstreamName(string(name))):
		p.verdict = skip
	default:
		p.verdict = keepUnknown
	}
}

func (p *pass) drop(reason Reason) { p.verdict, p.reason = drop, reason }

// enterSection begins a host part of runtime-rs. Samples held for an earlier
// beginning of the same part were the guest's.
func (p *pass) enterSection(section catalog.Section) {
	kept := len(p.held)
	switch {
	case section == catalog.Hypervisor:
		kept = 0
	case p.boundary.section == catalog.Shim:
		kept = p.heldShim
	}
	p.dropped[Forged] += len(p.held) - kept
	p.held, p.heldShim = p.held[:kept], kept
	p.boundary.section, p.host = section, false
}

// endOfText accepts the held samples if the text was complete, and reports
// whether there was a host part.
func (p *pass) endOfText(complete bool) bool {
	if p.reader.flavor == catalog.Go {
		return p.host
	}
	if !complete || !p.host || p.boundary.section != catalog.Shim {
		return false
	}
	for _, sample := range p.held {
		p.put(sample.key, sample.value)
	}
	return true
}

// release adds the counts of dropped samples to the reading and returns the
// pass to the pool.
func (p *pass) release(reading *sandbox.Reading) {
	for reason, samples := range p.dropped {
		if samples > 0 {
			reading.Drop(Reason(reason).String(), samples)
		}
	}
	// The pool must not keep the memory of a sandbox alive.
	p.reader, p.plan, p.family, p.assembly = nil, nil, nil, assembly{}
	p.scanner.Reset(nil, exposition.Limits{})
	passPool.Put(p)
}

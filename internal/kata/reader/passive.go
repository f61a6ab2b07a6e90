package reader

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Sample is a value that was read on the host without the shim.
type Sample struct {
	// Family and Item are those of the corresponding sample in the shim's text.
	Family, Item string
	// Label is the value of the family's label other than item, for example the
	// name of a network interface.
	Label string
	// Value is in the unit that the catalog has for the shim's text.
	Value float64
}

// ReadPassive appends values that were read on the host without contacting the
// shim. Samples that the settings do not select or that the catalog lacks are
// skipped.
func (r *Reader) ReadPassive(samples []Sample, reading *sandbox.Reading) {
	p := passPool.Get().(*pass)
	p.reset(r)
	r.begin()
	for i := range samples {
		p.acceptPassive(&samples[i])
	}
	p.release(reading)
	r.emit(reading)
}

func (p *pass) acceptPassive(sample *Sample) {
	family := p.plan.catalog.Family([]byte(sample.Family))
	if family == nil || family.Origin() != sandbox.Host || !isFinite(sample.Value) || len(family.Labels) > 1 {
		return
	}
	at := family.Items.Find([]byte(sample.Item), -1)
	if at < 0 {
		return
	}
	row := &family.Items[at]
	if !p.plan.rows[row.Index].selected {
		return
	}
	label := [maxLabels][]byte{[]byte(sample.Label)}
	key, ok := p.key(row, family.Labels, &label)
	if !ok {
		return
	}
	if value, ok := p.convert(row, sample.Value); ok {
		p.put(key, value)
	}
}

package reader

import (
	"bytes"
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// keptFamilies are the unknown families of one sandbox that are emitted as gauges.
// They count as guest data and are limited like it, because nothing is known
// about them.
type keptFamilies struct {
	indexes  map[string]int
	families []*sandbox.Family
}

// unknownLabelKeys are the labels that an unknown family may have.
var unknownLabelKeys = []string{"cpu", "device", "disk", "interface", "item", "mount"}

// acceptUnknown accepts a sample of a family that the catalog lacks.
func (p *pass) acceptUnknown() {
	if !isFinite(p.parsed.Value) {
		p.dropped[NonFinite]++
		return
	}
	labels := p.parsed.Labels
	if len(labels) > maxLabels {
		p.dropped[BadLabel]++
		return
	}
	slices.SortFunc(labels, func(a, b exposition.Label) int { return bytes.Compare(a.Name, b.Name) })
	for i := range labels {
		if !slices.Contains(unknownLabelKeys, string(labels[i].Name)) {
			p.dropped[BadLabel]++
			return
		}
	}
	row, ok := p.unknownRow(labels)
	if !ok {
		p.dropped[Limit]++
		return
	}
	var ids [maxLabels]valueID
	for i := range labels {
		id, reason := p.valueID(i, catalog.AnyText, labels[i].Value, true)
		if id == 0 {
			p.dropped[reason]++
			return
		}
		ids[i] = id
	}
	p.put(makeKey(row, ids[0], ids[1]), p.parsed.Value)
}

// unknownRow returns the row of the current name with these labels. Such rows
// follow those of the catalog.
func (p *pass) unknownRow(labels []exposition.Label) (row uint16, ok bool) {
	p.scratch = append(p.scratch[:0], p.name...)
	for i := range labels {
		p.scratch = append(append(p.scratch, ','), labels[i].Name...)
	}
	unknown := &p.reader.unknown
	index, found := unknown.indexes[string(p.scratch)]
	if !found {
		if len(unknown.families) >= p.reader.settings.limits.unknownFamilies {
			return 0, false
		}
		if unknown.indexes == nil {
			unknown.indexes = map[string]int{}
		}
		index = len(unknown.families)
		unknown.indexes[string(p.scratch)] = index
		unknown.families = append(unknown.families, newUnknownFamily(string(p.name), labels))
	}
	return uint16(len(p.plan.rows) + index), true
}

func newUnknownFamily(name string, labels []exposition.Label) *sandbox.Family {
	keys := make([]string, len(labels))
	for i := range labels {
		keys[i] = string(labels[i].Name)
	}
	const description = "Metric family unknown to the receiver."
	return &sandbox.Family{
		Origin:     sandbox.Guest,
		OTel:       sandbox.Descriptor{Name: "kata.unknown." + name, Description: description, LabelKeys: keys},
		Prometheus: sandbox.Descriptor{Name: catalog.UpstreamName(name), Description: description, LabelKeys: keys},
	}
}

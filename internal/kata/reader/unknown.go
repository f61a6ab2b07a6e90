package reader

import (
	"bytes"
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// adopted are the families of one sandbox that the catalog lacks and that are
// passed on as gauges. They count as the guest's, because nothing is known of
// them, and are as bounded as all that is.
type adopted struct {
	indexes  map[string]int
	families []*sandbox.Family
}

// adoptedKeys are the labels that an adopted family may have.
var adoptedKeys = []string{"cpu", "device", "disk", "interface", "item", "mount"}

// adoptSample takes a sample of a family that the catalog lacks.
func (p *pass) adoptSample() {
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
		if !slices.Contains(adoptedKeys, string(labels[i].Name)) {
			p.dropped[BadLabel]++
			return
		}
	}
	row, ok := p.adoptedRow(labels)
	if !ok {
		p.dropped[Limit]++
		return
	}
	var ids [maxLabels]textID
	for i := range labels {
		id, reason := p.textID(i, catalog.AnyText, labels[i].Value, true)
		if id == 0 {
			p.dropped[reason]++
			return
		}
		ids[i] = id
	}
	p.put(makeKey(row, ids[0], ids[1]), p.parsed.Value)
}

// adoptedRow is the row of the current name with these labels. Such rows follow
// those of the catalog.
func (p *pass) adoptedRow(labels []exposition.Label) (row uint16, ok bool) {
	p.scratch = append(p.scratch[:0], p.name...)
	for i := range labels {
		p.scratch = append(append(p.scratch, ','), labels[i].Name...)
	}
	all := &p.reader.adopted
	index, found := all.indexes[string(p.scratch)]
	if !found {
		if len(all.families) >= p.reader.settings.limits.unknownFamilies {
			return 0, false
		}
		if all.indexes == nil {
			all.indexes = map[string]int{}
		}
		index = len(all.families)
		all.indexes[string(p.scratch)] = index
		all.families = append(all.families, adoptedFamily(string(p.name), labels))
	}
	return uint16(len(p.plan.rows) + index), true
}

func adoptedFamily(name string, labels []exposition.Label) *sandbox.Family {
	keys := make([]string, len(labels))
	for i := range labels {
		keys[i] = string(labels[i].Name)
	}
	const description = "A family that the receiver does not know."
	return &sandbox.Family{
		Origin:     sandbox.Guest,
		OTel:       sandbox.Descriptor{Name: "kata.unknown." + name, Description: description, LabelKeys: keys},
		Prometheus: sandbox.Descriptor{Name: catalog.UpstreamName(name), Description: description, LabelKeys: keys},
	}
}

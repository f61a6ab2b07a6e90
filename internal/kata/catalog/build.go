package catalog

import (
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// build creates the catalog of a flavor from the table.
func build(flavor Flavor) *Catalog {
	c := &Catalog{byName: map[string]*TextFamily{}}
	text := goText
	if flavor == Rust {
		text = rustText
	}
	for _, part := range table {
		for i := range part {
			if entry := &part[i]; entry.sources&(text|passive) != 0 {
				c.add(entry, entry.sources&text != 0)
			}
		}
	}
	return c
}

// add adds one entry of the table. An entry with a value in only holds the rows of
// that label value, and shares its name with the entry for all other values.
func (c *Catalog) add(entry *family, inText bool) {
	into := c.byName[entry.name]
	if into == nil {
		into = c.addFamily(entry, inText)
	}
	items := make(Items, len(entry.items))
	for i := range items {
		items[i] = entry.row(&entry.items[i], into, into.Labels)
	}
	slices.SortFunc(items, func(a, b Row) int { return strings.Compare(a.Item, b.Item) })
	c.number(items)
	if entry.only != "" {
		into.OnlyText, into.Only = entry.only, items
		return
	}
	into.Items = items
	if entry.name == vmStatFamily {
		into.OtherLabels = byVMStatKey
		into.others = make(Items, len(vmStatKinds))
		for i := range into.others {
			into.others[i] = entry.row(&vmStatKinds[i], into, into.OtherLabels)
		}
		c.number(into.others)
	}
}

func (c *Catalog) addFamily(entry *family, inText bool) *TextFamily {
	f := &TextFamily{
		Index: len(c.Families), Name: entry.name, UpstreamName: UpstreamName(entry.name),
		Kind: entry.kind, Section: entry.component.section, InText: inText,
		Labels: entry.labels, HasItems: entry.items[0].name != "",
	}
	c.byName[f.Name] = f
	c.Families = append(c.Families, f)
	if inText && f.Origin() == sandbox.Host {
		c.LastHost = max(c.LastHost, f.Name)
	}
	return f
}

// number assigns the next indexes to rows.
func (c *Catalog) number(items Items) {
	for i := range items {
		items[i].Index = len(c.Rows)
		c.Rows = append(c.Rows, &items[i])
	}
}

// row returns the row of an item whose points have these labels.
func (f *family) row(item *item, into *TextFamily, labels []Label) Row {
	row := Row{
		Item: item.name, InDefault: item.inDefault, Adjustment: item.adjustment,
		Counter: f.kind == sandbox.Counter,
	}
	row.Family.Origin = into.Origin()
	if f.help != "" {
		row.Family.Prometheus = f.prometheus(item, into, labels)
	}
	if item.metric.name == "" {
		row.OmitReason = item.metric.description
		return row
	}
	row.Counter = item.metric.kind == sandbox.Counter
	row.Family.OTel = f.otel(item, labels)
	return row
}

// prometheus returns the descriptor of an item with naming "prometheus".
func (f *family) prometheus(item *item, into *TextFamily, labels []Label) sandbox.Descriptor {
	descriptor := sandbox.Descriptor{Name: into.UpstreamName, Description: f.help, Kind: f.kind}
	for _, label := range labels {
		descriptor.LabelKeys = append(descriptor.LabelKeys, label.Key)
	}
	if item.name != "" {
		descriptor.Attributes = append(descriptor.Attributes, sandbox.Attribute{Key: "item", Value: item.name})
	}
	return descriptor
}

// otel returns the descriptor of an item with naming "otel".
func (f *family) otel(item *item, labels []Label) sandbox.Descriptor {
	descriptor := sandbox.Descriptor{
		Name:        f.component.prefix + item.metric.name,
		Description: strings.ReplaceAll(item.metric.description, "{}", f.component.subject),
		Unit:        item.metric.unit,
		Kind:        item.metric.kind,
		Scale:       item.scale,
	}
	for _, label := range labels {
		key := label.OTel
		if f.only != "" {
			// The name of the metric implies the value of the label.
			key = ""
		}
		descriptor.LabelKeys = append(descriptor.LabelKeys, key)
	}
	for attribute := range strings.FieldsSeq(item.attributes) {
		key, value, _ := strings.Cut(attribute, "=")
		descriptor.Attributes = append(descriptor.Attributes, sandbox.Attribute{Key: key, Value: value})
	}
	return descriptor
}

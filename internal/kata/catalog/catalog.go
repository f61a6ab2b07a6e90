package catalog

import (
	"slices"
	"strings"
	"sync"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// StartTime is the family that tells when the process of a Go shim began.
const StartTime = "process_start_time_seconds"

// Catalog is all that one flavor of runtime reports. It is immutable.
type Catalog struct {
	// Families and Rows are in the order of their index.
	Families []*TextFamily
	Rows     []*Row
	// LastHost is the greatest name of a host family in the text. The runtime
	// written in Go writes its own families in the order of their names.
	LastHost string

	byName map[string]*TextFamily
}

var catalogs = [flavors]func() *Catalog{
	Go:   sync.OnceValue(func() *Catalog { return build(Go) }),
	Rust: sync.OnceValue(func() *Catalog { return build(Rust) }),
}

// For is the catalog of a flavor.
func For(flavor Flavor) *Catalog { return catalogs[flavor]() }

// Family finds a family by the name in the text, nil if there is none.
func (c *Catalog) Family(name []byte) *TextFamily { return c.byName[string(name)] }

// Lookup is how one item of a family appears in readings, nil if a flavor has
// no such item. The item is empty for families without items.
func Lookup(flavor Flavor, family, item string) *sandbox.Family {
	found := For(flavor).byName[family]
	if found == nil {
		return nil
	}
	at := found.Items.Find([]byte(item), -1)
	if at < 0 {
		return nil
	}
	return &found.Items[at].Family
}

// hostPrefixes begin the names of all host families.
var hostPrefixes = []string{"go_", "kata_firecracker_", "kata_hypervisor_", "kata_shim_", "kata_virtiofsd_", "process_"}

// guestPrefixes begin the names of all guest families.
var guestPrefixes = []string{"kata_agent_", "kata_guest_"}

// IsHostName tells whether a name could be that of a host family, be it in the
// catalog or not.
func IsHostName(name []byte) bool { return hasPrefix(name, hostPrefixes) }

// IsGuestName tells whether a name could be that of a guest family.
func IsGuestName(name []byte) bool { return hasPrefix(name, guestPrefixes) }

func hasPrefix(name []byte, prefixes []string) bool {
	for _, prefix := range prefixes {
		if len(name) > len(prefix) && string(name[:len(prefix)]) == prefix {
			return true
		}
	}
	return false
}

// build makes the catalog of a flavor from the table.
func build(flavor Flavor) *Catalog {
	c := &Catalog{byName: map[string]*TextFamily{}}
	text := goText
	if flavor == Rust {
		text = rustText
	}
	for _, part := range table {
		for i := range part {
			if source := &part[i]; source.writers&(text|passive) != 0 {
				c.add(source, source.writers&text != 0)
			}
		}
	}
	return c
}

func (c *Catalog) add(source *family, inText bool) {
	into := c.byName[source.name]
	if into == nil {
		into = &TextFamily{
			Index: len(c.Families), Name: source.name, PeerName: PeerName(source.name),
			Kind: source.kind, Section: source.component.section, InText: inText,
			Labels: source.labels, HasItems: source.items[0].text != "",
		}
		c.byName[into.Name] = into
		c.Families = append(c.Families, into)
		if inText && into.Origin() == sandbox.Host {
			c.LastHost = max(c.LastHost, into.Name)
		}
	}
	items := make(Items, len(source.items))
	for i := range items {
		items[i] = source.row(&source.items[i], into, into.Labels)
	}
	slices.SortFunc(items, func(a, b Row) int { return strings.Compare(a.Item, b.Item) })
	c.number(items)
	if source.only != "" {
		into.OnlyText, into.Only = source.only, items
		return
	}
	into.Items = items
	if source.name == "kata_guest_vm_stat" {
		into.OtherLabels = byVMStatKey
		into.others = make(Items, len(vmStatKinds))
		for i := range into.others {
			into.others[i] = source.row(&vmStatKinds[i], into, into.OtherLabels)
		}
		c.number(into.others)
	}
}

func (c *Catalog) number(items Items) {
	for i := range items {
		items[i].Index = len(c.Rows)
		c.Rows = append(c.Rows, &items[i])
	}
}

// row makes a row of an item whose points have these labels.
func (f *family) row(item *item, into *TextFamily, labels []Label) Row {
	row := Row{Item: item.text, Usual: bool(item.preset), Fix: item.fix, Counter: f.kind == sandbox.Counter}
	row.Family.Origin = into.Origin()

	var keys, attributeKeys []string
	for _, label := range labels {
		keys = append(keys, label.Key)
		attributeKeys = append(attributeKeys, label.OTel)
	}
	if f.help != "" {
		peer := sandbox.Descriptor{Name: into.PeerName, Description: f.help, Kind: f.kind, LabelKeys: keys}
		if item.text != "" {
			peer.Attributes = append(peer.Attributes, sandbox.Attribute{Key: "item", Value: item.text})
		}
		row.Family.Prometheus = peer
	}
	if item.metric.name == "" {
		row.Instead = item.metric.text
		return row
	}
	row.Counter = item.metric.kind == sandbox.Counter
	if f.only != "" {
		// Said by the name of the metric.
		attributeKeys = make([]string, len(attributeKeys))
	}
	form := sandbox.Descriptor{
		Name:        f.component.prefix + item.metric.name,
		Description: strings.ReplaceAll(item.metric.text, "{}", f.component.subject),
		Unit:        item.metric.unit,
		Kind:        item.metric.kind,
		Scale:       item.scale,
		LabelKeys:   attributeKeys,
	}
	for attribute := range strings.FieldsSeq(item.attributes) {
		key, value, _ := strings.Cut(attribute, "=")
		form.Attributes = append(form.Attributes, sandbox.Attribute{Key: key, Value: value})
	}
	row.Family.OTel = form
	return row
}

// PeerName is what kata-monitor calls a family of a sandbox.
func PeerName(name string) string {
	if strings.HasPrefix(name, "go_") || strings.HasPrefix(name, "process_") {
		return "kata_shim_" + name
	}
	return name
}

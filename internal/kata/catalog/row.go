package catalog

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Row is one metric, or one part of a metric that its text tells apart by the
// label "item".
type Row struct {
	// Index numbers the rows of a catalog from 0 on.
	Index int
	// Item is the text of the label "item", empty in families without it.
	Item string
	// Family has both names. It is shared and must not be changed.
	Family sandbox.Family
	// Usual rows belong to the default preset.
	Usual bool
	// Counter says that values only grow, whatever the text declares.
	Counter bool
	// Fix is how values have to be treated in the naming "otel".
	Fix Fix
	// Instead says why there is no name in the naming "otel".
	Instead string
}

// Fix is how values of a row have to be treated in the naming "otel", where
// they should mean what they seem to mean. The naming "prometheus" has them as
// they are.
type Fix uint8

const (
	// NotZero values are left out when they are 0, which stands for nothing
	// there to measure.
	NotZero Fix = 1 << iota
	// Wrapped values from 2⁶³ on are negative ones that wrapped around.
	Wrapped
	// Unlimited values from 2⁶³ - 1 on are left out: they mean no limit.
	Unlimited
	// Hundredths are rounded to two decimals, because the rest is noise.
	Hundredths
	// Real values may have a fraction.
	Real
)

// Items are rows of one text family, ordered by item.
type Items []Row

// Find returns the index of an item, -1 if there is none. Texts have their
// items in order, so the one behind the last that was found is tried first.
func (items Items) Find(item []byte, last int) int {
	if next := last + 1; next < len(items) && items[next].Item == string(item) {
		return next
	}
	from, to := 0, len(items)
	for from < to {
		middle := (from + to) / 2
		if items[middle].Item < string(item) {
			from = middle + 1
		} else {
			to = middle
		}
	}
	if from == len(items) || items[from].Item != string(item) {
		return -1
	}
	return from
}

// Section is where in an answer a family may stand.
type Section uint8

const (
	// Guest families come from the agent in the guest.
	Guest Section = iota
	// Hypervisor families come from the shim, about the virtual machine
	// monitor; runtime-rs has them before those of the shim.
	Hypervisor
	// Shim families come from the shim, about anything else on the host.
	Shim
)

// Label is a label that the samples of a family must have, besides item.
type Label struct {
	// Key is its name in the text, OTel that in the naming "otel".
	Key, OTel string
	Text      LabelText
}

// LabelText is what a label may hold.
type LabelText uint8

const (
	// AnyText is any text that is not empty, without control characters.
	AnyText LabelText = iota
	// CPUNumber is a decimal number below [MaxCPUs].
	CPUNumber
	// MethodName is a name of letters, digits, underscores and full stops.
	MethodName
)

// MaxCPUs is how many CPUs a guest can have; far above what Kata starts.
const MaxCPUs = 1024

// TextFamily is all that a text calls by one name.
type TextFamily struct {
	// Index numbers the families of a catalog from 0 on.
	Index int
	// Name is that in the shim's text, PeerName that in kata-monitor's.
	Name, PeerName string
	// Kind is what the text declares, which is true only of histograms and
	// summaries.
	Kind    sandbox.Kind
	Section Section
	// InText says that the shim writes it. Other families hold readings taken
	// on the host without the shim.
	InText bool
	Labels []Label
	// HasItems says that samples have the label "item".
	HasItems bool
	Items    Items
	// Only holds the items of samples whose only label has the text OnlyText.
	OnlyText string
	Only     Items

	// OtherLabels are the labels of points of [TextFamily.Other] rows: Labels
	// and item.
	OtherLabels []Label

	others Items
}

// Origin is who measured the family.
func (f *TextFamily) Origin() sandbox.Origin {
	if f.Section == Guest {
		return sandbox.Guest
	}
	return sandbox.Host
}

// Other is the row of an item that is not in Items, nil if the family has none
// but those. The item is then a label of its points.
func (f *TextFamily) Other(item []byte) *Row {
	if f.others == nil {
		return nil
	}
	return &f.others[classifyVMStat(item)]
}

// Rows yields all rows.
func (f *TextFamily) Rows(yield func(*Row) bool) {
	for _, items := range []Items{f.Items, f.Only, f.others} {
		for i := range items {
			if !yield(&items[i]) {
				return
			}
		}
	}
}

// Bounds are the upper bounds of all histograms, in the unit of the text, and
// BoundTexts how their label "le" spells them, with the one above.
var (
	Bounds     = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
	BoundTexts = []string{"1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "+Inf"}
)

// Quantiles are those of all summaries, and QuantileTexts how their label
// "quantile" spells them.
var (
	Quantiles     = []float64{0, 0.25, 0.5, 0.75, 1}
	QuantileTexts = []string{"0", "0.25", "0.5", "0.75", "1"}
)

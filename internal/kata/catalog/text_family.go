package catalog

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// TextFamily describes all samples that share one name in the text of a shim.
type TextFamily struct {
	// Index is the position of the family in [Catalog.Families].
	Index int
	// Name is the name in the text of the shim, UpstreamName the name that
	// kata-monitor exports.
	Name, UpstreamName string
	// Kind is the type that the text declares. It is reliable only for
	// histograms and summaries.
	Kind    sandbox.Kind
	Section Section
	// InText reports whether the shim writes the family. Other families hold
	// readings taken on the host without the shim.
	InText bool
	Labels []Label
	// HasItems reports whether samples have the label "item".
	HasItems bool
	Items    Items
	// Only holds the rows of samples whose only label has the value OnlyText.
	OnlyText string
	Only     Items
	// OtherLabels are the labels of the points of [TextFamily.Other] rows: those
	// in Labels, followed by item.
	OtherLabels []Label

	others Items
}

// Origin returns which side of the sandbox boundary measured the family.
func (f *TextFamily) Origin() sandbox.Origin {
	if f.Section == Guest {
		return sandbox.Guest
	}
	return sandbox.Host
}

// Other returns the row of an item that is not in Items, or nil if the family
// accepts no other items. The item is then a label of the points of the row.
func (f *TextFamily) Other(item []byte) *Row {
	if f.others == nil {
		return nil
	}
	return &f.others[classifyVMStat(item)]
}

// Rows iterates over all rows of the family.
func (f *TextFamily) Rows(yield func(*Row) bool) {
	for _, items := range []Items{f.Items, f.Only, f.others} {
		for i := range items {
			if !yield(&items[i]) {
				return
			}
		}
	}
}

// Section is the part of a response in which a family may appear.
type Section uint8

const (
	// Guest families come from the guest agent.
	Guest Section = iota
	// Hypervisor families come from the shim and describe the virtual machine
	// monitor. runtime-rs writes them before those of the shim.
	Hypervisor
	// Shim families come from the shim and describe anything else on the host.
	Shim
)

// Label is a label other than item that the samples of a family must have.
type Label struct {
	// Key is the name in the text, OTel the attribute key with naming "otel".
	Key, OTel string
	Text      LabelText
}

// LabelText restricts the value of a label.
type LabelText uint8

const (
	// AnyText accepts any text that is not empty and has no control characters.
	AnyText LabelText = iota
	// CPUNumber accepts a decimal number below [MaxCPUs].
	CPUNumber
	// MethodName accepts a name of letters, digits, underscores and periods.
	MethodName
)

// MaxCPUs limits the number of CPUs of a guest. It is far above the number that
// Kata starts.
const MaxCPUs = 1024

// Bounds are the upper bounds of all histograms, in the unit of the text.
// BoundTexts are the values of the label "le" for them, followed by that of the
// last bucket.
var (
	Bounds     = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
	BoundTexts = []string{"1", "2", "4", "8", "16", "32", "64", "128", "256", "512", "+Inf"}
)

// Quantiles are the quantiles of all summaries. QuantileTexts are the values of
// the label "quantile" for them.
var (
	Quantiles     = []float64{0, 0.25, 0.5, 0.75, 1}
	QuantileTexts = []string{"0", "0.25", "0.5", "0.75", "1"}
)

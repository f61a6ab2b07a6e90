package catalog

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Row describes one metric, or one part of a metric that the text distinguishes
// by the label "item".
type Row struct {
	// Index is the position of the row in [Catalog.Rows].
	Index int
	// Item is the value of the label "item", empty in families without it.
	Item string
	// Family holds the descriptors for both namings. It is shared and must not
	// be changed.
	Family sandbox.Family
	// InDefault reports whether the row belongs to the default families.
	InDefault bool
	// Counter reports whether values only increase, whatever type the text
	// declares.
	Counter bool
	// Adjustment is applied to values with naming "otel".
	Adjustment Adjustment
	// OmitReason states why the row has no name with naming "otel". It is empty
	// if the row has one.
	OmitReason string
}

// Adjustment is a set of corrections that a value needs with naming "otel". With
// naming "prometheus" the value is passed on unchanged.
type Adjustment uint8

const (
	// OmitZero drops a value of 0, which means that there was nothing to
	// measure.
	OmitZero Adjustment = 1 << iota
	// Unwrap subtracts 2⁶⁴ from values of 2⁶³ and above, which are negative
	// values that wrapped around.
	Unwrap
	// OmitUnlimited drops values of 2⁶³ - 1 and above, which mean that there is
	// no limit.
	OmitUnlimited
	// RoundHundredths rounds to two decimals, because the others are noise.
	RoundHundredths
	// Fractional marks values that may have a fraction. It changes no value.
	Fractional
)

// Items are the rows of one text family, ordered by item.
type Items []Row

// Find returns the index of an item, or -1 if it is not among the items. Texts
// list their items in order, so Find first tries the item after the last one
// found.
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

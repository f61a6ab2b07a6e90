package reader

import (
	"errors"
	"math"
	"unicode/utf8"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// reasonOf returns the reason for dropping a line with an error of the scanner.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, exposition.ErrLimit):
		return Limit
	case errors.Is(err, exposition.ErrQuoted):
		return Foreign
	}
	return Malformed
}

// acceptNumber accepts a sample that is a point by itself.
func (p *pass) acceptNumber() {
	value := p.parsed.Value
	if !isFinite(value) {
		p.dropped[NonFinite]++
		return
	}
	row, key, ok := p.locate("")
	if p.family == p.plan.start && row != nil {
		p.started = value
	}
	if !ok {
		return
	}
	if value, ok = p.convert(row, value); !ok {
		return
	}
	if p.reader.flavor == catalog.Rust && p.family.Section != catalog.Guest {
		p.hold(key, value)
	} else {
		p.put(key, value)
	}
}

// convert converts a value of the text for the naming. ok is false if the value
// is dropped or represents no measurement.
func (p *pass) convert(row *catalog.Row, value float64) (converted float64, ok bool) {
	if row.Counter && value < 0 {
		p.dropped[Negative]++
		return 0, false
	}
	if p.reader.settings.naming == sandbox.Prometheus {
		return value, true
	}
	return convertToOTel(row.Adjustment, value)
}

// locate returns the row and the series of the current sample. It returns a row
// without ok if the settings do not select the row, or if the sample is dropped
// because of its labels. partLabel is an additional label of the sample, "le" or
// "quantile".
func (p *pass) locate(partLabel string) (row *catalog.Row, key seriesKey, ok bool) {
	var (
		item   []byte
		values [maxLabels][]byte
		found  int
	)
	for i := range p.parsed.Labels {
		label := &p.parsed.Labels[i]
		switch {
		case partLabel != "" && string(label.Name) == partLabel:
			continue
		case p.family.HasItems && string(label.Name) == "item":
			item = label.Value
		default:
			at := labelIndex(p.family.Labels, label.Name)
			if at < 0 {
				p.dropped[BadLabel]++
				return nil, 0, false
			}
			values[at] = label.Value
		}
		found++
	}
	want := len(p.family.Labels)
	if p.family.HasItems {
		want++
	}
	if found != want {
		p.dropped[BadLabel]++
		return nil, 0, false
	}
	row, labels := p.findRow(item, &values)
	if row == nil {
		p.dropped[Unknown]++
		return nil, 0, false
	}
	plan := &p.plan.rows[row.Index]
	if plan.figure != guest.None && p.reader.account != nil {
		p.reader.account.Add(plan.figure, values[0], p.parsed.Value)
	}
	if !plan.selected {
		return row, 0, false
	}
	key, ok = p.key(row, labels, &values)
	return row, key, ok
}

// findRow returns the row of an item and the labels of its points. If the item
// is one of these labels, findRow adds it to the values.
func (p *pass) findRow(item []byte, values *[maxLabels][]byte) (row *catalog.Row, labels []catalog.Label) {
	items, labels := p.family.Items, p.family.Labels
	if p.family.OnlyText != "" && string(values[0]) == p.family.OnlyText {
		items, labels = p.family.Only, anyLabel
	}
	if at := items.Find(item, p.item); at >= 0 {
		p.item = at
		return &items[at], labels
	}
	if row = p.family.Other(item); row != nil {
		values[len(p.family.Labels)] = item
	}
	return row, p.family.OtherLabels
}

// anyLabel is for a label whose value has already been compared.
var anyLabel = []catalog.Label{{Text: catalog.AnyText}}

// key returns the key of a series. It adds label values that are new.
func (p *pass) key(row *catalog.Row, labels []catalog.Label, values *[maxLabels][]byte) (seriesKey, bool) {
	var ids [maxLabels]valueID
	guest := p.plan.rows[row.Index].guest
	for i := range labels {
		id, reason := p.valueID(i, labels[i].Text, values[i], guest)
		if id == 0 {
			p.dropped[reason]++
			return 0, false
		}
		ids[i] = id
	}
	return makeKey(uint16(row.Index), ids[0], ids[1]), true
}

// valueID returns the ID of a label value, or 0 and the reason for dropping its
// sample. at is the index of the label.
func (p *pass) valueID(at int, kind catalog.LabelText, text []byte, guest bool) (valueID, Reason) {
	if kind == catalog.CPUNumber {
		n := smallNumber(text)
		if n < 0 {
			return 0, BadLabel
		}
		return firstNumber + valueID(n), 0
	}
	values := &p.reader.labelValues
	if values.is(p.recent[at], text) {
		return p.recent[at], 0
	}
	if kind == catalog.MethodName && !isMethodName(text) {
		return 0, BadLabel
	}
	id := values.find(text)
	if id == 0 {
		if !isPlainText(text) {
			return 0, BadLabel
		}
		limits := &p.reader.settings.limits
		if guest && values.guest >= limits.guestLabelValues || !guest && values.host >= limits.hostLabelValues {
			return 0, Limit
		}
		id = values.add(text, guest)
	}
	p.recent[at] = id
	return id, 0
}

// hold keeps a sample that may be in a host part of runtime-rs.
func (p *pass) hold(key seriesKey, value float64) {
	if len(p.held) >= p.reader.settings.limits.hostSeries {
		p.dropped[Limit]++
		return
	}
	p.held = append(p.held, heldSample{key, value})
}

// put sets the value of a series in this pull. It returns nil if the sample is
// dropped.
func (p *pass) put(key seriesKey, value float64) *series {
	r := p.reader
	guest, monotonic := r.isGuest(key.row()), r.isMonotonic(key.row())
	entry := r.table.find(key)
	switch {
	case entry == nil:
		limits := &r.settings.limits
		if guest && r.table.guest >= limits.guestSeries || !guest && r.table.host >= limits.hostSeries {
			p.dropped[Limit]++
			return nil
		}
		entry = r.table.add(key, guest)
	case entry.pull == r.pull:
		p.dropped[Duplicate]++
		return nil
	case monotonic && entry.emitted && value < entry.value:
		entry.value = value
		p.dropped[Regressed]++
		return nil
	}
	entry.value, entry.pull = value, r.pull
	return entry
}

// convertToOTel converts a value of the text to the value that it represents, for
// example a wrapped one to a negative one. ok is false if the value represents
// no measurement or no limit.
func convertToOTel(rule catalog.Adjustment, value float64) (converted float64, ok bool) {
	switch {
	case rule&^catalog.Fractional == 0:
	case rule&catalog.OmitZero != 0 && value == 0,
		// The nearest number to 2⁶³ - 1 is 2⁶³.
		rule&catalog.OmitUnlimited != 0 && value >= 1<<63:
		return 0, false
	case rule&catalog.Unwrap != 0 && value >= 1<<63:
		value -= 1 << 64
	case rule&catalog.RoundHundredths != 0:
		value = math.Round(value*100) / 100
	}
	return value, true
}

func labelIndex(labels []catalog.Label, name []byte) int {
	for i := range labels {
		if labels[i].Key == string(name) {
			return i
		}
	}
	return -1
}

func isFinite(value float64) bool { return !math.IsNaN(value) && !math.IsInf(value, 0) }

// smallNumber parses a decimal number below [catalog.MaxCPUs] without leading
// zeros. It returns -1 for anything else.
func smallNumber(text []byte) int {
	if len(text) == 0 || len(text) > 4 || text[0] == '0' && len(text) > 1 {
		return -1
	}
	n := 0
	for _, b := range text {
		if b < '0' || b > '9' {
			return -1
		}
		n = n*10 + int(b-'0')
	}
	if n >= catalog.MaxCPUs {
		return -1
	}
	return n
}

// isPlainText reports whether a text is not empty, valid UTF-8 and free of
// control characters.
func isPlainText(text []byte) bool {
	for _, b := range text {
		if b < ' ' || b == 0x7f {
			return false
		}
	}
	// U+0080 to U+009F are control characters as well.
	for i := 0; i+1 < len(text); i++ {
		if text[i] == 0xc2 && text[i+1] < 0xa0 {
			return false
		}
	}
	return len(text) > 0 && utf8.Valid(text)
}

func isMethodName(text []byte) bool {
	for _, b := range text {
		if (b < 'a' || b > 'z') && (b < 'A' || b > 'Z') && (b < '0' || b > '9') && b != '_' && b != '.' {
			return false
		}
	}
	return len(text) > 0
}

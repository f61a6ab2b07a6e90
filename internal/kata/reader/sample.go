package reader

import (
	"errors"
	"math"
	"unicode/utf8"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/exposition"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// reasonOf is why a line with an error of the scanner is left out.
func reasonOf(err error) Reason {
	switch {
	case errors.Is(err, exposition.ErrLimit):
		return Limit
	case errors.Is(err, exposition.ErrQuoted):
		return Foreign
	}
	return Malformed
}

// takeNumber takes a sample that is a point by itself.
func (p *pass) takeNumber() {
	value := p.parsed.Value
	if !isFinite(value) {
		p.dropped[NonFinite]++
		return
	}
	row, key, ok := p.locate("")
	if p.text == p.plan.start && row != nil {
		p.started = value
	}
	if !ok {
		return
	}
	if value, ok = p.amend(row, value); !ok {
		return
	}
	if p.reader.flavor == catalog.Rust && p.text.Section != catalog.Guest {
		p.hold(key, value)
	} else {
		p.put(key, value)
	}
}

// amend makes a value what it is to be in the naming. It is not ok if there is
// none to be had.
func (p *pass) amend(row *catalog.Row, value float64) (amended float64, ok bool) {
	if row.Counter && value < 0 {
		p.dropped[Negative]++
		return 0, false
	}
	if p.reader.settings.naming == sandbox.Prometheus {
		return value, true
	}
	return fix(row.Adjustment, value)
}

// locate finds the row and the series of the current sample. A row without ok
// is one that nobody wants, or one whose series cannot be had. besides is a
// label that the sample has and its family has not.
func (p *pass) locate(besides string) (row *catalog.Row, key seriesKey, ok bool) {
	var (
		item  []byte
		texts [maxLabels][]byte
		found int
	)
	for i := range p.parsed.Labels {
		label := &p.parsed.Labels[i]
		switch {
		case besides != "" && string(label.Name) == besides:
			continue
		case p.text.HasItems && string(label.Name) == "item":
			item = label.Value
		default:
			at := labelIndex(p.text.Labels, label.Name)
			if at < 0 {
				p.dropped[BadLabel]++
				return nil, 0, false
			}
			texts[at] = label.Value
		}
		found++
	}
	want := len(p.text.Labels)
	if p.text.HasItems {
		want++
	}
	if found != want {
		p.dropped[BadLabel]++
		return nil, 0, false
	}
	row, labels := p.findRow(item, &texts)
	if row == nil {
		p.dropped[Unknown]++
		return nil, 0, false
	}
	if !p.plan.rows[row.Index].wanted {
		return row, 0, false
	}
	key, ok = p.key(row, labels, &texts)
	return row, key, ok
}

// findRow finds the row of an item, and the labels that its points have. An
// item that becomes a label is added to their texts.
func (p *pass) findRow(item []byte, texts *[maxLabels][]byte) (row *catalog.Row, labels []catalog.Label) {
	items, labels := p.text.Items, p.text.Labels
	if p.text.OnlyText != "" && string(texts[0]) == p.text.OnlyText {
		items, labels = p.text.Only, anyLabel
	}
	if at := items.Find(item, p.item); at >= 0 {
		p.item = at
		return &items[at], labels
	}
	if row = p.text.Other(item); row != nil {
		texts[len(p.text.Labels)] = item
	}
	return row, p.text.OtherLabels
}

// anyLabel is for a label whose text the catalog has already compared.
var anyLabel = []catalog.Label{{Text: catalog.AnyText}}

// key makes the key of a series, with the ids of its label texts.
func (p *pass) key(row *catalog.Row, labels []catalog.Label, texts *[maxLabels][]byte) (seriesKey, bool) {
	var ids [maxLabels]textID
	guest := p.plan.rows[row.Index].guest
	for i := range labels {
		id, reason := p.textID(i, labels[i].Text, texts[i], guest)
		if id == 0 {
			p.dropped[reason]++
			return 0, false
		}
		ids[i] = id
	}
	return makeKey(uint16(row.Index), ids[0], ids[1]), true
}

// textID is the id of a label's text. Without one, it tells the reason.
func (p *pass) textID(at int, kind catalog.LabelText, text []byte, guest bool) (textID, Reason) {
	if kind == catalog.CPUNumber {
		n := smallNumber(text)
		if n < 0 {
			return 0, BadLabel
		}
		return firstNumber + textID(n), 0
	}
	texts := &p.reader.texts
	if texts.is(p.recent[at], text) {
		return p.recent[at], 0
	}
	if kind == catalog.MethodName && !isMethodName(text) {
		return 0, BadLabel
	}
	id := texts.find(text)
	if id == 0 {
		if !isPlainText(text) {
			return 0, BadLabel
		}
		limits := &p.reader.settings.limits
		if guest && texts.guest >= limits.guestTexts || !guest && texts.host >= limits.hostTexts {
			return 0, Limit
		}
		id = texts.add(text, guest)
	}
	p.recent[at] = id
	return id, 0
}

// hold keeps a sample of what may be the host part of runtime-rs.
func (p *pass) hold(key seriesKey, value float64) {
	if len(p.held) >= p.reader.settings.limits.hostSeries {
		p.dropped[Limit]++
		return
	}
	p.held = append(p.held, heldSample{key, value})
}

// put takes a value as that of a series in this pull. It returns nil if the
// value is left out.
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
	case monotonic && entry.delivered && value < entry.value:
		entry.value = value
		p.dropped[Regressed]++
		return nil
	}
	entry.value, entry.pull = value, r.pull
	return entry
}

// fix makes a value mean what it seems to mean, and tells whether it is there.
func fix(rule catalog.Adjustment, value float64) (fixed float64, there bool) {
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

// smallNumber reads a decimal number below [catalog.MaxCPUs] without leading
// zeros; anything else is -1.
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

// isPlainText tells whether a text is UTF-8, not empty and free of control
// characters.
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

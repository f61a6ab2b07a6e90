package reader

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// seriesKey identifies a series of one sandbox by its row and up to two label
// values.
type seriesKey uint64

func makeKey(row uint16, first, second valueID) seriesKey {
	return seriesKey(row)<<32 | seriesKey(first)<<16 | seriesKey(second)
}

func (k seriesKey) row() uint16            { return uint16(k >> 32) }
func (k seriesKey) labels() (a, b valueID) { return valueID(k >> 16), valueID(k) }
func (k seriesKey) has(id valueID) bool    { a, b := k.labels(); return a == id || b == id }

// series is what a reader remembers about one series.
type series struct {
	key   seriesKey
	value float64
	// pull is the last pull with a sample of the series.
	pull uint32
	// distribution is the index of the histogram or summary, plus 1.
	distribution uint16
	emitted      bool
	guest        bool
}

// table holds the series of one sandbox in the order of their first samples.
// Most samples of later pulls are in the same order.
type table struct {
	entries []series
	// slots is a hash table with open addressing. It contains indexes of
	// entries, plus 1. Its length is a power of two and at least twice that of
	// entries.
	slots []uint16
	// next is the index after the entry that was found last.
	next int
	// order lists the entries by metric. It may lack the last ones.
	order       []uint16
	guest, host int
}

// find returns the entry of a series, nil if there is none. The entry is valid
// until an entry is added or removed.
func (t *table) find(key seriesKey) *series {
	if t.next < len(t.entries) && t.entries[t.next].key == key {
		t.next++
		return &t.entries[t.next-1]
	}
	if len(t.slots) == 0 {
		return nil
	}
	for slot := t.home(key); t.slots[slot] != 0; slot = (slot + 1) & (len(t.slots) - 1) {
		at := int(t.slots[slot]) - 1
		if t.entries[at].key == key {
			t.next = at + 1
			return &t.entries[at]
		}
	}
	return nil
}

// add adds a series that is not in the table.
func (t *table) add(key seriesKey, guest bool) *series {
	t.entries = append(t.entries, series{key: key, guest: guest})
	if guest {
		t.guest++
	} else {
		t.host++
	}
	if 2*len(t.entries) > len(t.slots) {
		t.rehash()
	} else {
		t.insert(len(t.entries) - 1)
	}
	t.next = len(t.entries)
	return &t.entries[t.next-1]
}

// removeIf removes the unwanted series.
func (t *table) removeIf(unwanted func(*series) bool) {
	kept := t.entries[:0]
	t.guest, t.host = 0, 0
	for i := range t.entries {
		entry := &t.entries[i]
		if unwanted(entry) {
			continue
		}
		if entry.guest {
			t.guest++
		} else {
			t.host++
		}
		kept = append(kept, *entry)
	}
	t.entries = kept
	t.order = t.order[:0]
	t.rehash()
}

// sort orders the entries by metric.
func (t *table) sort(rank func(row uint16) uint16) {
	for at := len(t.order); at < len(t.entries); at++ {
		t.order = append(t.order, uint16(at))
	}
	slices.SortFunc(t.order, func(a, b uint16) int {
		x, y := t.entries[a].key, t.entries[b].key
		return cmp.Or(cmp.Compare(rank(x.row()), rank(y.row())), cmp.Compare(x, y))
	})
}

// multiplier is random, because with a known hash a guest could choose label
// values whose series all fall into a few slots.
var multiplier = rand.Uint64() | 1

// home returns the slot at which the search for a series begins.
func (t *table) home(key seriesKey) int {
	return int(uint64(key)*multiplier>>32) & (len(t.slots) - 1)
}

func (t *table) insert(at int) {
	slot := t.home(t.entries[at].key)
	for t.slots[slot] != 0 {
		slot = (slot + 1) & (len(t.slots) - 1)
	}
	t.slots[slot] = uint16(at + 1)
}

func (t *table) rehash() {
	size := 16
	for size < 2*len(t.entries) {
		size *= 2
	}
	if len(t.slots) == size {
		clear(t.slots)
	} else {
		t.slots = make([]uint16, size)
	}
	for at := range t.entries {
		t.insert(at)
	}
}

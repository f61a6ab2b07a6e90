package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// SortKey is what the rows are sorted by.
type SortKey string

// Values of SortKey.
const (
	ByCPU      SortKey = "cpu"
	ByMemory   SortKey = "memory"
	ByAge      SortKey = "age"
	ByName     SortKey = "name"
	ByID       SortKey = "id"
	ByRuntime  SortKey = "runtime"
	ByState    SortKey = "state"
	ByResponse SortKey = "response"
)

// SortKeys are all values of SortKey, with the key that selects each.
var SortKeys = []struct {
	Key  SortKey
	Rune string
}{
	{ByCPU, "c"},
	{ByMemory, "m"},
	{ByAge, "a"},
	{ByName, "n"},
	{ByID, "i"},
	{ByRuntime, "t"},
	{ByState, "s"},
	{ByResponse, "x"},
}

// ParseSortKey returns the sort key with a name.
func ParseSortKey(text string) (SortKey, error) {
	names := make([]string, len(SortKeys))
	for i, key := range SortKeys {
		if names[i] = string(key.Key); names[i] == text {
			return key.Key, nil
		}
	}
	return "", fmt.Errorf("must be one of %s", strings.Join(names, ", "))
}

// sortRows sorts the rows: numbers with the highest first, texts alphabetically, and
// what is not known last. Rows that are equal have the order of their keys, so that they
// do not jump.
func (m *Model) sortRows(rows []*Row) {
	slices.SortFunc(rows, func(a, b *Row) int {
		order := m.compare(a, b)
		if m.reverse {
			order = -order
		}
		return cmp.Or(order, cmp.Compare(a.Key, b.Key))
	})
}

func (m *Model) compare(a, b *Row) int {
	switch m.sort {
	case ByMemory:
		return cmp.Compare(b.memory(), a.memory())
	case ByAge:
		return a.Created.Compare(b.Created)
	case ByName:
		return compareTexts(a.Name, b.Name)
	case ByID:
		return cmp.Compare(a.ID, b.ID)
	case ByRuntime:
		return cmp.Compare(a.Runtime, b.Runtime)
	case ByState:
		return cmp.Compare(m.state(a), m.state(b))
	case ByResponse:
		return cmp.Compare(m.responseOrder(b), m.responseOrder(a))
	}
	return cmp.Compare(m.usage(b), m.usage(a))
}

// memory returns the memory, -1 if it is not known.
func (r *Row) memory() int64 {
	if !r.HasMemory {
		return -1
	}
	return r.Memory
}

// usage returns the CPU usage, -1 if it is not known.
func (m *Model) usage(r *Row) float64 {
	if usage, known := m.histories[r.Key].current(); known {
		return usage
	}
	return -1
}

func compareTexts(a, b string) int {
	if (a == "") != (b == "") {
		return cmp.Compare(b, a)
	}
	return cmp.Compare(a, b)
}

package reader

import (
	"strconv"
	"unique"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// valueID identifies a label value. 0 is none. IDs from firstNumber on are
// decimal numbers, which need no memory; all others belong to the labelValues
// of one reader.
type valueID uint16

const firstNumber valueID = 1 << 15

var numberTexts = func() (texts [catalog.MaxCPUs]string) {
	for n := range texts {
		texts[n] = strconv.Itoa(n)
	}
	return texts
}()

// labelValues holds the label values of one sandbox, each of them once. They
// outlive their response, because points refer to them. Equal values of several
// sandboxes share memory.
type labelValues struct {
	ids     map[string]valueID
	entries []labelValue // of ID 1 and up
	free    []valueID
	// guest and host are the numbers of values.
	guest, host int
}

type labelValue struct {
	text  unique.Handle[string]
	used  bool
	guest bool
}

// get returns the text of an ID.
func (v *labelValues) get(id valueID) string {
	if id >= firstNumber {
		return numberTexts[id-firstNumber]
	}
	return v.entries[id-1].text.Value()
}

// is reports whether an ID, which may be 0, has this text.
func (v *labelValues) is(id valueID, text []byte) bool {
	return id != 0 && v.get(id) == string(text)
}

// find returns the ID of a text, 0 if there is none.
func (v *labelValues) find(text []byte) valueID { return v.ids[string(text)] }

// add adds a text that has no ID.
func (v *labelValues) add(text []byte, guest bool) valueID {
	if v.ids == nil {
		v.ids = map[string]valueID{}
	}
	entry := labelValue{unique.Make(string(text)), true, guest}
	var id valueID
	if last := len(v.free) - 1; last >= 0 {
		id, v.free = v.free[last], v.free[:last]
		v.entries[id-1] = entry
	} else {
		v.entries = append(v.entries, entry)
		id = valueID(len(v.entries))
	}
	v.ids[entry.text.Value()] = id
	v.count(guest, 1)
	return id
}

// remove removes a value that no series refers to.
func (v *labelValues) remove(id valueID) {
	entry := &v.entries[id-1]
	delete(v.ids, entry.text.Value())
	v.count(entry.guest, -1)
	*entry = labelValue{}
	v.free = append(v.free, id)
}

// assignToHost counts a value of the guest as one of the host from now on.
func (v *labelValues) assignToHost(id valueID) {
	v.entries[id-1].guest = false
	v.count(true, -1)
	v.count(false, 1)
}

func (v *labelValues) count(guest bool, change int) {
	if guest {
		v.guest += change
	} else {
		v.host += change
	}
}

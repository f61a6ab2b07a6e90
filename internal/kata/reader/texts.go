package reader

import (
	"strconv"
	"unique"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// textID stands for the text of a label. 0 is none, ids from firstNumber on are
// decimal numbers, which need no memory, all others are texts of a reader.
type textID uint16

const firstNumber textID = 1 << 15

var numberTexts = func() (texts [catalog.MaxCPUs]string) {
	for n := range texts {
		texts[n] = strconv.Itoa(n)
	}
	return texts
}()

// texts are the label texts of one sandbox, each of which is there once. They
// outlive the answer they came in, because points refer to them; equal texts of
// several sandboxes share their memory.
type texts struct {
	ids     map[string]textID
	entries []textEntry // of id 1 and up
	free    []textID
	// guest and host are how many of each there are.
	guest, host int
}

type textEntry struct {
	text  unique.Handle[string]
	used  bool
	guest bool
}

// get is the text of an id.
func (t *texts) get(id textID) string {
	if id >= firstNumber {
		return numberTexts[id-firstNumber]
	}
	return t.entries[id-1].text.Value()
}

// is tells whether an id, which may be 0, has this text.
func (t *texts) is(id textID, text []byte) bool {
	return id != 0 && t.get(id) == string(text)
}

// find returns the id of a text, 0 if there is none.
func (t *texts) find(text []byte) textID { return t.ids[string(text)] }

// add takes in a text that is not there.
func (t *texts) add(text []byte, guest bool) textID {
	if t.ids == nil {
		t.ids = map[string]textID{}
	}
	entry := textEntry{unique.Make(string(text)), true, guest}
	var id textID
	if last := len(t.free) - 1; last >= 0 {
		id, t.free = t.free[last], t.free[:last]
		t.entries[id-1] = entry
	} else {
		t.entries = append(t.entries, entry)
		id = textID(len(t.entries))
	}
	t.ids[entry.text.Value()] = id
	t.count(guest, 1)
	return id
}

// remove forgets a text. Nothing may refer to it any more.
func (t *texts) remove(id textID) {
	entry := &t.entries[id-1]
	delete(t.ids, entry.text.Value())
	t.count(entry.guest, -1)
	*entry = textEntry{}
	t.free = append(t.free, id)
}

// giveToHost makes a text of the guest one of the host.
func (t *texts) giveToHost(id textID) {
	t.entries[id-1].guest = false
	t.count(true, -1)
	t.count(false, 1)
}

func (t *texts) count(guest bool, change int) {
	if guest {
		t.guest += change
	} else {
		t.host += change
	}
}

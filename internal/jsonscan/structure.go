package jsonscan

import "bytes"

// Kind is the kind of a JSON value.
type Kind uint8

// Kinds of values. Invalid means that the scanner has stopped.
const (
	Invalid Kind = iota
	Object
	Array
	String
	Number
	Bool
	Null
)

var kindNames = [...]string{"nothing", "an object", "an array", "a string", "a number", "a boolean", "null"}

// String returns the kind with an article, such as "an object".
func (k Kind) String() string { return kindNames[k] }

// kinds maps the first byte of a value to its kind.
var kinds = func() (table [256]Kind) {
	table['{'], table['['], table['"'] = Object, Array, String
	table['t'], table['f'], table['n'], table['-'] = Bool, Bool, Null, Number
	for c := '0'; c <= '9'; c++ {
		table[c] = Number
	}
	return table
}()

// Peek returns the kind of the next value without consuming it.
func (s *Scanner) Peek() Kind {
	if s.err != nil {
		return Invalid
	}
	if !s.due {
		s.fail(ErrMisuse, "no value is due here")
		return Invalid
	}
	c, ok := s.next()
	if !ok {
		return Invalid
	}
	kind := kinds[c]
	if kind == Invalid {
		s.fail(ErrSyntax, "invalid first character of a value")
	}
	return kind
}

// expect fails unless the next value is of this kind.
func (s *Scanner) expect(kind Kind) bool {
	got := s.Peek()
	if got != kind && got != Invalid {
		s.fail(ErrKind, got.String()+" instead of "+kind.String())
	}
	return got == kind && s.err == nil
}

// OpenObject enters an object.
func (s *Scanner) OpenObject() bool { return s.expect(Object) && s.push(newObject) }

// OpenArray enters an array.
func (s *Scanner) OpenArray() bool { return s.expect(Array) && s.push(newArray) }

func (s *Scanner) push(c container) bool {
	if s.depth >= s.limits.Depth {
		s.fail(ErrDepth, "")
		return false
	}
	s.pos++
	s.open[s.depth] = c
	s.depth++
	s.due = false
	return true
}

func (s *Scanner) pop() {
	s.pos++
	s.depth--
}

// NextKey advances to the next entry of the open object, and returns its key.
// The value must be read or skipped before the next call. After the last entry,
// it leaves the object and reports that there are no more.
func (s *Scanner) NextKey() (key []byte, more bool) {
	if !s.nextIn(newObject, usedObject, '}') {
		return nil, false
	}
	c, ok := s.next()
	if !ok {
		return nil, false
	}
	if c != '"' {
		s.fail(ErrSyntax, "expected a key in quotes")
		return nil, false
	}
	text, ok := s.scanText()
	if !ok {
		return nil, false
	}
	// The key must remain buffered until its colon has arrived.
	s.hold = text.start
	c, ok = s.next()
	s.hold = nowhere
	if !ok {
		return nil, false
	}
	if c != ':' {
		s.fail(ErrSyntax, "expected a colon after a key")
		return nil, false
	}
	s.pos++
	s.due = true
	return s.text(text), true
}

// NextElement advances to the next element of the open array, which must be read
// or skipped before the next call. After the last element, it leaves the array
// and reports that there are no more.
func (s *Scanner) NextElement() bool {
	return s.nextIn(newArray, usedArray, ']')
}

// nextIn consumes the comma before the next element, or the closing bracket.
func (s *Scanner) nextIn(fresh, used container, closing byte) bool {
	if s.err != nil {
		return false
	}
	if s.due || s.depth == 0 || (s.open[s.depth-1] != fresh && s.open[s.depth-1] != used) {
		s.fail(ErrMisuse, "no such container is open, or a value has not been read")
		return false
	}
	c, ok := s.next()
	if !ok {
		return false
	}
	if c == closing {
		s.pop()
		return false
	}
	if s.open[s.depth-1] == used {
		if c != ',' {
			s.fail(ErrSyntax, "expected a comma or closing bracket after an element")
			return false
		}
		s.pos++
	}
	s.open[s.depth-1] = used
	s.due = true
	return true
}

// Raw consumes the next value and returns its bytes.
func (s *Scanner) Raw() []byte {
	if s.Peek() == Invalid {
		return nil
	}
	start := s.Offset()
	anchored := s.anchor != nowhere
	if !anchored {
		s.Anchor()
	}
	s.Skip()
	if !anchored {
		s.Release()
	}
	if s.err != nil {
		return nil
	}
	return s.data[start-s.base : s.pos]
}

// Fields is the set of keys that an object may have.
type Fields struct {
	names [][]byte
}

// NewFields returns a set of at most 32 keys.
func NewFields(names ...string) *Fields {
	if len(names) > 32 {
		panic("jsonscan: more than 32 fields")
	}
	f := &Fields{}
	for _, name := range names {
		f.names = append(f.names, []byte(name))
	}
	return f
}

// Seen is the set of [Fields] that an object has had so far.
type Seen uint32

// Has reports whether the set contains the field with this index.
func (seen Seen) Has(index int) bool { return seen&(1<<index) != 0 }

// NextField is [Scanner.NextKey] for an object whose keys are known: it returns
// the index of the key in fields and skips entries with other keys.
//
// It rejects a duplicate of a known key, and an unknown key that differs from a
// known one only in case: encoding/json would use the last duplicate, and would
// treat the other as the known key, so that two programs could see different
// data in the same bytes.
func (s *Scanner) NextField(fields *Fields, seen *Seen) (index int, more bool) {
	for {
		key, more := s.NextKey()
		if !more {
			return -1, false
		}
		for i, name := range fields.names {
			if string(name) == string(key) {
				if seen.Has(i) {
					s.fail(ErrField, `duplicate key "`+string(name)+`"`)
					return -1, false
				}
				*seen |= 1 << i
				return i, true
			}
		}
		for _, name := range fields.names {
			if bytes.EqualFold(name, key) {
				s.fail(ErrField, `key differs from "`+string(name)+`" only in case`)
				return -1, false
			}
		}
		s.Skip()
	}
}

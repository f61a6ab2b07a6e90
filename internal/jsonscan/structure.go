package jsonscan

import "bytes"

// Kind is what kind of value comes next.
type Kind uint8

// Kinds of values. Invalid is no value: the scanner has stopped.
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

// String is the kind with its article: "an object".
func (k Kind) String() string { return kindNames[k] }

// kinds tells the kind of a value by its first byte.
var kinds = func() (table [256]Kind) {
	table['{'], table['['], table['"'] = Object, Array, String
	table['t'], table['f'], table['n'], table['-'] = Bool, Bool, Null, Number
	for c := '0'; c <= '9'; c++ {
		table[c] = Number
	}
	return table
}()

// Peek tells the kind of the next value and consumes nothing of it.
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
		s.fail(ErrSyntax, "no value begins like this")
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

// OpenObject steps into an object.
func (s *Scanner) OpenObject() bool { return s.expect(Object) && s.push(newObject) }

// OpenArray steps into an array.
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

// NextKey steps to the next entry of the object that is open, whose value must
// then be read or skipped. Without one, it steps out of the object and tells
// that there is no more.
func (s *Scanner) NextKey() (key []byte, more bool) {
	if !s.nextIn(newObject, usedObject, '}') {
		return nil, false
	}
	c, ok := s.next()
	if !ok {
		return nil, false
	}
	if c != '"' {
		s.fail(ErrSyntax, "no key in quotes")
		return nil, false
	}
	text, ok := s.scanText()
	if !ok {
		return nil, false
	}
	// The key must survive until its colon has arrived.
	s.hold = text.start
	c, ok = s.next()
	s.hold = nowhere
	if !ok {
		return nil, false
	}
	if c != ':' {
		s.fail(ErrSyntax, "no colon after a key")
		return nil, false
	}
	s.pos++
	s.due = true
	return s.text(text), true
}

// NextElement steps to the next element of the array that is open, which must
// then be read or skipped. Without one, it steps out of the array and tells
// that there is no more.
func (s *Scanner) NextElement() bool {
	return s.nextIn(newArray, usedArray, ']')
}

// nextIn steps over the comma to the next element, or over the closing bracket.
func (s *Scanner) nextIn(fresh, used container, closing byte) bool {
	if s.err != nil {
		return false
	}
	if s.due || s.depth == 0 || (s.open[s.depth-1] != fresh && s.open[s.depth-1] != used) {
		s.fail(ErrMisuse, "no such container is open, or a value was not read")
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
			s.fail(ErrSyntax, "neither a comma nor the end after an element")
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

// Fields are the keys that an object is known to have.
type Fields struct {
	names [][]byte
}

// NewFields makes a set of at most 32 keys.
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

// Seen is which of its [Fields] an object has had.
type Seen uint32

// Has tells whether the field with this index was there.
func (seen Seen) Has(index int) bool { return seen&(1<<index) != 0 }

// NextField is [Scanner.NextKey] for an object whose keys are known: it tells
// the index of the key in fields and skips keys that are not among them.
//
// It refuses a known key that is there twice, and an unknown key that differs
// from a known one only in case: a reader like encoding/json would take the
// former's last value, and the latter for the known key, so that two readers
// could see different data in the same bytes.
func (s *Scanner) NextField(fields *Fields, seen *Seen) (index int, more bool) {
	for {
		key, more := s.NextKey()
		if !more {
			return -1, false
		}
		for i, name := range fields.names {
			if string(name) == string(key) {
				if seen.Has(i) {
					s.fail(ErrField, `the key "`+string(name)+`" is there twice`)
					return -1, false
				}
				*seen |= 1 << i
				return i, true
			}
		}
		for _, name := range fields.names {
			if bytes.EqualFold(name, key) {
				s.fail(ErrField, `a key differs from "`+string(name)+`" only in case`)
				return -1, false
			}
		}
		s.Skip()
	}
}

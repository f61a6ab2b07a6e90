package jsonscan

import (
	"errors"
	"io"
)

// MaxDepth is the largest [Limits.Depth].
const MaxDepth = 64

// Limits bound the input that a [Scanner] accepts. A zero field means its
// default.
type Limits struct {
	// Bytes is the maximum size of the input; 4 MiB by default.
	Bytes int64
	// Depth is the maximum number of nested objects and arrays; [MaxDepth] by
	// default and at most.
	Depth int
	// Token is the maximum length of a string, key or number, as it is written:
	// with escapes, without quotes. The default is 64 KiB for bytes, and half of
	// Window for a reader.
	Token int
	// Window is how much of a reader's input is buffered at most; 64 KiB by
	// default. It bounds what an anchor or [Scanner.Raw] can cover.
	Window int
}

const (
	defaultBytes  = 4 << 20
	defaultWindow = 64 << 10
	initialWindow = 16 << 10
)

// Scanner reads one JSON value from bytes or from a reader. The zero value has
// no input. A scanner can be reset, and then reuses its memory.
type Scanner struct {
	// data is the buffered part of the input, data[pos] the next byte.
	data []byte
	pos  int
	// base is the offset of data[0] in the input.
	base int64
	// Bytes from the offsets anchor and hold on must remain buffered: anchor is
	// set by the caller, hold during one call.
	anchor, hold int64

	reader io.Reader
	// readErr was returned together with bytes, and takes effect after them.
	readErr error
	// window is the buffer behind data when reading from a reader.
	window []byte
	limits Limits

	// unescaped holds the text of strings with escapes.
	unescaped []byte

	err error
	// due is set if a value must be read next.
	due   bool
	depth int
	// open holds the open object or array of each depth.
	open [MaxDepth]container
}

// container is the kind of an open object or array, and whether an element of it
// has been read.
type container uint8

const (
	newObject container = iota
	usedObject
	newArray
	usedArray
)

const nowhere = int64(-1)

// ResetBytes starts to read data, which must not change until the next reset.
func (s *Scanner) ResetBytes(data []byte, limits Limits) {
	s.reset(limits)
	s.data = data
	if int64(len(data)) > s.limits.Bytes {
		s.fail(ErrInputSize, "")
	}
}

// ResetReader starts to read from a reader, and references it until the next
// reset.
func (s *Scanner) ResetReader(reader io.Reader, limits Limits) {
	if limits.Window <= 0 {
		limits.Window = defaultWindow
	}
	if limits.Token <= 0 {
		limits.Token = limits.Window / 2
	}
	s.reset(limits)
	s.reader = reader
	if len(s.window) > s.limits.Window {
		s.window = nil
	}
	s.data = s.window[:0]
}

func (s *Scanner) reset(limits Limits) {
	if limits.Bytes <= 0 {
		limits.Bytes = defaultBytes
	}
	if limits.Depth <= 0 || limits.Depth > MaxDepth {
		limits.Depth = MaxDepth
	}
	if limits.Token <= 0 {
		limits.Token = defaultWindow
	}
	s.limits = limits
	s.data, s.pos, s.base = nil, 0, 0
	s.anchor, s.hold = nowhere, nowhere
	s.reader, s.readErr = nil, nil
	s.unescaped = s.unescaped[:0]
	s.err, s.due, s.depth = nil, true, 0
}

// Err returns the first error, or nil. It is an [*Error], unless it was passed
// to [Scanner.Fail].
func (s *Scanner) Err() error { return s.err }

// Fail stops the scanner with an error of the caller, unless it has already
// stopped.
func (s *Scanner) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Offset returns how many bytes of the input have been consumed.
func (s *Scanner) Offset() int64 { return s.base + int64(s.pos) }

// Received returns how many bytes of the input have been read.
func (s *Scanner) Received() int64 { return s.base + int64(len(s.data)) }

// Buffered returns what has been read but not consumed. It is valid until the
// next call.
func (s *Scanner) Buffered() []byte { return s.data[s.pos:] }

// Advance consumes n buffered bytes as the next value. The caller must have
// validated that they are exactly one value.
func (s *Scanner) Advance(n int) {
	if s.err != nil {
		return
	}
	if !s.due || n < 0 || n > len(s.data)-s.pos {
		s.fail(ErrMisuse, "no value is due, or too few bytes are buffered")
		return
	}
	s.pos += n
	s.due = false
}

// Anchor keeps slices of everything that is read from here on valid until
// Release. Slices from before are no longer valid. There is only one anchor:
// another call replaces it.
func (s *Scanner) Anchor() {
	// Anchored bytes cannot be moved to the front of the window later, only
	// copied to a new window.
	if s.reader != nil && s.pos > 0 && cap(s.data)-s.pos < cap(s.data)/4 {
		s.slide(s.pos)
	}
	s.anchor = s.Offset()
	s.unescaped = s.unescaped[:0]
}

// Release removes the anchor.
func (s *Scanner) Release() {
	s.anchor = nowhere
}

// End checks that the value has been read completely and that only white space
// follows. With a reader, it checks only bytes that have already arrived.
func (s *Scanner) End() {
	if s.err != nil {
		return
	}
	if s.due || s.depth > 0 {
		s.fail(ErrMisuse, "the value has not been read")
		return
	}
	for s.pos < len(s.data) && isSpace(s.data[s.pos]) {
		s.pos++
	}
	if s.pos < len(s.data) {
		s.fail(ErrTrailing, "")
	}
}

func (s *Scanner) fail(class error, detail string) {
	s.failAt(s.Offset(), class, detail)
}

func (s *Scanner) failAt(offset int64, class error, detail string) {
	if s.err == nil {
		s.err = &Error{Class: class, Offset: offset, Detail: detail}
	}
}

// next skips white space and returns the byte after it, without consuming it.
func (s *Scanner) next() (byte, bool) {
	for {
		for s.pos < len(s.data) {
			c := s.data[s.pos]
			if !isSpace(c) {
				return c, true
			}
			s.pos++
		}
		if !s.fill() {
			return 0, false
		}
	}
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r'
}

// fill reads at least one more byte, or fails. It may move the window: offsets
// in the input remain valid, indices into data do not.
func (s *Scanner) fill() bool {
	if s.err != nil {
		return false
	}
	if s.reader == nil {
		s.failAt(s.Received(), ErrTruncated, "")
		return false
	}
	if !s.makeRoom() {
		return false
	}
	// Reading one byte more than the limit shows whether the input exceeds it.
	room := min(int64(cap(s.data)-len(s.data)), s.limits.Bytes+1-s.Received())
	for range 100 {
		if s.readErr != nil {
			s.failRead()
			return false
		}
		n, err := s.reader.Read(s.data[len(s.data) : len(s.data)+int(room)])
		s.data = s.data[:len(s.data)+n]
		s.readErr = err
		if s.Received() > s.limits.Bytes {
			s.failAt(s.limits.Bytes, ErrInputSize, "")
			return false
		}
		if n > 0 {
			return true
		}
	}
	s.readErr = io.ErrNoProgress
	s.failRead()
	return false
}

func (s *Scanner) failRead() {
	if errors.Is(s.readErr, io.EOF) {
		s.failAt(s.Received(), ErrTruncated, "")
		return
	}
	if s.err == nil {
		s.err = &Error{Class: ErrRead, Offset: s.Received(), Cause: s.readErr}
	}
}

// makeRoom ensures that data has spare capacity.
func (s *Scanner) makeRoom() bool {
	if s.window == nil {
		s.window = make([]byte, min(initialWindow, s.limits.Window))
		s.data = append(s.window[:0], s.data...)
	}
	// keep is the first byte that must remain buffered: the next byte, the start
	// of the current token, or the anchor.
	keep := s.pos
	if s.hold != nowhere {
		keep = min(keep, int(s.hold-s.base))
	}
	if s.anchor != nowhere {
		keep = min(keep, int(s.anchor-s.base))
	}
	free := s.anchor == nowhere
	if free && keep == len(s.data) {
		s.slide(keep)
	}
	if len(s.data) < cap(s.data) {
		return true
	}
	if free && keep > 0 {
		s.slide(keep)
		return true
	}
	used := len(s.data) - keep
	if used >= s.limits.Window {
		s.failAt(s.base+int64(keep), ErrTokenSize, "")
		return false
	}
	// Anchored bytes must not move: they are copied to a new window, and the old
	// one remains unchanged for the slices that point into it.
	size := len(s.window)
	if used > size/2 {
		size = min(2*size, s.limits.Window)
	}
	window := make([]byte, size)
	copy(window, s.data[keep:])
	s.window = window
	s.data = window[:used]
	s.base += int64(keep)
	s.pos -= keep
	return true
}

// slide drops the bytes before index keep and moves the others to the front.
func (s *Scanner) slide(keep int) {
	n := copy(s.data, s.data[keep:])
	s.data = s.data[:n]
	s.base += int64(keep)
	s.pos -= keep
}

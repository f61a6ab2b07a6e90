package jsonscan

import (
	"errors"
	"io"
)

// MaxDepth is the largest [Limits.Depth].
const MaxDepth = 64

// Limits bound what a [Scanner] takes. A zero field means its default.
type Limits struct {
	// Bytes is the longest input; 4 MiB by default.
	Bytes int64
	// Depth is how many objects and arrays may be open at once; [MaxDepth] by
	// default and at most.
	Depth int
	// Token is the longest string, key or number, counted as it is written,
	// with escapes and without quotes; 64 KiB by default from bytes, 32 KiB
	// from a reader.
	Token int
	// Window is how much of a reader's input may be held at once; 64 KiB by
	// default. It bounds what an anchor or [Scanner.Raw] can hold.
	Window int
}

const (
	defaultBytes  = 4 << 20
	defaultWindow = 64 << 10
	firstWindow   = 16 << 10
)

// Scanner reads one JSON value from bytes or from a reader. The zero value has
// nothing to read; a used scanner can be reset and keeps its memory.
type Scanner struct {
	// data is the part of the input that can be seen, pos the next byte.
	data []byte
	pos  int
	// base is the offset of data[0] in the input.
	base int64
	// anchor and hold are offsets in the input from which on bytes must be
	// kept: by order of the caller, and during one call.
	anchor, hold int64

	reader io.Reader
	// readErr came together with bytes and counts after them.
	readErr error
	// window is the scanner's own memory that data is part of, in reader mode.
	window []byte
	limits Limits

	// unescaped holds strings that had escapes.
	unescaped []byte

	err error
	// due says that a value must be read next.
	due   bool
	depth int
	// open is what is open at each depth.
	open [MaxDepth]container
}

// container is an open object or array, and whether it had an element.
type container uint8

const (
	newObject container = iota
	usedObject
	newArray
	usedArray
)

const nowhere = int64(-1)

// ResetBytes starts over with bytes, which must not change meanwhile.
func (s *Scanner) ResetBytes(data []byte, limits Limits) {
	s.reset(limits)
	s.data = data
	if int64(len(data)) > s.limits.Bytes {
		s.fail(ErrInputSize, "")
	}
}

// ResetReader starts over with a reader. To give the reader back, reset again.
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

// Err is the first error, or nil. It is always an [*Error], unless it was
// given to [Scanner.Fail].
func (s *Scanner) Err() error { return s.err }

// Fail stops the scanner with an error of the caller's, unless it has stopped
// already.
func (s *Scanner) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Offset is how many bytes of the input were consumed.
func (s *Scanner) Offset() int64 { return s.base + int64(s.pos) }

// Received is how many bytes of the input have been seen.
func (s *Scanner) Received() int64 { return s.base + int64(len(s.data)) }

// Buffered is what has been seen and not been consumed. It holds until the
// next call.
func (s *Scanner) Buffered() []byte { return s.data[s.pos:] }

// Advance consumes n buffered bytes as the value that is due. The caller
// vouches that they are exactly one value.
func (s *Scanner) Advance(n int) {
	if s.err != nil {
		return
	}
	if !s.due || n < 0 || n > len(s.data)-s.pos {
		s.fail(ErrMisuse, "nothing to advance over")
		return
	}
	s.pos += n
	s.due = false
}

// Anchor keeps everything that is read from here on in place, until Release.
// Slices from before are no longer valid. There is one anchor: a second call
// gives up the first.
func (s *Scanner) Anchor() {
	// Moving what is left to the front now saves moving it, or allocating,
	// while it is anchored.
	if s.reader != nil && s.pos > 0 && cap(s.data)-s.pos < cap(s.data)/4 {
		s.slide(s.pos)
	}
	s.anchor = s.Offset()
	s.unescaped = s.unescaped[:0]
}

// Release ends what Anchor began.
func (s *Scanner) Release() {
	s.anchor = nowhere
}

// End says that the value is complete: nothing but white space may follow.
// From a reader, only bytes that have already arrived are looked at.
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

// next skips white space and shows the byte after it.
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

// fill gets at least one byte more, or fails. It may move the window: offsets
// in the input stay right, indices into data do not.
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
	// One byte above the limit is let in, so that an input of just the right
	// length can be told from a longer one.
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

// makeRoom sees to it that there is memory behind data.
func (s *Scanner) makeRoom() bool {
	if s.window == nil {
		s.window = make([]byte, min(firstWindow, s.limits.Window))
		s.data = append(s.window[:0], s.data...)
	}
	// What must stay begins at the first of: the next byte, the token that is
	// being read, the anchor.
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
	// Anchored bytes must not move: they are copied to new memory, and the old
	// stays as it is for those who hold slices of it.
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

// slide drops what comes before index keep.
func (s *Scanner) slide(keep int) {
	n := copy(s.data, s.data[keep:])
	s.data = s.data[:n]
	s.base += int64(keep)
	s.pos -= keep
}

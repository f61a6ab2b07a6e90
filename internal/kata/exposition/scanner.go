package exposition

import (
	"bytes"
	"io"
)

// WindowBytes is the size of the part of the text that a [Scanner] holds at a
// time.
const WindowBytes = 16 << 10

// Kind is the kind of a line.
type Kind uint8

const (
	// Sample is a line with a name, labels and a value.
	Sample Kind = iota
	// Type is a line that starts a family ("# TYPE kata_shim_threads gauge").
	Type
	// Mark is an occurrence of one of the marks of the scanner.
	Mark
	// Bad is any other line that is not a comment.
	Bad
)

// Scanner splits a text into lines. Call [Scanner.Reset] before the first and for
// every further text. A Scanner must not be used concurrently.
type Scanner struct {
	source  io.Reader
	limits  Limits
	marks   [][]byte
	longest int // length of the longest mark

	window     []byte
	start, end int  // of the unread part of the window
	skipping   bool // up to the next newline or mark
	total      int64
	lines      int
	ended      bool  // the source is exhausted
	failure    error // why the text ended, nil if it is complete

	kind    Kind
	line    []byte // the current line without its newline
	name    []byte
	rest    int // index of the labels or the value in line
	mark    int
	lineErr error
	scratch []byte // unescaped label values
}

// Reset starts a new text.
//
// Marks are strings that the scanner reports wherever they occur, even in the
// middle of a line. The line then ends at the mark, as if a newline were missing,
// and the text from the mark to the next newline or mark is a comment. A mark
// must start with '#' and contain no newline.
func (s *Scanner) Reset(source io.Reader, limits Limits, marks ...[]byte) {
	if s.window == nil {
		s.window = make([]byte, WindowBytes)
	}
	limits.LineBytes = min(limits.LineBytes, len(s.window))
	*s = Scanner{
		source: source, limits: limits, marks: marks,
		window: s.window, scratch: s.scratch[:0],
	}
	for _, mark := range marks {
		s.longest = max(s.longest, len(mark))
	}
}

// Next advances to the next line that is neither blank nor a comment. It returns
// false at the end of the text; [Scanner.Err] reports whether the text was
// complete.
func (s *Scanner) Next() bool {
	for s.nextLine() {
		if s.kind == Mark || s.kind == Bad || s.classify() {
			return true
		}
	}
	return false
}

// Kind returns the kind of the current line.
func (s *Scanner) Kind() Kind { return s.kind }

// Name returns the metric name of a [Sample] or [Type] line. It is valid until
// the next call of Next.
func (s *Scanner) Name() []byte { return s.name }

// Mark returns the index of the mark at a [Mark].
func (s *Scanner) Mark() int { return s.mark }

// LineErr returns the error of a [Bad] line.
func (s *Scanner) LineErr() error { return s.lineErr }

// Bytes returns the number of bytes read.
func (s *Scanner) Bytes() int64 { return s.total }

// Err returns nil if the text was complete. Otherwise it returns [ErrTooLarge],
// [ErrTooManyLines], [ErrTruncated] or the error of the source.
func (s *Scanner) Err() error { return s.failure }

// nextLine advances to the next line, mark or overlong line.
func (s *Scanner) nextLine() bool {
	if s.skipping {
		if mark, found := s.skip(); found {
			return s.takeMark(mark)
		}
	}
	searched := 0
	for {
		pending := s.window[s.start:s.end]
		length := bytes.IndexByte(pending[searched:], '\n')
		if length >= 0 {
			length += searched
			return s.takeLine(pending[:length])
		}
		searched = len(pending)
		if searched > s.limits.LineBytes || searched == len(s.window) {
			return s.takeOverlong()
		}
		if !s.fill() {
			if s.failure == nil && (searched > 0 || s.skipping) {
				s.failure = ErrTruncated
			}
			return false
		}
	}
}

// takeLine makes a line the current one. If the line contains a mark, it ends
// there.
func (s *Scanner) takeLine(line []byte) bool {
	if len(line) > s.limits.LineBytes {
		return s.takeOverlong()
	}
	if at, mark := s.findMark(line); at > 0 {
		s.start += at
		line = line[:at]
	} else if at == 0 {
		return s.takeMark(mark)
	} else {
		s.start += len(line) + 1
	}
	if s.lines++; s.lines > s.limits.Lines {
		s.stop(ErrTooManyLines)
		return false
	}
	s.kind, s.line = Sample, line
	return true
}

// takeMark makes the mark at the start of the window the current one.
func (s *Scanner) takeMark(mark int) bool {
	s.kind, s.mark = Mark, mark
	s.start += len(s.marks[mark])
	s.skipping = true
	return true
}

// takeOverlong reports a line that exceeds the limit and skips the rest of it.
func (s *Scanner) takeOverlong() bool {
	s.setBad(ErrLimit)
	s.skipping = true
	return true
}

// skip skips the rest of a line, up to its end or to the next mark, and reports
// whether it found a mark. If the text ends before either, s.skipping stays set.
func (s *Scanner) skip() (mark int, found bool) {
	for {
		rest := s.window[s.start:s.end]
		length := bytes.IndexByte(rest, '\n')
		if length >= 0 {
			rest = rest[:length]
		}
		if at, mark := s.findMark(rest); at >= 0 {
			s.start += at
			return mark, true
		}
		if length >= 0 {
			s.start += length + 1
			s.skipping = false
			return 0, false
		}
		// The data read so far may end with the start of a mark.
		s.start = max(s.start, s.end-max(s.longest-1, 0))
		if !s.fill() {
			s.start = s.end
			return 0, false
		}
	}
}

// findMark returns the index of the first mark in a line, or -1 if there is none.
func (s *Scanner) findMark(line []byte) (at, mark int) {
	at = -1
	if len(s.marks) == 0 {
		return at, 0
	}
	from := bytes.IndexByte(line, '#')
	if from < 0 {
		return at, 0
	}
	for i, text := range s.marks {
		found := bytes.Index(line[from:], text)
		if found >= 0 && (at < 0 || from+found < at) {
			at, mark = from+found, i
		}
	}
	return at, mark
}

// maxEmptyReads is the number of consecutive reads without data or an error after
// which the scanner stops.
const maxEmptyReads = 100

// fill reads more of the text into the window, which must have room for it. It
// reports whether it read anything.
func (s *Scanner) fill() bool {
	if s.ended {
		return false
	}
	if s.start > 0 {
		s.end = copy(s.window, s.window[s.start:s.end])
		s.start = 0
	}
	for range maxEmptyReads {
		n, err := s.source.Read(s.window[s.end:])
		if over := s.total + int64(n) - s.limits.Bytes; over > 0 {
			n -= int(over)
			err = ErrTooLarge
		}
		s.total += int64(n)
		s.end += n
		if err != nil {
			s.ended = true
			if err != io.EOF {
				s.failure = err
			}
		}
		if n > 0 || err != nil {
			return n > 0
		}
	}
	s.stop(io.ErrNoProgress)
	return false
}

// stop ends the text with an error and discards what is left of the window.
func (s *Scanner) stop(failure error) {
	s.ended, s.failure = true, failure
	s.start, s.end = 0, 0
}

func (s *Scanner) setBad(err error) {
	s.kind, s.lineErr = Bad, err
}

package exposition

import (
	"bytes"
	"io"
)

// WindowBytes is how much of the text a [Scanner] holds at once.
const WindowBytes = 16 << 10

// Kind is what a line is.
type Kind uint8

const (
	// Sample lines have a name, labels and a value.
	Sample Kind = iota
	// Type lines begin a family ("# TYPE kata_shim_threads gauge").
	Type
	// Mark is the place where one of the scanner's marks stands.
	Mark
	// Bad lines are none of these, and no comment either.
	Bad
)

// Scanner splits a text into lines. Its zero value needs a Reset. It may be
// used again and again, by one goroutine at a time.
type Scanner struct {
	source  io.Reader
	limits  Limits
	marks   [][]byte
	longest int // mark

	window     []byte
	start, end int // of what is not used yet, in window
	skipping   bool
	total      int64
	lines      int
	ended      bool  // the source has no more
	failure    error // why it ended, nil for its proper end

	kind    Kind
	line    []byte // the current line, without its end
	name    []byte
	rest    int // where in line the labels or the value begin
	mark    int
	problem error
	scratch []byte // label values without their escape sequences
}

// Reset begins a new text.
//
// Marks are texts to be reported wherever they stand, also in the middle of a
// line: there the line ends for the scanner, as if a newline had been lost, and
// what follows the mark is a comment up to the next newline or mark. No mark
// may contain a newline, and each has to begin with '#'.
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

// Next goes on to the next line that is not blank and no comment. It returns
// false where the text ends or breaks off, which [Scanner.Err] tells apart.
func (s *Scanner) Next() bool {
	for s.nextLine() {
		if s.kind == Mark || s.kind == Bad || s.classify() {
			return true
		}
	}
	return false
}

// Kind is what the current line is.
func (s *Scanner) Kind() Kind { return s.kind }

// Name is the metric name of a [Sample] or [Type] line, until the next call of
// Next.
func (s *Scanner) Name() []byte { return s.name }

// Mark is the index of the mark, at a [Mark].
func (s *Scanner) Mark() int { return s.mark }

// Problem is what is wrong with a [Bad] line.
func (s *Scanner) Problem() error { return s.problem }

// Bytes is how much was read.
func (s *Scanner) Bytes() int64 { return s.total }

// Err is why the text ended: nil if it was complete, one of [ErrTooLarge],
// [ErrTooManyLines] and [ErrTruncated], or the error of the source.
func (s *Scanner) Err() error { return s.failure }

// nextLine finds the next line, mark or overlong line.
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

// takeLine makes a line current, or what stands before a mark in it.
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

func (s *Scanner) takeMark(mark int) bool {
	s.kind, s.mark = Mark, mark
	s.start += len(s.marks[mark])
	s.skipping = true
	return true
}

func (s *Scanner) takeOverlong() bool {
	s.setBad(ErrLimit)
	s.skipping = true
	return true
}

// skip passes over the rest of a line, up to its end or to the next mark. It
// goes on skipping if the text ends before.
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
		// The beginning of a mark may be the last that has arrived.
		s.start = max(s.start, s.end-max(s.longest-1, 0))
		if !s.fill() {
			s.start = s.end
			return 0, false
		}
	}
}

// findMark finds the first mark in a line; at is -1 if there is none.
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

// emptyReads is how often a source may return nothing and no error in a row.
const emptyReads = 100

// fill reads more of the text into the window, which has room for it.
func (s *Scanner) fill() bool {
	if s.ended {
		return false
	}
	if s.start > 0 {
		s.end = copy(s.window, s.window[s.start:s.end])
		s.start = 0
	}
	for range emptyReads {
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

func (s *Scanner) stop(failure error) {
	s.ended, s.failure = true, failure
	s.start, s.end = 0, 0
}

func (s *Scanner) setBad(problem error) {
	s.kind, s.problem = Bad, problem
}

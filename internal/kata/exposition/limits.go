package exposition

import "errors"

// Limits bound what a [Scanner] accepts. It stops when the text exceeds Bytes or
// Lines. A line that exceeds any other limit is bad and does not affect the
// others.
type Limits struct {
	// Bytes and Lines limit the whole text.
	Bytes int64
	Lines int
	// LineBytes limits the length of a line. Values above [WindowBytes] are
	// reduced to it.
	LineBytes int
	// Labels limits the number of labels of a sample.
	Labels int
	// NameBytes limits the length of metric and label names, ValueBytes that of
	// label values before unescaping.
	NameBytes, ValueBytes int
}

// Errors of the whole text, returned by [Scanner.Err].
var (
	ErrTooLarge     = errors.New("text exceeds the size limit")
	ErrTooManyLines = errors.New("text exceeds the line limit")
	ErrTruncated    = errors.New("text ends in the middle of a line")
)

// Errors of one line, returned by [Scanner.LineErr] and [Scanner.Parse].
var (
	// ErrSyntax means that the line is not in the exposition format.
	ErrSyntax = errors.New("not in the exposition format")
	// ErrQuoted means that a metric or label name is in quotation marks.
	ErrQuoted = errors.New("quoted name")
	// ErrLimit means that the line, a name or a value is too long, or that there
	// are too many labels.
	ErrLimit = errors.New("line exceeds a limit")
)

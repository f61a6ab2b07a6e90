package exposition

import "errors"

// Limits bound what a [Scanner] takes. Beyond Bytes and Lines it stops; a line
// beyond one of the others is bad, and costs only itself.
type Limits struct {
	// Bytes and Lines are of the whole text.
	Bytes int64
	Lines int
	// LineBytes is the longest line; at most [WindowBytes].
	LineBytes int
	// Labels is the most labels of a sample.
	Labels int
	// NameBytes is the longest name of a metric or label, ValueBytes the
	// longest label value, before its escape sequences are resolved.
	NameBytes, ValueBytes int
}

// Errors that end a text, from [Scanner.Err].
var (
	// ErrTooLarge: the text is longer than its limit.
	ErrTooLarge = errors.New("text is longer than its limit")
	// ErrTooManyLines: the text has more lines than its limit.
	ErrTooManyLines = errors.New("text has more lines than its limit")
	// ErrTruncated: the text ends in mid-line.
	ErrTruncated = errors.New("text ends in mid-line")
)

// Errors of one line, from [Scanner.Problem] and [Scanner.Parse].
var (
	// ErrSyntax: the line is not in the exposition format.
	ErrSyntax = errors.New("not in the exposition format")
	// ErrQuoted: the line has a name in quotation marks.
	ErrQuoted = errors.New("name in quotation marks")
	// ErrLimit: the line, a name or a value is too long, or there are too many
	// labels.
	ErrLimit = errors.New("line exceeds a limit")
)

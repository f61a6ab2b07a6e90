package jsonscan

import (
	"errors"
	"fmt"
)

// Classes of errors, to be told apart with [errors.Is].
var (
	// ErrSyntax: this is not JSON.
	ErrSyntax = errors.New("invalid JSON")
	// ErrText: a string is not valid Unicode.
	ErrText = errors.New("invalid text in JSON")
	// ErrKind: valid JSON, but of another kind than expected.
	ErrKind = errors.New("unexpected kind of JSON value")
	// ErrRange: a number does not fit.
	ErrRange = errors.New("number out of range")
	// ErrField: a key of an object is there twice, or in another case.
	ErrField = errors.New("ambiguous JSON object")
	// ErrTruncated: the input ended inside the value.
	ErrTruncated = errors.New("truncated JSON")
	// ErrTrailing: something follows the value.
	ErrTrailing = errors.New("data after the JSON value")
	// ErrDepth: nested more deeply than [Limits.Depth].
	ErrDepth = errors.New("JSON is nested too deeply")
	// ErrTokenSize: a string, key or number is longer than [Limits.Token], or
	// what was anchored is longer than [Limits.Window].
	ErrTokenSize = errors.New("JSON token is too long")
	// ErrInputSize: the input is longer than [Limits.Bytes].
	ErrInputSize = errors.New("JSON is too long")
	// ErrRead: the reader failed; its own error is wrapped as well.
	ErrRead = errors.New("reading JSON")
	// ErrMisuse: the scanner was called in an impossible order.
	ErrMisuse = errors.New("scanner called out of order")
)

// Error is what stopped a [Scanner].
type Error struct {
	// Class is one of this package's Err variables.
	Class error
	// Offset counts bytes from the start of the input.
	Offset int64
	// Detail says more, without quoting the input.
	Detail string
	// Cause is the reader's error, if Class is ErrRead.
	Cause error
}

func (e *Error) Error() string {
	text := fmt.Sprintf("%v at byte %d", e.Class, e.Offset)
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives the class and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.Class, e.Cause}
	}
	return []error{e.Class}
}

package jsonscan

import (
	"errors"
	"fmt"
)

// Classes of errors, to be compared with [errors.Is].
var (
	// ErrSyntax means that the input is not JSON.
	ErrSyntax = errors.New("invalid JSON")
	// ErrText means that a string is not valid Unicode.
	ErrText = errors.New("invalid text in JSON")
	// ErrKind means that a value is valid, but not of the requested kind.
	ErrKind = errors.New("unexpected kind of JSON value")
	// ErrRange means that a number does not fit into the requested type.
	ErrRange = errors.New("number out of range")
	// ErrField means that an object has a duplicate key, or one that differs
	// from a known key only in case.
	ErrField = errors.New("ambiguous JSON object")
	// ErrTruncated means that the input ends inside the value.
	ErrTruncated = errors.New("truncated JSON")
	// ErrTrailing means that the value is followed by more data.
	ErrTrailing = errors.New("data after the JSON value")
	// ErrDepth means that values are nested deeper than [Limits.Depth].
	ErrDepth = errors.New("JSON is nested too deeply")
	// ErrTokenSize means that a string, key or number is longer than
	// [Limits.Token], or that anchored input is longer than [Limits.Window].
	ErrTokenSize = errors.New("JSON token is too long")
	// ErrInputSize means that the input is longer than [Limits.Bytes].
	ErrInputSize = errors.New("JSON input is too long")
	// ErrRead means that the reader failed; its error is wrapped as well.
	ErrRead = errors.New("read JSON")
	// ErrMisuse means that the caller violated the order of calls.
	ErrMisuse = errors.New("scanner called out of order")
)

// Error is the error that stopped a [Scanner].
type Error struct {
	// Class is one of this package's Err variables.
	Class error
	// Offset is the position in the input, in bytes.
	Offset int64
	// Detail describes the error, without quoting the input.
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

// Unwrap returns the class and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.Class, e.Cause}
	}
	return []error{e.Class}
}

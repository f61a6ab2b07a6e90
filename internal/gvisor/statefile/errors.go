package statefile

import "errors"

// Errors that [Parse] returns in addition to those of package jsonscan.
var (
	// ErrMissing means that a field that every state file has is missing.
	ErrMissing = errors.New("required field is missing")
	// ErrValue means that a field has a value that runsc never writes.
	ErrValue = errors.New("invalid value")
	// ErrLimit means that a field exceeds a limit of this package.
	ErrLimit = errors.New("field is too large")
)

// FieldError reports which field is invalid. It never includes the value of the
// field.
type FieldError struct {
	// Field is the path of the field, such as "sandbox.podName".
	Field string
	// Err is one of the Err variables of this package.
	Err error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the error without the field.
func (e *FieldError) Unwrap() error { return e.Err }

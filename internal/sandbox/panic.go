package sandbox

import (
	"fmt"
	"runtime/debug"
)

// PanicError is a panic that [RecoverPanic] turned into an error.
type PanicError struct {
	Cause any
	Stack []byte
}

// Error returns the cause of the panic.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Cause) }

// RecoverPanic calls a function and returns its error, or a [PanicError] if it panics.
//
// Whoever calls a runtime recovers from its panics, but only in the goroutine of the
// call. A goroutine that a runtime starts itself must call RecoverPanic and handle the
// error, or a panic in it ends the whole Collector.
func RecoverPanic(call func() error) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = &PanicError{Cause: cause, Stack: debug.Stack()}
		}
	}()
	return call()
}

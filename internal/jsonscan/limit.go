package jsonscan

import "errors"

// IsLimit reports whether err is the error of an input that exceeds one of the
// [Limits].
func IsLimit(err error) bool {
	return errors.Is(err, ErrInputSize) || errors.Is(err, ErrTokenSize) || errors.Is(err, ErrDepth)
}

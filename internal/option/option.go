// Package option holds what the configurations of the receiver and of its
// runtimes share: the type of byte sizes, and checks of values. Each check
// returns an error that names the key, the value and what to use instead.
//
// [ByteSize] is written here because libraries for byte sizes accept fractions,
// signs and units of bits, which a limit must not have, and do not round-trip
// through a Collector configuration. It takes 20 lines.
package option

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// OneOf checks a value with a closed list of allowed ones.
func OneOf[T ~string](key string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	texts := make([]string, len(allowed))
	for i, one := range allowed {
		texts[i] = string(one)
	}
	return fmt.Errorf("%s: invalid value %q: must be one of %s", key, string(value), strings.Join(texts, ", "))
}

// Path checks that a path is absolute.
func Path(key, path string) error {
	if !filepath.IsAbs(path) {
		return fmt.Errorf("%s: %q is relative: use an absolute path", key, path)
	}
	return nil
}

// Paths checks a list of absolute paths.
func Paths(key string, paths []string) error {
	return checkPaths(key, paths, nil)
}

// OptionalPath checks that a path is absolute, unless it is empty.
func OptionalPath(key, path string) error {
	if path != "" && !filepath.IsAbs(path) {
		return fmt.Errorf("%s: %q is relative: use an absolute path", key, path)
	}
	return nil
}

// Patterns checks a list of absolute paths that may be patterns of
// [filepath.Match].
func Patterns(key string, patterns []string) error {
	return checkPaths(key, patterns, func(pattern string) error {
		if _, err := filepath.Match(pattern, ""); err != nil {
			return fmt.Errorf("invalid pattern %q: check its brackets and backslashes", pattern)
		}
		return nil
	})
}

func checkPaths(key string, paths []string, check func(string) error) error {
	if len(paths) == 0 {
		return fmt.Errorf("%s: must not be empty: add a path, or remove the key to use the default", key)
	}
	var errs []error
	for i, path := range paths {
		if !filepath.IsAbs(path) {
			errs = append(errs, fmt.Errorf("%s::%d: %q is relative: use an absolute path", key, i, path))
			continue
		}
		if check == nil {
			continue
		}
		if err := check(path); err != nil {
			errs = append(errs, fmt.Errorf("%s::%d: %w", key, i, err))
		}
	}
	return errors.Join(errs...)
}

// Regexp checks a regular expression. The empty one is valid.
func Regexp(key, expression string) error {
	if _, err := regexp.Compile(expression); err != nil {
		return fmt.Errorf("%s: invalid regular expression %q: %w", key, expression, err)
	}
	return nil
}

// Bounds of the limit on a response: a smaller limit would reject normal
// responses; with a larger one, a hostile response could use up the memory of the
// Collector.
const (
	minResponseSize = 64 << 10
	maxResponseSize = 64 << 20
)

// ResponseSize checks a limit on the size of a response.
func ResponseSize(key string, size ByteSize) error {
	if size < minResponseSize || size > maxResponseSize {
		return fmt.Errorf("%s: %v is out of range: must be between %v and %v",
			key, size, ByteSize(minResponseSize), ByteSize(maxResponseSize))
	}
	return nil
}

package option

import (
	"errors"
	"fmt"
	"slices"
)

// Annotations configures which annotations of a sandbox become resource attributes.
type Annotations struct {
	// Allow lists the keys of these annotations. No other annotation is exported.
	Allow []string `mapstructure:"allow"`
}

// Limits on the keys of annotations: each key is compared with each annotation of a
// sandbox, and each value is kept.
const (
	maxAnnotations   = 32
	maxAnnotationKey = 256
)

// Check returns all errors, each with its key, which starts with the given one.
func (a *Annotations) Check(key string) error {
	key += "::allow"
	errs := []error{annotationCount(key, len(a.Allow))}
	for i, one := range a.Allow {
		path := fmt.Sprintf("%s::%d", key, i)
		errs = append(errs, annotationKey(path, one))
		if slices.Contains(a.Allow[:i], one) {
			errs = append(errs, fmt.Errorf("%s: duplicate key %q: remove it", path, one))
		}
	}
	return errors.Join(errs...)
}

// annotationCount checks the number of keys.
func annotationCount(path string, count int) error {
	if count > maxAnnotations {
		return fmt.Errorf("%s: %d keys exceed the maximum of %d: remove some", path, count, maxAnnotations)
	}
	return nil
}

// annotationKey checks the key of an annotation.
func annotationKey(path, key string) error {
	switch {
	case key == "":
		return fmt.Errorf("%s: must not be empty: use the key of an annotation, for example example.com/team", path)
	case len(key) > maxAnnotationKey:
		return fmt.Errorf("%s: length of %d exceeds the maximum of %d bytes: use a shorter key", path, len(key), maxAnnotationKey)
	}
	return nil
}

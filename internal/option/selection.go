package option

import (
	"errors"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/filter"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Selection configures which sandboxes are collected.
type Selection struct {
	// Include selects sandboxes that match all of its criteria.
	Include Criteria
	// Exclude deselects sandboxes that match any of its criteria.
	Exclude Criteria
}

// Criteria are filters on what is known about a sandbox before it is contacted. Each
// has the same format as in metrics_include of resource attributes.
type Criteria struct {
	// Namespaces are filters on the namespace of the pod.
	Namespaces []filter.Config `mapstructure:"namespaces"`
	// Annotations are filters on the value of an annotation, by key.
	Annotations map[string][]filter.Config `mapstructure:"annotations"`
}

// Check returns all errors, each with its key. The Collector validates the filters.
func (s *Selection) Check() error {
	return errors.Join(s.Include.check("include"), s.Exclude.check("exclude"))
}

func (c *Criteria) check(key string) error {
	key += "::annotations"
	errs := []error{annotationCount(key, len(c.Annotations))}
	for _, annotation := range slices.Sorted(maps.Keys(c.Annotations)) {
		path := key
		if annotation != "" && len(annotation) <= maxAnnotationKey {
			path += "::" + annotation
		}
		errs = append(errs, annotationKey(path, annotation))
		if len(c.Annotations[annotation]) == 0 {
			errs = append(errs, errors.New(path+": must not be empty: add a filter, or remove the key"))
		}
	}
	return errors.Join(errs...)
}

// AnnotationKeys returns the keys of all annotations that are filtered on, sorted.
func (s *Selection) AnnotationKeys() []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(s.Include.Annotations)), maps.Keys(s.Exclude.Annotations))
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Selector returns a function that reports whether a sandbox is collected, nil if all
// are. The filters are valid.
func (s *Selection) Selector() func(*sandbox.Identity) bool {
	include, exclude := s.Include.matchers(), s.Exclude.matchers()
	if len(include)+len(exclude) == 0 {
		return nil
	}
	return func(id *sandbox.Identity) bool {
		for _, matches := range include {
			if !matches(id) {
				return false
			}
		}
		for _, matches := range exclude {
			if matches(id) {
				return false
			}
		}
		return true
	}
}

// matchers returns one function for each criterion. A sandbox without a namespace or
// without the annotation does not match.
func (c *Criteria) matchers() (matchers []func(*sandbox.Identity) bool) {
	if len(c.Namespaces) > 0 {
		namespaces := filter.CreateFilter(c.Namespaces)
		matchers = append(matchers, func(id *sandbox.Identity) bool {
			return id.Pod.Namespace != "" && namespaces.Matches(id.Pod.Namespace)
		})
	}
	for key, filters := range c.Annotations {
		values := filter.CreateFilter(filters)
		matchers = append(matchers, func(id *sandbox.Identity) bool {
			value, found := id.Annotation(key)
			return found && values.Matches(value)
		})
	}
	return matchers
}

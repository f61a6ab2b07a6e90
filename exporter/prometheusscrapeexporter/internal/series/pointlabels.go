package series

import (
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sandbox-telemetry/sandboxreceiver/exporter/prometheusscrapeexporter/internal/names"
)

// pointLabels returns the labels of a point and its scope, sorted by name. The result
// is valid until the next call.
//
// Where labels from several places have the same name, const_labels win over job and
// instance, these over resource attributes, these over the scope, and all over the point.
func (c *consumer) pointLabels(attributes pcommon.Map) ([]label, error) {
	s := c.store
	labels, err := s.appendLabels(s.labels[:0], "", attributes)
	s.labels = labels
	if err != nil {
		return nil, err
	}
	labels = mergeLabels(labels)
	if !s.options.WithoutScope {
		scope, err := c.scopeLabels()
		if err != nil {
			return nil, err
		}
		labels = override(labels, scope)
	}
	reserved := c.reserved()
	return slices.DeleteFunc(labels, func(l label) bool {
		return l.name == reserved || slices.Contains(c.resource.names, l.name)
	}), nil
}

// reserved returns the name of the label that the lines of the metric have themselves.
func (c *consumer) reserved() string {
	switch c.key.kind {
	case names.Histogram, names.ExponentialHistogram:
		return "le"
	case names.Summary:
		return "quantile"
	}
	return ""
}

func (c *consumer) scopeLabels() ([]label, error) {
	scope := c.scope.Scope()
	labels, err := c.store.appendLabels(nil, "otel_scope_", scope.Attributes())
	if err != nil {
		return nil, err
	}
	labels = slices.DeleteFunc(labels, func(l label) bool {
		return l.source == "name" || l.source == "version" || l.source == "schema_url"
	})
	return override(mergeLabels(labels), []label{
		{name: "otel_scope_name", value: strings.ToValidUTF8(scope.Name(), "\ufffd")},
		{name: "otel_scope_schema_url", value: strings.ToValidUTF8(c.scope.SchemaUrl(), "\ufffd")},
		{name: "otel_scope_version", value: strings.ToValidUTF8(scope.Version(), "\ufffd")},
	}), nil
}

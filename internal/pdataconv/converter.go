package pdataconv

import (
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// schemaURL is the version of the semantic conventions that the naming "otel"
// follows.
const schemaURL = "https://opentelemetry.io/schemas/1.41.0"

// Settings of a [Converter].
type Settings struct {
	Naming     sandbox.Naming
	Attributes metadata.ResourceAttributesConfig
	// Annotations are the keys of the annotations that become attributes.
	Annotations []string
	// Version is the version in the instrumentation scope, that of the Collector.
	Version string
}

// Converter holds what all batches share.
type Converter struct {
	settings   Settings
	attributes []resourceAttribute
	filtering  []resourceAttribute
	// annotations are the annotations that become attributes.
	annotations []annotationAttribute
}

// New returns a converter.
func New(settings Settings) *Converter {
	c := &Converter{settings: settings}
	c.attributes, c.filtering = resourceAttributes(settings.Attributes)
	for _, key := range settings.Annotations {
		c.annotations = append(c.annotations, annotationAttribute{annotation: key, key: annotationPrefix + key})
	}
	return c
}

// NewBatch returns an empty batch.
func (c *Converter) NewBatch() *Batch {
	return &Batch{converter: c, metrics: pmetric.NewMetrics(), scopes: map[scopeKey]string{}}
}

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
	// Version is the version in the instrumentation scope, that of the Collector.
	Version string
}

// Converter holds what all batches share.
type Converter struct {
	settings   Settings
	attributes []resourceAttribute
	filtering  []resourceAttribute
}

// New returns a converter.
func New(settings Settings) *Converter {
	c := &Converter{settings: settings}
	c.attributes, c.filtering = resourceAttributes(settings.Attributes)
	return c
}

// NewBatch returns an empty batch.
func (c *Converter) NewBatch() *Batch {
	return &Batch{converter: c, metrics: pmetric.NewMetrics(), scopes: map[scopeKey]string{}}
}

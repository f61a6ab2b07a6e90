package pdataconv

import (
	"fmt"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Naming is how metrics are called.
type Naming string

const (
	// OTel names follow OpenTelemetry's conventions.
	OTel Naming = "otel"
	// Prometheus names are those of the runtimes' own exporters.
	Prometheus Naming = "prometheus"
)

// Check returns an error that says what is allowed, if the naming is not.
func (n Naming) Check() error {
	switch n {
	case OTel, Prometheus:
		return nil
	}
	return fmt.Errorf("%q is no naming: use %q or %q", string(n), OTel, Prometheus)
}

// form picks the form of a family.
func (n Naming) form(family *sandbox.Family) *sandbox.Descriptor {
	if n == Prometheus {
		return &family.Prometheus
	}
	return &family.OTel
}

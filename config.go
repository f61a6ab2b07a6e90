package sandboxreceiver

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/option"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/runtimes"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Config configures the receiver. Each runtime has a section, which is defined in the
// runtime's package.
type Config struct {
	metadata.MetricsBuilderConfig `mapstructure:",squash"`

	// CollectionInterval is the time between two pulls of a sandbox.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// InitialDelay is the time before the first pull.
	InitialDelay time.Duration `mapstructure:"initial_delay"`
	// Timeout is the maximum duration of a pull.
	Timeout time.Duration `mapstructure:"timeout"`
	// Naming selects how metrics are named: "otel" or "prometheus".
	Naming sandbox.Naming `mapstructure:"naming"`

	// Annotations lists annotations that become resource attributes.
	Annotations option.Annotations `mapstructure:"annotations"`
	// Selection selects the sandboxes to collect.
	option.Selection `mapstructure:",squash"`

	runtimes.Config `mapstructure:",squash"`

	_ struct{}
}

var _ component.Config = (*Config)(nil)

// A number without a unit is a number of nanoseconds, which is never intended.
const (
	minInterval = 100 * time.Millisecond
	minTimeout  = 10 * time.Millisecond
)

// Validate returns all errors, each with its key.
func (c *Config) Validate() error {
	var errs []error
	if c.CollectionInterval < minInterval {
		errs = append(errs, fmt.Errorf("collection_interval: %v is too short: use at least %v, with a unit, for example 15s",
			c.CollectionInterval, minInterval))
	}
	if c.InitialDelay < 0 {
		errs = append(errs, fmt.Errorf("initial_delay: %v is negative: use 0s or more", c.InitialDelay))
	}
	if c.Timeout < minTimeout {
		errs = append(errs, fmt.Errorf("timeout: %v is too short: use at least %v, with a unit, for example 5s", c.Timeout, minTimeout))
	} else if c.CollectionInterval >= minInterval && c.Timeout > c.CollectionInterval {
		errs = append(errs, fmt.Errorf("timeout: %v exceeds collection_interval (%v): use at most the interval, "+
			"so that pulls of a sandbox do not overlap", c.Timeout, c.CollectionInterval))
	}
	errs = append(errs, option.OneOf("naming", c.Naming, sandbox.Namings[:]...),
		c.Annotations.Check("annotations"), c.Selection.Check(), c.Config.Check())
	return errors.Join(errs...)
}

// annotationKeys returns the keys of all annotations that are read.
func (c *Config) annotationKeys() []string {
	keys := slices.Concat(c.Annotations.Allow, c.AnnotationKeys())
	slices.Sort(keys)
	return slices.Compact(keys)
}

package sandboxreceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

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

	runtimes.Config `mapstructure:",squash"`

	_ struct{}
}

var _ component.Config = (*Config)(nil)

var _ confmap.Unmarshaler = (*Config)(nil)

// Unmarshal reads the configuration. It names the values of an option that one
// would expect to be a boolean: decoding would name only its type.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if value, isBool := conf.Get("gvisor::zero_fill").(bool); isBool {
		return fmt.Errorf("gvisor::zero_fill: invalid value %v: must be one of none, core, all", value)
	}
	return conf.Unmarshal(c)
}

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
	errs = append(errs, option.OneOf("naming", c.Naming, sandbox.Namings[:]...), c.Check())
	return errors.Join(errs...)
}

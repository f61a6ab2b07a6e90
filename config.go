package sandboxreceiver

import (
	"errors"
	"fmt"
	"slices"
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
	// Events selects the log records of a logs pipeline.
	Events metadata.EventsConfig `mapstructure:"events"`

	// CollectionInterval is the time between two pulls of a sandbox.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// InitialDelay is the time before the first pull.
	InitialDelay time.Duration `mapstructure:"initial_delay"`
	// Timeout is the maximum duration of a pull.
	Timeout time.Duration `mapstructure:"timeout"`
	// Naming selects how metrics are named: "otel" or "prometheus".
	Naming sandbox.Naming `mapstructure:"naming"`
	// Preset selects how many metrics are reported: "minimal", "default" or "all".
	// Options that are set explicitly take precedence.
	Preset sandbox.Preset `mapstructure:"preset"`
	// Usage configures the metrics of CPU, memory, processes, network, disk and limits.
	Usage UsageConfig `mapstructure:"usage"`

	// Annotations lists annotations that become resource attributes.
	Annotations option.Annotations `mapstructure:"annotations"`
	// Include selects the sandboxes to collect, those that match all of its criteria.
	Include option.Criteria `mapstructure:"include"`
	// Exclude deselects sandboxes that match any of its criteria.
	Exclude option.Criteria `mapstructure:"exclude"`

	runtimes.Config `mapstructure:",squash"`

	_ struct{}
}

// UsageConfig configures how the usage of sandboxes is read.
type UsageConfig struct {
	// Enabled reports whether usage is reported. The default is true, or false with the
	// naming "prometheus".
	Enabled bool `mapstructure:"enabled"`
	// Interval is the time between two readings of a sandbox's usage, at most one
	// with each pull.
	Interval time.Duration `mapstructure:"interval"`
	// CgroupRoot is where the cgroups of the host are mounted.
	CgroupRoot string `mapstructure:"cgroup_root"`

	_ struct{}
}

var (
	_ component.Config    = (*Config)(nil)
	_ confmap.Unmarshaler = (*Config)(nil)
)

// Unmarshal sets the defaults that depend on preset and naming, and then reads the
// configuration. For zero_fill, a boolean is a likely mistake, so the error names the
// valid values; an error of decoding would name only the type.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if value, isBool := conf.Get("gvisor::zero_fill").(bool); isBool {
		return fmt.Errorf("gvisor::zero_fill: invalid value %v: must be one of none, core, all", value)
	}
	// Invalid values of these are reported, with their key, by Unmarshal or Validate.
	if preset, isText := conf.Get("preset").(string); isText {
		c.setPreset(sandbox.Preset(preset))
	}
	if conf.Get("naming") == string(sandbox.Prometheus) {
		c.Usage.Enabled = false
	}
	return conf.Unmarshal(c)
}

// setPreset sets the defaults of a preset.
func (c *Config) setPreset(preset sandbox.Preset) {
	c.Preset = preset
	applyPreset(preset, &c.Metrics)
	c.SetDefaults(preset)
}

// runtimeSettings returns the configuration that applies to all runtimes.
func (c *Config) runtimeSettings() sandbox.Settings {
	settings := sandbox.Settings{Naming: c.Naming, Preset: c.Preset, Annotations: c.annotationKeys()}
	settings.Usage.CgroupRoot = c.Usage.CgroupRoot
	if c.Usage.Enabled {
		enabled := enabledMetrics(&c.Metrics)
		settings.Usage.Interval = c.Usage.Interval
		settings.Usage.Enabled = func(name string) bool { return enabled[name] }
	}
	return settings
}

// A number without a unit is a number of nanoseconds, which is never intended.
const (
	minInterval = 100 * time.Millisecond
	minTimeout  = 10 * time.Millisecond
	// Reading usage can make a sandbox scan its memory.
	minUsageInterval = time.Second
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
	if c.Usage.Enabled && c.Usage.Interval < minUsageInterval {
		errs = append(errs, fmt.Errorf("usage::interval: %v is too short: use at least %v, with a unit, for example 30s",
			c.Usage.Interval, minUsageInterval))
	}
	errs = append(errs,
		option.Path("usage::cgroup_root", c.Usage.CgroupRoot),
		option.OneOf("naming", c.Naming, sandbox.Namings[:]...),
		option.OneOf("preset", c.Preset, sandbox.Presets[:]...),
		c.Annotations.Check("annotations"), c.selection().Check(), c.Check())
	return errors.Join(errs...)
}

// selection returns which sandboxes are collected. Its fields are those of the
// configuration itself: the Collector would put its name into the keys of errors.
func (c *Config) selection() *option.Selection {
	return &option.Selection{Include: c.Include, Exclude: c.Exclude}
}

// annotationKeys returns the keys of all annotations that are read.
func (c *Config) annotationKeys() []string {
	keys := slices.Concat(c.Annotations.Allow, c.selection().AnnotationKeys())
	slices.Sort(keys)
	return slices.Compact(keys)
}

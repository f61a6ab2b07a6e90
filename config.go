package sandboxreceiver

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
)

// Config is what a user sets.
type Config struct {
	metadata.MetricsBuilderConfig `mapstructure:",squash"`

	// CollectionInterval is the time between two pulls of a sandbox.
	CollectionInterval time.Duration `mapstructure:"collection_interval"`
	// InitialDelay is the time before the first pull of all.
	InitialDelay time.Duration `mapstructure:"initial_delay"`
	// Timeout is the longest that one pull may take.
	Timeout time.Duration `mapstructure:"timeout"`
	// Naming is "otel" or "prometheus".
	Naming pdataconv.Naming `mapstructure:"naming"`

	GVisor GVisorConfig `mapstructure:"gvisor"`
	Kata   KataConfig   `mapstructure:"kata"`

	_ struct{}
}

// GVisorConfig is about gVisor sandboxes.
type GVisorConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// Roots are runtime roots (runsc's --root), or patterns of them.
	Roots []string `mapstructure:"roots"`
	// MetricServerAddress, if set, adopts only sandboxes that were started
	// with exactly this --metric-server.
	MetricServerAddress string `mapstructure:"metric_server_address"`
	// Trust is "first_use" or "registered".
	Trust string `mapstructure:"trust"`
	// VerifyPeer checks processes by their pid; it needs the host's PID
	// namespace.
	VerifyPeer bool `mapstructure:"verify_peer"`
	// MetricPrefix goes before metric names in the naming "prometheus".
	MetricPrefix string `mapstructure:"metric_prefix"`
	// MetricFilter is a regular expression that whole metric names, as in
	// Prometheus and without the prefix, have to match.
	MetricFilter string `mapstructure:"metric_filter"`
	// CapabilityFilter is a regular expression for capabilities to report.
	CapabilityFilter string `mapstructure:"capability_filter"`
	// ZeroFill reports registered counters before their first increment.
	ZeroFill bool `mapstructure:"zero_fill"`
	// MaxResponseSize is the most that a sandbox may answer.
	MaxResponseSize ByteSize `mapstructure:"max_response_size"`

	_ struct{}
}

// KataConfig is about Kata Containers sandboxes.
type KataConfig struct {
	Enabled bool `mapstructure:"enabled"`
	// StoragePaths are where the runtimes keep a directory for each sandbox.
	StoragePaths []string `mapstructure:"storage_paths"`
	// Collection is "auto", "shim" or "passive".
	Collection string `mapstructure:"collection"`
	// FilterFamily are prefixes of the metric families to report, as
	// kata-monitor names them.
	FilterFamily []string `mapstructure:"filter_family"`
	// Families is "default" or "all".
	Families string `mapstructure:"families"`
	// UnknownFamilies is "drop" or "gauge".
	UnknownFamilies string `mapstructure:"unknown_families"`
	// CRIEndpoint, if set, is the container runtime's socket to ask for pods.
	CRIEndpoint string `mapstructure:"cri_endpoint"`
	// MaxResponseSize is the most that a shim may answer.
	MaxResponseSize ByteSize `mapstructure:"max_response_size"`

	_ struct{}
}

var _ component.Config = (*Config)(nil)

// Bounds of the limit on an answer: below, no honest sandbox fits; above, a
// dishonest one could take the memory of the collector.
const (
	minResponseSize = 64 << 10
	maxResponseSize = 64 << 20
)

// A number without a unit is one of nanoseconds, which nobody means.
const (
	shortestInterval = 100 * time.Millisecond
	shortestTimeout  = 10 * time.Millisecond
)

// Validate returns all that is wrong, each with its key and what is allowed.
func (c *Config) Validate() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.CollectionInterval < shortestInterval {
		wrong("collection_interval: %v is shorter than %v: use for example 15s, with its unit", c.CollectionInterval, shortestInterval)
	}
	if c.InitialDelay < 0 {
		wrong("initial_delay: %v is negative: use 0s or more", c.InitialDelay)
	}
	if c.Timeout < shortestTimeout {
		wrong("timeout: %v leaves no time for a pull: use at least %v, for example 5s, with its unit", c.Timeout, shortestTimeout)
	} else if c.CollectionInterval >= shortestInterval && c.Timeout > c.CollectionInterval {
		wrong("timeout: %v is above collection_interval (%v), so pulls of one sandbox could overlap: use at most the interval",
			c.Timeout, c.CollectionInterval)
	}
	if err := c.Naming.Check(); err != nil {
		wrong("naming: %w", err)
	}
	if !c.GVisor.Enabled && !c.Kata.Enabled {
		wrong("gvisor::enabled, kata::enabled: both are false, so there is nothing to collect: enable one")
	}
	return errors.Join(errs...)
}

// Validate returns all that is wrong below gvisor.
func (c *GVisorConfig) Validate() error {
	if !c.Enabled {
		return nil
	}
	errs := []error{
		checkPaths("roots", c.Roots, true),
		checkChoice("trust", c.Trust, trustFirstUse, trustRegistered),
		checkRegexp("metric_filter", c.MetricFilter),
		checkRegexp("capability_filter", c.CapabilityFilter),
		checkBytes("max_response_size", c.MaxResponseSize),
	}
	if !metricPrefix.MatchString(c.MetricPrefix) {
		errs = append(errs, fmt.Errorf("metric_prefix: %q cannot begin a metric name: use letters, digits and _, not beginning with a digit",
			c.MetricPrefix))
	}
	return errors.Join(errs...)
}

// metricPrefix is what may stand before the name of a Prometheus metric.
var metricPrefix = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)?$`)

// Validate returns all that is wrong below kata.
func (c *KataConfig) Validate() error {
	if !c.Enabled {
		return nil
	}
	errs := []error{
		checkPaths("storage_paths", c.StoragePaths, false),
		checkChoice("collection", c.Collection, "auto", "shim", "passive"),
		checkChoice("families", c.Families, "default", "all"),
		checkChoice("unknown_families", c.UnknownFamilies, "drop", "gauge"),
		checkBytes("max_response_size", c.MaxResponseSize),
	}
	if c.CRIEndpoint != "" && !filepath.IsAbs(strings.TrimPrefix(c.CRIEndpoint, "unix://")) {
		errs = append(errs, fmt.Errorf("cri_endpoint: %q is no Unix socket: use for example unix:///run/containerd/containerd.sock", c.CRIEndpoint))
	}
	if slices.Contains(c.FilterFamily, "") {
		errs = append(errs, errors.New(`filter_family: "" is a prefix of everything: leave it out`))
	}
	return errors.Join(errs...)
}

// Values of gvisor::trust.
const (
	trustFirstUse   = "first_use"
	trustRegistered = "registered"
)

func checkPaths(key string, paths []string, patterns bool) error {
	if len(paths) == 0 {
		return fmt.Errorf("%s: is empty, so nothing can be found: name a path, or leave the key out for the default", key)
	}
	var errs []error
	for i, path := range paths {
		switch {
		case !filepath.IsAbs(path):
			errs = append(errs, fmt.Errorf("%s::%d: %q is relative: use an absolute path", key, i, path))
		case patterns:
			if _, err := filepath.Match(path, ""); err != nil {
				errs = append(errs, fmt.Errorf("%s::%d: %q is not a valid pattern: check its brackets", key, i, path))
			}
		}
	}
	return errors.Join(errs...)
}

func checkChoice(key, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s: %q is none of %s", key, value, strings.Join(allowed, ", "))
}

func checkRegexp(key, expression string) error {
	if _, err := regexp.Compile(expression); err != nil {
		return fmt.Errorf("%s: %q is not a valid regular expression: %w", key, expression, err)
	}
	return nil
}

func checkBytes(key string, size ByteSize) error {
	if size < minResponseSize || size > maxResponseSize {
		return fmt.Errorf("%s: %v is not between %v and %v", key, size, ByteSize(minResponseSize), ByteSize(maxResponseSize))
	}
	return nil
}

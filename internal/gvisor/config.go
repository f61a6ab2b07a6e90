package gvisor

import (
	"errors"
	"fmt"
	"regexp"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/option"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Config configures the collection of gVisor sandboxes.
type Config struct {
	Enabled bool `mapstructure:"enabled"`
	// Roots are runtime roots (runsc --root), or patterns of them.
	Roots []string `mapstructure:"roots"`
	// MetricServerAddress, if set, restricts collection to sandboxes that were
	// started with exactly this --metric-server. It may contain %RUNTIME_ROOT%.
	MetricServerAddress string `mapstructure:"metric_server_address"`
	// Trust is the minimum trust of the sandboxes to collect.
	Trust sandbox.Trust `mapstructure:"trust"`
	// UnknownMetrics decides how metrics that only the sandbox itself registers
	// are handled.
	UnknownMetrics UnknownMetrics `mapstructure:"unknown_metrics"`
	// VerifyPeer checks that the process listening on a socket is that of the
	// state file. It requires the host's PID namespace.
	VerifyPeer bool `mapstructure:"verify_peer"`
	// DockerContainersPath, if set, is the directory in which Docker stores the
	// configuration of its containers, from which their names are read.
	DockerContainersPath string `mapstructure:"docker_containers_path"`
	// MetricPrefix is prepended to metric names with the naming "prometheus".
	MetricPrefix string `mapstructure:"metric_prefix"`
	// MetricFilter is a regular expression that the whole Prometheus name of a
	// metric, without the prefix, must match. Empty means all.
	MetricFilter string `mapstructure:"metric_filter"`
	// CapabilityFilter is a regular expression that part of a capability's name,
	// with or without CAP_, must match. Empty means all capabilities with the naming
	// "prometheus" and none with "otel".
	CapabilityFilter string `mapstructure:"capability_filter"`
	// ZeroFill selects the registered counters that are reported before their first
	// increment. Empty means "core", or "none" with the naming "prometheus".
	ZeroFill registration.ZeroFill `mapstructure:"zero_fill"`
	// MaxResponseSize is the maximum size of a response.
	MaxResponseSize option.ByteSize `mapstructure:"max_response_size"`

	_ struct{}
}

// SetDefaults sets the default configuration with a preset.
func (c *Config) SetDefaults(preset sandbox.Preset) {
	*c = Config{
		Enabled:         true,
		Roots:           discovery.DefaultRoots(),
		Trust:           sandbox.FirstUse,
		UnknownMetrics:  DropUnknown,
		VerifyPeer:      true,
		MetricPrefix:    "runsc_",
		MaxResponseSize: 4 << 20,
	}
	switch preset {
	case sandbox.Minimal:
		c.MetricFilter = minimalFilter
		c.ZeroFill = registration.ZeroFillNone
	case sandbox.All:
		c.ZeroFill = registration.ZeroFillAll
		c.CapabilityFilter = allCapabilities
	}
}

const (
	// minimalFilter matches what the preset "minimal" has of gVisor's metrics.
	minimalFilter = "unimplemented_syscalls"
	// allCapabilities matches the name of every capability.
	allCapabilities = ".*"
)

// IsEnabled reports whether gVisor sandboxes are collected.
func (c *Config) IsEnabled() bool { return c.Enabled }

// metricPrefix matches valid prefixes of Prometheus metric names.
var metricPrefix = regexp.MustCompile(`^([a-zA-Z_:][a-zA-Z0-9_:]*)?$`)

// Check returns all errors, each with its key. A configuration that is
// disabled is not checked.
func (c *Config) Check() error {
	if !c.Enabled {
		return nil
	}
	var prefix error
	if !metricPrefix.MatchString(c.MetricPrefix) {
		prefix = fmt.Errorf("metric_prefix: invalid prefix %q: use letters, digits, _ and :, not starting with a digit", c.MetricPrefix)
	}
	var zeroFill error
	if c.ZeroFill != "" {
		zeroFill = option.OneOf("zero_fill", c.ZeroFill, registration.ZeroFills[:]...)
	}
	return errors.Join(
		option.Patterns("roots", c.Roots),
		option.OptionalPath("docker_containers_path", c.DockerContainersPath),
		option.OneOf("trust", c.Trust, sandbox.Trusts[:]...),
		option.OneOf("unknown_metrics", c.UnknownMetrics, unknownMetrics[:]...),
		option.Regexp("metric_filter", c.MetricFilter),
		option.Regexp("capability_filter", c.CapabilityFilter),
		option.ResponseSize("max_response_size", c.MaxResponseSize),
		zeroFill,
		prefix,
	)
}

// zeroFill returns which counters are filled with zero with a naming. The upstream
// exporter, whose page the naming "prometheus" reproduces, fills none.
func (c *Config) zeroFill(naming sandbox.Naming) registration.ZeroFill {
	switch {
	case c.ZeroFill != "":
		return c.ZeroFill
	case naming == sandbox.Prometheus:
		return registration.ZeroFillNone
	}
	return registration.ZeroFillCore
}

// New returns the runtime for a valid configuration.
func (c *Config) New(settings sandbox.Settings, logger *zap.Logger) (sandbox.Runtime, error) {
	return New(c, settings, logger)
}

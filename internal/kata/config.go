package kata

import (
	"errors"
	"fmt"
	"slices"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/cri"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/option"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Config configures the collection of Kata Containers sandboxes.
type Config struct {
	Enabled bool `mapstructure:"enabled"`
	// StoragePaths are where the runtimes keep a directory for each sandbox.
	StoragePaths []string `mapstructure:"storage_paths"`
	// Collection decides which shims are contacted.
	Collection guard.Collection `mapstructure:"collection"`
	// TrustedHypervisors are the hypervisors with which the installed version of
	// runtime-rs is safe, in addition to those with which all versions are.
	TrustedHypervisors []guard.TrustedHypervisor `mapstructure:"trusted_hypervisors"`
	// FilterFamily are prefixes of the metric families to report, as kata-monitor
	// names them. Empty means all.
	FilterFamily []string `mapstructure:"filter_family"`
	// Families selects how many families are reported.
	Families reader.Families `mapstructure:"families"`
	// UnknownFamilies decides how families that are not in the catalog are handled.
	UnknownFamilies reader.UnknownFamilies `mapstructure:"unknown_families"`
	// CRIEndpoint, if set, is the socket of the container runtime, from which the
	// receiver requests the names of pods.
	CRIEndpoint string `mapstructure:"cri_endpoint"`
	// MaxResponseSize is the maximum size of a shim's response.
	MaxResponseSize option.ByteSize `mapstructure:"max_response_size"`

	_ struct{}
}

// SetDefaults sets the default configuration with a preset.
func (c *Config) SetDefaults(preset sandbox.Preset) {
	*c = Config{
		Enabled:         true,
		StoragePaths:    defaultStoragePaths(),
		Collection:      guard.Auto,
		Families:        reader.DefaultFamilies,
		UnknownFamilies: reader.DropUnknown,
		MaxResponseSize: 8 << 20,
	}
	switch preset {
	case sandbox.Minimal:
		c.Families = reader.NoFamilies
	case sandbox.All:
		c.Families = reader.AllFamilies
	}
}

// defaultStoragePaths returns where the Go runtime and runtime-rs keep their
// directories.
func defaultStoragePaths() []string { return []string{"/run/vc/sbs", "/run/kata"} }

// IsEnabled reports whether Kata sandboxes are collected.
func (c *Config) IsEnabled() bool { return c.Enabled }

// Check returns all errors, each with its key. A configuration that is
// disabled is not checked.
func (c *Config) Check() error {
	if !c.Enabled {
		return nil
	}
	errs := []error{
		option.Paths("storage_paths", c.StoragePaths),
		option.OneOf("collection", c.Collection, guard.Auto, guard.Shim, guard.Passive),
		option.OneOf("families", c.Families, reader.NoFamilies, reader.DefaultFamilies, reader.AllFamilies),
		option.OneOf("unknown_families", c.UnknownFamilies, reader.DropUnknown, reader.UnknownAsGauge),
		option.ResponseSize("max_response_size", c.MaxResponseSize),
	}
	for i, hypervisor := range c.TrustedHypervisors {
		errs = append(errs, option.OneOf(fmt.Sprintf("trusted_hypervisors::%d", i), hypervisor,
			guard.CloudHypervisor, guard.Firecracker, guard.QEMU))
	}
	if c.CRIEndpoint != "" {
		if _, err := cri.ParseEndpoint(c.CRIEndpoint); err != nil {
			errs = append(errs, fmt.Errorf("cri_endpoint: %w", err))
		}
	}
	if slices.Contains(c.FilterFamily, "") {
		errs = append(errs, errors.New(`filter_family: "" is a prefix of every family: remove it`))
	}
	return errors.Join(errs...)
}

// New returns the runtime for a valid configuration.
func (c *Config) New(settings sandbox.Settings, logger *zap.Logger) (sandbox.Runtime, error) {
	return New(c, settings, logger), nil
}

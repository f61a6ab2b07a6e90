// Package runtimes is the registry of runtimes: it composes their configurations
// and creates those that are enabled. It depends on no part of the receiver's output,
// so that other programs can use it too. A further runtime is a package that
// implements [sandbox.Runtime], a field of [Config], a row of its registry, and a
// value of the enumerations of runtimes in metadata.yaml.
package runtimes

import (
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Config holds the configuration of each runtime. Runtimes own their part: its
// defaults, its keys and its validation.
type Config struct {
	GVisor gvisor.Config `mapstructure:"gvisor"`
	Kata   kata.Config   `mapstructure:"kata"`
}

// registry lists all runtimes.
func (c *Config) registry() []entry {
	return []entry{
		{sandbox.RuntimeGVisor, &c.GVisor},
		{sandbox.RuntimeKata, &c.Kata},
	}
}

// entry is a runtime with its key in the configuration.
type entry struct {
	key    string
	config runtimeConfig
}

// runtimeConfig is the configuration of one runtime.
type runtimeConfig interface {
	SetDefaults(preset sandbox.Preset)
	IsEnabled() bool
	// Check returns all errors, each starting with its key in the section of the
	// runtime. It is not called Validate: the Collector would call that, but put the
	// section only in front of the first error.
	Check() error
	// New returns the runtime. The configuration is valid and does not change
	// afterwards.
	New(settings sandbox.Settings, logger *zap.Logger) (sandbox.Runtime, error)
	// SkipReasons returns the closed list of the reasons that the runtime reports,
	// regardless of the configuration.
	SkipReasons() []sandbox.SkipReason
}

// SetDefaults sets the default configuration of all runtimes with a preset.
func (c *Config) SetDefaults(preset sandbox.Preset) {
	for _, e := range c.registry() {
		e.config.SetDefaults(preset)
	}
}

// Check returns the errors of all runtimes, each with its full key, and an error if no
// runtime is enabled.
func (c *Config) Check() error {
	errs := []error{c.checkEnabled()}
	for _, e := range c.registry() {
		errs = append(errs, withSection(e.key, e.config.Check())...)
	}
	return errors.Join(errs...)
}

// withSection returns the errors that err joins, each with the section before its key.
func withSection(section string, err error) []error {
	if err == nil {
		return nil
	}
	joined, isJoined := err.(interface{ Unwrap() []error })
	if !isJoined {
		return []error{fmt.Errorf("%s::%w", section, err)}
	}
	var errs []error
	for _, one := range joined.Unwrap() {
		errs = append(errs, withSection(section, one)...)
	}
	return errs
}

func (c *Config) checkEnabled() error {
	var keys []string
	for _, e := range c.registry() {
		if e.config.IsEnabled() {
			return nil
		}
		keys = append(keys, e.key+"::enabled")
	}
	return fmt.Errorf("no runtime is enabled: set at least one of %s to true", strings.Join(keys, ", "))
}

// New returns the enabled runtimes.
func (c *Config) New(settings sandbox.Settings, logger *zap.Logger) ([]sandbox.Runtime, error) {
	var enabled []sandbox.Runtime
	var errs []error
	for _, e := range c.registry() {
		if !e.config.IsEnabled() {
			continue
		}
		runtime, err := e.config.New(settings, logger)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", e.key, err))
			continue
		}
		enabled = append(enabled, runtime)
	}
	return enabled, errors.Join(errs...)
}

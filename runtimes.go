package sandboxreceiver

import (
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// runtimes lists all there are. Another one is another line.
var runtimes = []struct {
	key     string
	enabled func(*Config) bool
	make    func(*Config, *zap.Logger) (sandbox.Runtime, error)
}{
	{"gvisor", func(c *Config) bool { return c.GVisor.Enabled }, newGVisor},
	{"kata", func(c *Config) bool { return c.Kata.Enabled }, newKata},
}

// newRuntimes makes the runtimes that are enabled.
func newRuntimes(config *Config, logger *zap.Logger) ([]sandbox.Runtime, error) {
	var enabled []sandbox.Runtime
	var errs []error
	for _, row := range runtimes {
		if !row.enabled(config) {
			continue
		}
		runtime, err := row.make(config, logger)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s::%w", row.key, err))
			continue
		}
		enabled = append(enabled, runtime)
	}
	return enabled, errors.Join(errs...)
}

func newGVisor(config *Config, logger *zap.Logger) (sandbox.Runtime, error) {
	c := &config.GVisor
	return gvisor.New(gvisor.Settings{
		Roots:               c.Roots,
		MetricServerAddress: c.MetricServerAddress,
		Trust:               sandbox.Trust(c.Trust),
		MetricPrefix:        c.MetricPrefix,
		MetricFilter:        c.MetricFilter,
		CapabilityFilter:    c.CapabilityFilter,
		ZeroFill:            c.ZeroFill,
		MaxResponseSize:     int64(c.MaxResponseSize),
		VerifyPeer:          c.VerifyPeer,
	}, logger)
}

func newKata(config *Config, logger *zap.Logger) (sandbox.Runtime, error) {
	c := &config.Kata
	return kata.New(kata.Settings{
		StoragePaths:    c.StoragePaths,
		Collection:      c.Collection,
		Naming:          string(config.Naming),
		Families:        c.Families,
		FilterFamily:    c.FilterFamily,
		UnknownFamilies: c.UnknownFamilies,
		MaxResponseSize: int64(c.MaxResponseSize),
		CRIEndpoint:     c.CRIEndpoint,
	}, logger)
}

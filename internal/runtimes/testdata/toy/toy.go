// Package toy is a runtime with one sandbox. A test adds it to the receiver to show
// what a further runtime takes.
package toy

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Name is the value of sandbox.runtime.name.
const Name = "toy"

// Config configures the collection of toy sandboxes.
type Config struct {
	Enabled bool `mapstructure:"enabled"`
	// Blocks is the value of the metric.
	Blocks int64 `mapstructure:"blocks"`
}

// SetDefaults sets the default configuration.
func (c *Config) SetDefaults(sandbox.Preset) { *c = Config{Blocks: 1} }

// IsEnabled reports whether toy sandboxes are collected.
func (c *Config) IsEnabled() bool { return c.Enabled }

// Check returns all errors, each with its key.
func (c *Config) Check() error {
	if c.Blocks < 0 {
		return fmt.Errorf("blocks: %d is negative: use 0 or more", c.Blocks)
	}
	return nil
}

// New returns the runtime.
func (c *Config) New(sandbox.Settings, *zap.Logger) (sandbox.Runtime, error) { return &runtime{c}, nil }

// SkipReasons returns the reasons to skip a path, of which there are none.
func (c *Config) SkipReasons() []sandbox.SkipReason { return nil }

type runtime struct{ config *Config }

func (r *runtime) Name() string { return Name }

func (r *runtime) Watch(ctx context.Context, observer sandbox.Observer) error {
	observer.Added(&box{identity: sandbox.Identity{Runtime: Name, ID: "box", Iteration: "1"}, blocks: r.config.Blocks})
	observer.Scanned()
	<-ctx.Done()
	return nil
}

func (r *runtime) AppendRuntimeMetrics(*sandbox.Reading, sandbox.Stats) {}

var blocks = &sandbox.Family{OTel: sandbox.Descriptor{
	Name: "toy.blocks", Description: "Number of blocks in the box.", Unit: "{block}", Kind: sandbox.UpDownCounter,
}}

type box struct {
	identity sandbox.Identity
	blocks   int64
}

func (b *box) Identity() *sandbox.Identity { return &b.identity }

func (b *box) Status() sandbox.Status { return sandbox.Status{State: sandbox.Running} }

func (b *box) MinInterval() time.Duration { return 0 }

func (b *box) Pull(_ context.Context, r *sandbox.Reading) error {
	r.Time = time.Now()
	r.Add(blocks, sandbox.Int(b.blocks))
	return nil
}

func (b *box) AppendInfo(*sandbox.Reading, bool) {}

func (b *box) AppendSeries(r *sandbox.Reading) { r.Add(blocks, sandbox.Int(0)) }

func (b *box) Close() error { return nil }

package inventory

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/option"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Inventory is what the first scan of all enabled runtimes has found. It is not updated.
type Inventory struct {
	// Runtimes are the enabled runtimes.
	Runtimes []sandbox.Runtime
	// Items are sorted by runtime and path.
	Items []Item

	measured bool
}

// Item is a candidate: a sandbox, or a path that is skipped.
type Item struct {
	reason.Candidate
	// Identity is nil for a path that is skipped. A sandbox that the configuration does
	// not select has one.
	Identity *sandbox.Identity
	// Usage is set by [Inventory.Measure].
	Usage Usage
	// sandbox is nil unless the candidate is collected.
	sandbox sandbox.Sandbox
}

// Settings change what the runtimes read.
type Settings func(*sandbox.Settings)

// HostFilesOnly makes the inventory depend on files of the host only: see
// [sandbox.Settings].
func HostFilesOnly(settings *sandbox.Settings) {
	settings.MayConnect = func(string, string) bool { return false }
}

// ConnectOnly is like [HostFilesOnly], except for one sandbox.
func ConnectOnly(item *Item) Settings {
	path := item.Path
	return func(settings *sandbox.Settings) {
		settings.MayConnect = func(storagePath, id string) bool { return filepath.Join(storagePath, id) == path }
	}
}

// MeasureUsage makes [Item.AppendInfo] measure the metrics with these names with every
// call.
func MeasureUsage(names ...string) Settings {
	return func(settings *sandbox.Settings) {
		settings.Usage.Interval = 1
		settings.Usage.Enabled = func(name string) bool { return slices.Contains(names, name) }
	}
}

// Discover discovers the sandboxes for a valid configuration. If discovery fails, is
// incomplete, or the context ends, it returns an error together with what was found
// before. The inventory must be closed.
func Discover(ctx context.Context, config *sandboxreceiver.Config, logger *zap.Logger, settings ...Settings) (*Inventory, error) {
	all, selection := settingsOf(config)
	for _, set := range settings {
		set(&all)
	}
	runtimes, err := config.New(all, logger)
	if err != nil {
		return &Inventory{}, err
	}
	found, err := reason.Discover(ctx, runtimes, selection.Selector())
	i := &Inventory{Runtimes: runtimes}
	for _, f := range found {
		item := Item{Candidate: f.Candidate}
		if f.Sandbox != nil {
			item.Identity = f.Sandbox.Identity()
		}
		if f.Decision == reason.Skipped {
			err = errors.Join(err, f.Close())
		} else {
			item.sandbox = f.Sandbox
		}
		i.Items = append(i.Items, item)
	}
	return i, err
}

// settingsOf returns the settings of runtimes, without usage, and which sandboxes are
// collected.
func settingsOf(config *sandboxreceiver.Config) (sandbox.Settings, *option.Selection) {
	selection := &option.Selection{Include: config.Include, Exclude: config.Exclude}
	keys := slices.Concat(config.Annotations.Allow, selection.AnnotationKeys())
	slices.Sort(keys)
	settings := sandbox.Settings{Naming: config.Naming, Preset: config.Preset, Annotations: slices.Compact(keys)}
	settings.Usage.CgroupRoot = config.Usage.CgroupRoot
	return settings, selection
}

// Close closes all sandboxes.
func (i *Inventory) Close() error {
	var errs []error
	for n := range i.Items {
		if s := i.Items[n].sandbox; s != nil {
			errs = append(errs, sandbox.RecoverPanic(s.Close))
			i.Items[n].sandbox = nil
		}
	}
	return errors.Join(errs...)
}

// Pull requests metrics from a sandbox, as the receiver does: a sandbox that must not be
// contacted is read on the host, and one that is not collected, or in a state without
// metrics, fails.
func (i *Item) Pull(ctx context.Context, r *sandbox.Reading) error {
	if i.sandbox == nil || !i.sandbox.Status().Pulled() {
		return sandbox.Failf(sandbox.Unreachable, "sandbox %s is not collected", i.ID())
	}
	return sandbox.RecoverPanic(func() error { return i.sandbox.Pull(ctx, r) })
}

// AppendInfo appends what is known without a pull: see [sandbox.Sandbox]. It appends
// nothing for a candidate that is not collected.
func (i *Item) AppendInfo(r *sandbox.Reading, verified bool) error {
	if i.sandbox == nil {
		return nil
	}
	return sandbox.RecoverPanic(func() error {
		i.sandbox.AppendInfo(r, verified)
		return nil
	})
}

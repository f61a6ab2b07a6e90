package main

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// find returns the sandbox with an ID, a name or a prefix, from files of the host only. It
// fails if the sandbox is not collected. An error of discovery matters only if the
// sandbox is not found.
func find(ctx context.Context, config *sandboxreceiver.Config, text string) (*inventory.Item, error) {
	ctx, cancel := context.WithTimeout(ctx, maxDiscovery)
	defer cancel()
	found, discoveryErr := inventory.Discover(ctx, config, zap.NewNop(), inventory.HostFilesOnly)
	defer func() { _ = found.Close() }()
	item, err := found.Find(text)
	if err != nil {
		if discoveryErr != nil && errors.Is(err, inventory.ErrNotFound) {
			// It may exist.
			return nil, fmt.Errorf("find sandbox %q: %w", text, discoveryErr)
		}
		return nil, err
	}
	if item.Decision == reason.Skipped {
		return nil, nothingError{fmt.Errorf("%s is not collected: %s: %s %s", item.Path, item.Reason.Name,
			item.Reason.Cause, item.Reason.Remedy)}
	}
	return item, nil
}

// open discovers a sandbox again, in a way that allows requests to it and to no other. The
// inventory must be closed.
func open(ctx context.Context, config *sandboxreceiver.Config, item *inventory.Item, settings ...inventory.Settings) (
	*inventory.Inventory, *inventory.Item, error,
) {
	only := *config
	only.GVisor.Enabled = item.Runtime == sandbox.RuntimeGVisor
	only.Kata.Enabled = item.Runtime == sandbox.RuntimeKata
	ctx, cancel := context.WithTimeout(ctx, maxDiscovery)
	defer cancel()
	found, err := inventory.Discover(ctx, &only, zap.NewNop(), append(settings, inventory.ConnectOnly(item))...)
	for i := range found.Items {
		other := &found.Items[i]
		if other.Path != item.Path || other.Identity == nil || other.Identity.Iteration != item.Identity.Iteration {
			continue
		}
		if !(sandbox.Status{State: other.State}).Pulled() {
			return found, nil, nothingError{fmt.Errorf("sandbox %s has no metrics: it is %s", item.ID(), other.State)}
		}
		return found, other, nil
	}
	if err == nil {
		err = nothingError{fmt.Errorf("sandbox %s has ended", item.ID())}
	}
	return found, nil, err
}

// explainPull adds the exit code to the error of a request to a sandbox.
func explainPull(item *inventory.Item, err error) error {
	switch sandbox.OutcomeOf(err) {
	case sandbox.OK:
		return nil
	case sandbox.Gone:
		return nothingError{fmt.Errorf("sandbox %s has ended: %w", item.ID(), err)}
	case sandbox.Unsafe:
		return nothingError{describeReason(item, err)}
	}
	return fmt.Errorf("read metrics of sandbox %s: %w", item.ID(), err)
}

// describeReason adds the cause and the remedy of the reason why a sandbox is not
// contacted.
func describeReason(item *inventory.Item, err error) error {
	if item.Reason.Cause == "" {
		return err
	}
	return fmt.Errorf("%w: %s %s", err, item.Reason.Cause, item.Reason.Remedy)
}

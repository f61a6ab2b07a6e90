package main

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
)

// maxDiscovery limits how long a command waits for the first scan, for example on a
// file system that does not respond.
const maxDiscovery = 30 * time.Second

// discover returns what the flags select. An error of discovery is returned together
// with what was found.
func (f *hostFlags) discover(ctx context.Context, settings ...inventory.Settings) (*inventory.Inventory, error) {
	config, err := f.config(ctx)
	if err != nil {
		return &inventory.Inventory{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, maxDiscovery)
	defer cancel()
	return inventory.Discover(ctx, config, zap.NewNop(), settings...)
}

// completeIDs returns a function that completes the ID of a sandbox as the only argument,
// from files of the host only. It completes sandboxes of all runtimes unless some are
// listed.
func (f *hostFlags) completeIDs(runtimes ...string) cobra.CompletionFunc {
	return func(command *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		found, _ := f.discover(command.Context(), inventory.HostFilesOnly)
		defer func() { _ = found.Close() }()
		var ids []cobra.Completion
		for i := range found.Items {
			item := &found.Items[i]
			if item.Decision != reason.Skipped && (len(runtimes) == 0 || slices.Contains(runtimes, item.Runtime)) {
				ids = append(ids, cobra.CompletionWithDesc(item.ID(), output.Escape(item.Runtime+" "+item.Name())))
			}
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}
}

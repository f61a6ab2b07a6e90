package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
)

//go:embed help/events.txt
var eventsHelp string

func newEventsCommand() *cobra.Command {
	var duration time.Duration
	command := &cobra.Command{
		Use:               "events",
		Short:             "Print events of sandboxes as they happen",
		Long:              eventsHelp,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	host := addHostFlags(command)
	host.text("collection_interval", defaultConfig().CollectionInterval.String(), "`time` between two pulls of a sandbox")
	format := addOutputFlag(command, textFormat, output.JSONFormat)
	command.Flags().DurationVar(&duration, "for", 0, "`duration` after which the command ends (default: until interrupted)")
	command.RunE = func(command *cobra.Command, _ []string) error {
		ctx := command.Context()
		if duration < 0 {
			return usageError{fmt.Errorf("invalid --for %v: must not be negative", duration)}
		}
		if duration > 0 {
			limited, cancel := context.WithTimeout(ctx, duration)
			defer cancel()
			ctx = limited
		}
		return printEvents(ctx, host, format.Format, command.OutOrStdout(), command.ErrOrStderr())
	}
	return command
}

// maxQueuedEvents is the number of events that wait until the output accepts them.
const maxQueuedEvents = 4096

// printEvents prints events until the context ends, or the output fails.
func printEvents(ctx context.Context, host *hostFlags, format output.Format, stdout, stderr io.Writer) error {
	config, err := host.config(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := newEventQueue()
	recorder := lifecycle.NewRecorder(lifecycle.Settings{Sinks: []lifecycle.Sink{queue}})
	defer recorder.Close()
	queue.drop = func() { recorder.Drop(lifecycle.QueueFull, 1, 1) }
	watched := make(chan error, 1)
	go func() {
		watched <- inventory.Watch(ctx, config, recorder, func(runtime string, err error) {
			queue.report(fmt.Sprintf("Failed to discover %s sandboxes completely: %v", runtime, err), err)
		})
		queue.close()
	}()
	printer := newEventPrinter(format, stdout, stderr)
	var printErr error
	for entry := range queue.entries {
		if printErr = printer.print(entry); printErr != nil {
			break
		}
	}
	cancel()
	return errors.Join(printErr, <-watched)
}

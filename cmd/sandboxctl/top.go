package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/top"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

//go:embed help/top.txt
var topHelp string

// minTopInterval is the shortest time between two measurements.
const minTopInterval = 500 * time.Millisecond

func newTopCommand() *cobra.Command {
	s := &top.Settings{Now: time.Now}
	order := string(top.ByCPU)
	command := &cobra.Command{
		Use:               "top",
		Short:             "Show the sandboxes of this host in a live table",
		Long:              topHelp,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	host := addHostFlags(command)
	names := make([]string, len(top.SortKeys))
	for i, key := range top.SortKeys {
		names[i] = string(key.Key)
	}
	command.Flags().StringVar(&order, "sort", order, "`key` to sort by: one of "+strings.Join(names, ", "))
	_ = command.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	command.Flags().BoolVar(&s.Reverse, "reverse", false, "reverse the order")
	command.Flags().StringVar(&s.Filter, "filter", "", "show only sandboxes with this `text` in a column")
	command.Flags().DurationVar(&s.Interval, "interval", 2*time.Second, "`time` between two measurements")
	command.RunE = func(command *cobra.Command, _ []string) error {
		var err error
		if s.Sort, err = top.ParseSortKey(order); err != nil {
			return usageError{fmt.Errorf("invalid --sort %q: %w", order, err)}
		}
		if s.Interval < minTopInterval {
			return usageError{fmt.Errorf("invalid --interval %v: must be at least %v", s.Interval, minTopInterval)}
		}
		return runTop(command.Context(), host, s, command.InOrStdin(), command.OutOrStdout())
	}
	return command
}

// runTop shows the table until the user ends it.
func runTop(ctx context.Context, host *hostFlags, s *top.Settings, stdin io.Reader, stdout io.Writer) error {
	config, err := host.config(ctx)
	if err != nil {
		return err
	}
	if !isTerminal(stdin) || !isTerminal(stdout) {
		return usageError{errors.New("top requires a terminal: use sandboxctl list for scripts")}
	}
	live, err := inventory.NewLive(config, zap.NewNop())
	if err != nil {
		return err
	}
	source := &liveSource{live: live}
	s.Source = source
	// Sandboxes are closed when no request is in flight: it ends with the context.
	ctx, cancel := context.WithCancel(ctx)
	defer source.close()
	defer cancel()
	return top.Run(ctx, s, stdin, stdout)
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	file, isFile := stream.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

// isContactable reports whether a request may be sent to a sandbox for the column RESPONSE:
// never to a Kata shim.
func isContactable(item *inventory.Item) bool {
	return item.Runtime == sandbox.RuntimeGVisor && (sandbox.Status{State: item.State}).Pulled()
}

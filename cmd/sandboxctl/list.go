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
)

//go:embed help/list.txt
var listHelp string

// listing holds the flags of the subcommand list.
type listing struct {
	host   *hostFlags
	format *output.Flag
	all    bool
}

func newListCommand() *cobra.Command {
	l := &listing{}
	command := &cobra.Command{
		Use:               "list",
		Aliases:           []string{"ls"},
		Short:             "List the sandboxes of this host",
		Long:              listHelp,
		Args:              cobra.NoArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(command *cobra.Command, _ []string) error {
			return l.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	l.host = addHostFlags(command)
	l.format = addOutputFlag(command, output.Formats...)
	command.Flags().BoolVarP(&l.all, "all", "a", false, "also list paths that are skipped")
	return command
}

// Tests replace these to get the same output every time.
var (
	now     = time.Now
	measure = func(ctx context.Context, found *inventory.Inventory) error { return found.Measure(ctx) }
)

// run prints what was found even if discovery has failed in part.
func (l *listing) run(ctx context.Context, stdout, stderr io.Writer) (err error) {
	found, err := l.host.discover(ctx, inventory.HostFilesOnly, inventory.CPUAndMemory)
	defer func() { err = errors.Join(err, found.Close()) }()
	err = errors.Join(err, measure(ctx, found))
	rows := []listedSandbox{} // an empty list is not null in JSON
	skipped := 0
	for i := range found.Items {
		item := &found.Items[i]
		if item.Identity == nil {
			skipped += max(1, item.Entries)
			if !l.all {
				continue
			}
		}
		rows = append(rows, newListedSandbox(item))
	}
	if writeErr := l.write(stdout, rows); writeErr != nil {
		return errors.Join(err, writeErr)
	}
	if skipped > 0 && !l.all {
		_, _ = fmt.Fprintf(stderr, "%d skipped: use --all to list them, or sandboxctl explain\n", skipped)
	}
	if len(rows) == 0 && err == nil {
		return nothingError{errors.New("no sandboxes found: check --gvisor-roots and --kata-storage-paths")}
	}
	return err
}

// write prints the rows, but no table without any.
func (l *listing) write(stdout io.Writer, rows []listedSandbox) error {
	format := l.format.Format
	if len(rows) == 0 && (format == output.TableFormat || format == output.WideFormat) {
		return nil
	}
	return output.Write(stdout, format, rows, func() *output.Table { return listTable(rows, format == output.WideFormat) })
}

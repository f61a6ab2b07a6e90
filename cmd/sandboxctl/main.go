// Command sandboxctl is a tool for operators of the sandbox receiver. It shows the
// sandboxes of a host and why some are not collected, and simulates sandboxes, so that
// a configuration can be tried without real ones.
//
// Each subcommand has its own file with a function that returns its
// [cobra.Command], and is added in root.go. Long help texts are in the directory
// help.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
)

func main() { os.Exit(runUntilSignal()) }

// runUntilSignal runs the command and shuts it down on a signal. Further signals
// do not interrupt the shutdown, which is short and removes all files.
func runUntilSignal() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	started := false
	ctx = context.WithValue(ctx, startedKey{}, &started)
	command := newRootCommand()
	command.SetArgs(args)
	command.SetOut(stdout)
	command.SetErr(stderr)
	err := command.ExecuteContext(ctx)
	if err != nil {
		// cobra indents its suggestions for a misspelled command with tabs.
		text := strings.ReplaceAll(err.Error(), "\n\t", "\n  ")
		_, _ = fmt.Fprintln(stderr, "sandboxctl:", output.EscapeLines(text))
	}
	return exitCode(err, started)
}

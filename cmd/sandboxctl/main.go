// Command sandboxctl helps the operator of the sandbox receiver: it looks at
// sandboxes the way the receiver does, and makes simulated ones to try it on.
//
// Each subcommand is a file of its own, with a function that makes its
// [cobra.Command], and is listed in root.go.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(runUntilSignal()) }

// runUntilSignal ends the command in good order when a signal comes. That takes
// no time to speak of, so further signals do not cut it short, and nothing is
// left behind.
func runUntilSignal() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// run is main with everything it touches as a parameter. It returns the exit
// status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command := newRootCommand()
	command.SetArgs(args)
	command.SetOut(stdout)
	command.SetErr(stderr)
	if err := command.ExecuteContext(ctx); err != nil {
		_, _ = fmt.Fprintln(stderr, "sandboxctl:", err)
		return 1
	}
	return 0
}

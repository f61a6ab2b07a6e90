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

func main() {
	// The first signal ends the command in good order; after that, a signal
	// has its usual effect.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
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

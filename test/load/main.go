// Command load runs the receiver against simulated sandboxes, which run in a
// separate process, and measures its cost and its stability.
//
//	load bench   measures the cost of a collection cycle
//	load chain   measures a built Collector with the receiver and an exporter
//	load soak    runs for a long time with hostile sandboxes, and checks that
//	             no data is lost and nothing leaks
//
// Each measurement runs in a new child process, so that CPU time and peak
// memory are only those of what is measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == childArgument {
		os.Exit(childMain(os.Args[2]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			_, _ = fmt.Fprintln(os.Stderr, "load:", err)
		}
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// run executes one of the commands.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "bench":
		return runBench(ctx, args, stdout, stderr)
	case "chain":
		return runChain(ctx, args, stdout, stderr)
	case "soak":
		return runSoak(ctx, args, stdout, stderr)
	default:
		return fmt.Errorf("invalid command %q: must be one of bench, chain, soak; use -h after it to list its flags", command)
	}
}

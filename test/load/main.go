// Command load puts load on the receiver with simulated sandboxes, which live
// in a process of their own, and tells what that costs and whether it holds.
//
//	load bench   costs of a collection cycle, beside the cheapest conceivable one
//	load soak    a long run among hostile sandboxes: nothing may be lost or leak
//
// Each measurement is made in a fresh process, a child of this one, so that CPU
// time and peak memory are those of what is measured and nothing else.
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
		os.Exit(runChild(os.Args[2]))
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

// run carries out one of the commands.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	command := ""
	if len(args) > 0 {
		command, args = args[0], args[1:]
	}
	switch command {
	case "bench":
		return runBench(ctx, args, stdout, stderr)
	case "soak":
		return runSoak(ctx, args, stdout, stderr)
	default:
		return fmt.Errorf("%q is no command: use bench or soak; -h after it lists its flags", command)
	}
}

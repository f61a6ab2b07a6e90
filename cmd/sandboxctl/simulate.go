package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
)

var (
	//go:embed help/simulate.txt
	simulateHelp string
	//go:embed help/simulate_examples.txt
	simulateExamples string
)

// simulation holds the values of the flags.
type simulation struct {
	fleet       fleet.Options
	hostile     []string
	printConfig bool
}

func newSimulateCommand() *cobra.Command {
	s := &simulation{}
	command := &cobra.Command{
		Use:     "simulate",
		Short:   "Simulate sandboxes until interrupted",
		Long:    simulateHelp + describeModes(),
		Example: strings.TrimSuffix(simulateExamples, "\n"),
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := s.validate(); err != nil {
				return usageError{err}
			}
			return s.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	s.addFlags(command)
	return command
}

// describeModes lists the hostile modes, one per line.
func describeModes() string {
	var text strings.Builder
	for _, mode := range fleet.Modes() {
		fmt.Fprintf(&text, "  %-22s %s\n", mode.Mode, mode.Description)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// run creates the sandboxes, waits until the context is done, and removes them.
func (s *simulation) run(ctx context.Context, stdout, stderr io.Writer) (failed error) {
	directory, err := os.MkdirTemp("", "sandboxctl-")
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, os.RemoveAll(directory)) }()
	f, err := fleet.New(directory, s.fleet)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, f.Close()) }()
	if s.printConfig {
		if _, err := io.WriteString(stdout, s.receiverConfig(f)); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(stderr, "Simulating %d gVisor sandboxes in %s and %d Kata pods in %s; press Ctrl-C to stop\n",
		len(f.GVisor()), f.RuntimeRoot(), len(f.Kata()), strings.Join(f.StoragePaths(), " and "))
	<-ctx.Done()
	return report(f, stderr)
}

// report prints the number of requests to the sandboxes. It fails if a request
// has crashed a sandbox or was one that the receiver must not send.
func report(f *fleet.Fleet, stderr io.Writer) error {
	var calls, forbidden int64
	add := func(load simulate.Load) { calls, forbidden = calls+load.Calls, forbidden+load.Forbidden }
	for _, s := range f.GVisor() {
		add(s.Load())
	}
	crashed := 0
	for _, p := range f.Kata() {
		add(p.Load())
		if p.Crashed() {
			crashed++
		}
	}
	_, _ = fmt.Fprintf(stderr, "The current sandboxes received %d requests; %d other sandboxes were replaced\n", calls, f.Churned())
	var errs []error
	if crashed > 0 {
		errs = append(errs, fmt.Errorf(
			"%d Kata pods crashed because they received a request for metrics: the client must not contact these shims", crashed))
	}
	if forbidden > 0 {
		errs = append(errs, fmt.Errorf("%d requests used a method or path that the receiver must not use", forbidden))
	}
	return errors.Join(errs...)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// simulation is what the flags of the subcommand simulate ask for.
type simulation struct {
	fleet       simulate.Options
	hostile     []string
	printConfig bool
}

func newSimulateCommand() *cobra.Command {
	s := &simulation{}
	command := &cobra.Command{
		Use:   "simulate",
		Short: "Make simulated sandboxes until interrupted",
		Long: `Make simulated gVisor sandboxes and Kata pods, honest and hostile, until
interrupted (Ctrl-C). They have the files and sockets of real ones, and numbers
that move, so a collector with the sandbox receiver reads them like real ones.
No root is needed. Whatever was made is removed at the end.

Ways of being hostile, for --hostile:
` + describeModes(),
		Example: `  # Ten gVisor sandboxes and three Kata pods, and a configuration to read them with:
  sandboxctl simulate --gvisor 10 --kata 3 --print-config > simulated.yaml
  # In another terminal:
  otelcol-sandbox --config simulated.yaml --config exporter.yaml

  # Two hundred, of which forty never answer in time, and two are replaced each second:
  sandboxctl simulate --gvisor 160 --hostile stall=20 --hostile trickle=20 --churn 2`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			return s.run(command.Context(), command.OutOrStdout(), command.ErrOrStderr())
		},
	}
	flags := command.Flags()
	flags.IntVar(&s.fleet.GVisor, "gvisor", 0, "how many honest gVisor sandboxes")
	flags.IntVar(&s.fleet.Kata, "kata", 0, "how many honest Kata pods of the Go runtime")
	flags.IntVar(&s.fleet.KataRust, "kata-runtime-rs", 0, "how many honest Kata pods of runtime-rs with Dragonball")
	flags.IntVar(&s.fleet.KataRustQEMU, "kata-runtime-rs-qemu", 0,
		"how many Kata pods of runtime-rs with QEMU: their shims die when they are asked for\nmetrics, as the real ones do; if one does, the command fails in the end")
	flags.StringArrayVar(&s.hostile, "hostile", nil, "`mode=count` of hostile sandboxes to add; repeat for more modes")
	flags.IntVar(&s.fleet.Points, "points", simulate.DefaultPoints, "how many points each gVisor sandbox sends")
	flags.Float64Var(&s.fleet.Churn, "churn", 0, "how many honest sandboxes to delete and create again per second,\nevery other one under the same id")
	flags.StringVar(&s.fleet.MetricServer, "metric-server", "",
		"`address` that gVisor sandboxes were started with (runsc's --metric-server)\n(default: a socket in the runtime root)")
	flags.StringVar(&s.fleet.RuntimeRoot, "root", "", "`directory` to be the runtime root of the gVisor sandboxes\n(default: a fresh temporary one, removed at the end)")
	flags.StringVar(&s.fleet.StoragePath, "storage", "", "`directory` for the storage paths of the Kata pods, vc/sbs and kata\n(default: a fresh temporary one, removed at the end)")
	flags.Uint64Var(&s.fleet.Seed, "seed", 0, "`number` that ids and metrics derive from")
	flags.BoolVar(&s.printConfig, "print-config", false, "print a configuration of the receiver that reads these sandboxes,\nonce they are there")
	return command
}

// describeModes lists the hostile modes, one per line.
func describeModes() string {
	var text strings.Builder
	for _, mode := range simulate.Modes() {
		fmt.Fprintf(&text, "  %-22s %s\n", mode.Mode, mode.About)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// check completes the options and returns all that is wrong with the flags.
func (s *simulation) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	sum := 0
	for flag, count := range map[string]int{
		"gvisor": s.fleet.GVisor, "kata": s.fleet.Kata,
		"kata-runtime-rs": s.fleet.KataRust, "kata-runtime-rs-qemu": s.fleet.KataRustQEMU,
	} {
		if count < 0 {
			wrong("--%s: %d is negative: use 0 or more", flag, count)
		}
		sum += max(count, 0)
	}
	var err error
	if s.fleet.Hostile, err = parseHostile(s.hostile); err != nil {
		errs = append(errs, err)
	}
	for _, count := range s.fleet.Hostile {
		sum += count
	}
	if s.fleet.Points < 2 {
		wrong("--points: %d is too few: every gVisor sandbox sends at least 2", s.fleet.Points)
	}
	if s.fleet.Churn < 0 || s.fleet.Churn > maxChurn {
		wrong("--churn: %v is not between 0 and %d per second", s.fleet.Churn, maxChurn)
	}
	for flag, path := range map[string]*string{"root": &s.fleet.RuntimeRoot, "storage": &s.fleet.StoragePath} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			wrong("--%s: %w", flag, err)
		}
		*path = absolute
	}
	if sum == 0 && len(errs) == 0 {
		wrong("there is nothing to simulate: use --gvisor, --kata or --hostile")
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// maxChurn is about what a machine can create per second.
const maxChurn = 10_000

// parseHostile adds up texts like stall=20.
func parseHostile(texts []string) (map[simulate.Mode]int, error) {
	counts := make(map[simulate.Mode]int)
	for _, text := range texts {
		name, number, found := strings.Cut(text, "=")
		count, err := strconv.Atoi(number)
		if !found || err != nil || count < 1 {
			return nil, fmt.Errorf("--hostile: %q is not of the form mode=count, for example stall=20", text)
		}
		mode, err := simulate.ParseMode(name)
		if err != nil {
			return nil, fmt.Errorf("--hostile: %w", err)
		}
		counts[mode] += count
	}
	return counts, nil
}

// run makes the sandboxes, waits for the end of the context, and removes them.
func (s *simulation) run(ctx context.Context, stdout, stderr io.Writer) (failed error) {
	directory, err := os.MkdirTemp("", "sandboxctl-")
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, os.RemoveAll(directory)) }()
	fleet, err := simulate.NewFleet(directory, s.fleet)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, fleet.Close()) }()
	if s.printConfig {
		if _, err := io.WriteString(stdout, s.receiverConfig(fleet)); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(stderr, "%d gVisor sandboxes are in %s, %d Kata pods in %s; Ctrl-C ends them\n",
		len(fleet.GVisor()), fleet.RuntimeRoot(), len(fleet.Kata()), strings.Join(fleet.StoragePaths(), " and "))
	<-ctx.Done()
	return report(fleet, stderr)
}

// report says what was asked of the sandboxes. It is an error if they were
// harmed, or asked for what no receiver may ask.
func report(fleet *simulate.Fleet, stderr io.Writer) error {
	var calls, strange int64
	add := func(load simulate.Load) { calls, strange = calls+load.Calls, strange+load.Strange }
	for _, s := range fleet.GVisor() {
		add(s.Load())
	}
	aborted := 0
	for _, k := range fleet.Kata() {
		add(k.Load())
		if k.Aborted() {
			aborted++
		}
	}
	_, _ = fmt.Fprintf(stderr, "the sandboxes there are now have answered %d calls; %d others were replaced\n", calls, fleet.Churned())
	var errs []error
	if aborted > 0 {
		errs = append(errs, fmt.Errorf("%d Kata pods have died because they were asked for metrics", aborted))
	}
	if strange > 0 {
		errs = append(errs, fmt.Errorf("%d calls were of a kind that no receiver may make", strange))
	}
	return errors.Join(errs...)
}

// receiverConfig is a configuration of the receiver for the fleet, to be
// merged with one that says where the data goes.
func (s *simulation) receiverConfig(fleet *simulate.Fleet) string {
	hasGVisor, hasKata := s.fleet.GVisor > 0, s.fleet.Kata+s.fleet.KataRust+s.fleet.KataRustQEMU > 0
	for mode := range maps.Keys(s.fleet.Hostile) {
		hasKata = hasKata || mode.ForKata()
		hasGVisor = hasGVisor || !mode.ForKata()
	}
	var text strings.Builder
	text.WriteString("receivers:\n  sandbox:\n    collection_interval: 10s\n")
	section := func(name, key string, enabled bool, paths ...string) {
		fmt.Fprintf(&text, "    %s:\n      enabled: %t\n", name, enabled)
		if !enabled {
			return
		}
		fmt.Fprintf(&text, "      %s:\n", key)
		for _, path := range paths {
			fmt.Fprintf(&text, "        - %s\n", quoted(path))
		}
	}
	section("gvisor", "roots", hasGVisor, fleet.RuntimeRoot())
	section("kata", "storage_paths", hasKata, fleet.StoragePaths()...)
	return text.String()
}

// quoted is text as YAML, which takes JSON strings. A dollar sign would begin
// a variable of the collector's configuration.
func quoted(text string) string {
	data, err := json.Marshal(strings.ReplaceAll(text, "$", "$$"))
	if err != nil {
		panic(err) // text is valid for encoding/json, whatever it holds
	}
	return string(data)
}

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// addFlags adds the flags of the subcommand simulate.
func (s *simulation) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.IntVar(&s.fleet.GVisor, "gvisor", 0, "number of honest gVisor sandboxes")
	flags.IntVar(&s.fleet.GVisorUnregistered, "gvisor-unregistered", 0,
		"number of honest gVisor sandboxes without a registration in their state file")
	flags.IntVar(&s.fleet.Kata, "kata", 0, "number of honest Kata pods of the Go runtime")
	flags.IntVar(&s.fleet.KataRust, "kata-runtime-rs", 0, "number of honest Kata pods of runtime-rs with Dragonball")
	flags.IntVar(&s.fleet.KataRustQEMU, "kata-runtime-rs-qemu", 0,
		"number of Kata pods of runtime-rs with QEMU: like real ones, their shims crash on\n"+
			"a request for metrics; the command fails if that happens")
	flags.StringArrayVar(&s.hostile, "hostile", nil, "`mode=count` of hostile sandboxes to add; may be repeated")
	flags.IntVar(&s.fleet.Points, "points", gvisor.DefaultPoints, "number of points that each gVisor sandbox sends")
	flags.Float64Var(&s.fleet.Churn, "churn", 0,
		"number of honest sandboxes replaced per second, alternately with the same ID\nand with a new one")
	flags.StringVar(&s.fleet.MetricServer, "metric-server", "",
		"metric server `address` of the gVisor sandboxes (runsc's --metric-server)\n(default: a socket in the runtime root)")
	flags.StringVar(&s.fleet.RuntimeRoot, "root", "",
		"`directory` of the runtime root of the gVisor sandboxes\n(default: a new temporary directory)")
	flags.StringVar(&s.fleet.StoragePath, "storage", "",
		"parent `directory` of the storage paths of the Kata pods, vc/sbs and kata\n(default: a new temporary directory)")
	flags.StringVar(&s.fleet.CgroupRoot, "cgroup-root", "",
		"`directory` to create for the cgroups of the sandboxes, for the receiver's\n"+
			"option usage::cgroup_root (default: the sandboxes have no cgroups)")
	flags.Uint64Var(&s.fleet.Seed, "seed", 0, "`number` from which IDs and values derive")
	flags.BoolVar(&s.printConfig, "print-config", false,
		"print a receiver configuration that reads the sandboxes, once they exist")
}

// maxChurn is about the number of sandboxes that a machine can create per second.
const maxChurn = 10_000

// validate completes the options. It reports all errors at once, each with its
// flag.
func (s *simulation) validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	sum := 0
	for flag, count := range map[string]int{
		"gvisor": s.fleet.GVisor, "gvisor-unregistered": s.fleet.GVisorUnregistered, "kata": s.fleet.Kata,
		"kata-runtime-rs": s.fleet.KataRust, "kata-runtime-rs-qemu": s.fleet.KataRustQEMU,
	} {
		if count < 0 {
			fail("invalid --%s %d: must not be negative", flag, count)
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
		fail("invalid --points %d: must be at least 2", s.fleet.Points)
	}
	if s.fleet.Churn < 0 || s.fleet.Churn > maxChurn {
		fail("invalid --churn %v: must be between 0 and %d per second", s.fleet.Churn, maxChurn)
	}
	for flag, path := range map[string]*string{
		"root": &s.fleet.RuntimeRoot, "storage": &s.fleet.StoragePath, "cgroup-root": &s.fleet.CgroupRoot,
	} {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			fail("invalid --%s %q: %w", flag, *path, err)
		}
		*path = absolute
	}
	if sum == 0 && len(errs) == 0 {
		fail("nothing to simulate: use --gvisor, --kata or --hostile")
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// parseHostile adds up values of --hostile, which look like stall=20.
func parseHostile(values []string) (map[simulate.Mode]int, error) {
	counts := make(map[simulate.Mode]int)
	for _, value := range values {
		name, number, found := strings.Cut(value, "=")
		count, err := strconv.Atoi(number)
		if !found || err != nil || count < 1 {
			return nil, fmt.Errorf("invalid --hostile %q: must be of the form mode=count, for example stall=20", value)
		}
		mode, err := fleet.ParseMode(name)
		if err != nil {
			return nil, fmt.Errorf("invalid --hostile %q: %w", value, err)
		}
		counts[mode] += count
	}
	return counts, nil
}

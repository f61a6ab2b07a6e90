package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
)

// variant is one configuration of the receiver with its costs.
type variant struct {
	name     string
	settings receiverSettings
	result   receiveResult
}

// newVariants returns the configurations to compare: usage off and on, with nothing else
// changed compared with the other loads, and the presets.
func newVariants() []*variant {
	return []*variant{
		{name: usageOff, settings: receiverSettings{ZeroFill: "none"}},
		{name: usageOn, settings: receiverSettings{ZeroFill: "none", Usage: true}},
		{name: presetMinimal, settings: receiverSettings{Preset: "minimal", Usage: true}},
		{name: presetDefault, settings: receiverSettings{Preset: "default", Usage: true}},
		{name: presetAll, settings: receiverSettings{Preset: "all", Usage: true}},
	}
}

// Names of variants.
const (
	usageOff      = "usage off"
	usageOn       = "usage on"
	presetMinimal = "preset minimal"
	presetDefault = "preset default"
	presetAll     = "preset all"
)

// usageIntervals is the number of collection intervals between two readings of usage,
// as in the default configuration.
const usageIntervals = 3

// measureVariants measures all variants at the same time and on the same sandboxes, so
// that other load on the machine affects all of them.
func measureVariants(ctx context.Context, options benchOptions) ([]*variant, error) {
	variants := newVariants()
	simulation := simulation{Cgroups: true, Options: simfleet.Options{GVisor: options.usage, Points: options.points, Seed: 1}}
	report, err := withSimulation(simulation, func(sandboxes simulated) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed := make([]error, len(variants))
		var running sync.WaitGroup
		for i, v := range variants {
			running.Go(func() { failed[i] = v.measure(options, sandboxes) })
		}
		running.Wait()
		return errors.Join(failed...)
	})
	if err == nil && report.Forbidden > 0 {
		err = fmt.Errorf("receiver harmed sandboxes: %+v", report)
	}
	return variants, err
}

func (v *variant) measure(options benchOptions, sandboxes simulated) (err error) {
	task := receiveTask{
		RuntimeRoot: sandboxes.RuntimeRoot, GVisor: options.usage, Interval: options.interval, Cycles: options.cycles,
		Timeout: time.Minute, receiverSettings: v.settings,
	}
	task.UsageInterval, task.CgroupRoot = max(usageIntervals*options.interval, minUsageInterval), sandboxes.CgroupRoot
	if options.profiles != "" {
		task.Profile = filepath.Join(options.profiles, strings.ReplaceAll(v.name, " ", "-"))
	}
	if v.result, err = runChild[receiveResult]("receive", task); err != nil {
		return fmt.Errorf("%s: %w", v.name, err)
	}
	return nil
}

// minUsageInterval is the minimum of the option usage::interval.
const minUsageInterval = time.Second

// Limits of usage and presets.
const (
	maxUsageRatio    = 1.3
	maxMinimalPoints = 20
	maxUsagePoints   = 20
)

// variantChecks returns the values to check.
func variantChecks(variants []*variant) []check {
	var all []check
	off := time.Duration(0)
	for _, v := range variants {
		got := &v.result
		add := func(what string, value, limit float64, unit string, noisy bool) {
			all = append(all, check{v.name + ": " + what, value, limit, unit, noisy})
		}
		add("sandboxes that never delivered", float64(got.Missing), 0, "", false)
		add("goroutines left after the stop", float64(got.Goroutines), 0, "", false)
		add("descriptors left after the stop", float64(got.Descriptors), 0, "", false)
		add("peak memory", float64(got.PeakMemory)/(1<<20), maxPeakMemory/(1<<20), "MiB", false)
		switch v.name {
		case usageOff:
			off = got.CPU
		case usageOn:
			add("CPU per cycle, as a multiple of usage off", ratio(got.CPU, off), maxUsageRatio, "×", true)
			add("points of usage per sandbox", float64(got.UsageSeries), maxUsagePoints, "", false)
		case presetMinimal:
			add("points per sandbox", float64(got.Series), maxMinimalPoints, "", false)
		case presetDefault:
			add("points of usage per sandbox", float64(got.UsageSeries), maxUsagePoints, "", false)
		}
	}
	return all
}

// printVariants prints a table of the variants.
func printVariants(w io.Writer, options benchOptions, variants []*variant) {
	if len(variants) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\n%d gVisor sandboxes with cgroups, all rows measured at the same time; usage is read in every %drd cycle\n\n",
		options.usage, usageIntervals)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(table,
		"configuration\treceiver CPU\t× usage off\tpeak RSS\theap\tseries per sandbox\tof usage\tpoints per sandbox and cycle\t")
	for _, v := range variants {
		got := &v.result
		_, _ = fmt.Fprintf(table, "%s\t%s\t%.2f\t%.0f MB\t%.1f MB\t%d\t%d\t%.1f\t\n", v.name, short(got.CPU),
			ratio(got.CPU, variants[0].result.CPU), float64(got.PeakMemory)/1e6, float64(got.Heap)/1e6,
			got.Series, got.UsageSeries, got.Emitted/float64(options.usage))
	}
	_ = table.Flush()
}

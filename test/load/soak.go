package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// soakOptions are the flags of the command soak.
type soakOptions struct {
	duration time.Duration
	interval time.Duration
	steady   int
	churning int
	hostile  int
	kata     int
	churn    float64
}

func parseSoakFlags(args []string, stderr io.Writer) (o soakOptions, err error) {
	flags := flag.NewFlagSet("load soak", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.DurationVar(&o.duration, "duration", 10*time.Minute, "duration of the run; at least ten intervals")
	flags.DurationVar(&o.interval, "interval", 2*time.Second, "collection interval of the gVisor sandboxes")
	flags.IntVar(&o.steady, "steady", 130, "number of honest gVisor sandboxes that run the whole time")
	flags.IntVar(&o.churning, "churning", 50, "number of honest gVisor sandboxes that are replaced repeatedly")
	flags.IntVar(&o.hostile, "hostile", 5, "number of gVisor sandboxes in each hostile mode, except stall and trickle with 20")
	flags.IntVar(&o.kata, "kata", 4, "number of honest Kata pods of each runtime, in addition to one in each hostile mode")
	flags.Float64Var(&o.churn, "churn", 5, "number of sandboxes replaced per second")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.interval <= 0 || o.duration < 10*o.interval {
		return o, fmt.Errorf("invalid -duration %v: must be at least ten intervals of %v", o.duration, o.interval)
	}
	return o, nil
}

// simulation returns the mix of honest, replaced and hostile sandboxes.
func (o *soakOptions) simulation() simulation {
	hostile := make(map[simulate.Mode]int)
	for _, info := range simfleet.Modes() {
		switch {
		case info.Mode.ForKata():
			hostile[info.Mode] = 1
		case o.hostile > 0:
			hostile[info.Mode] = o.hostile
		}
	}
	if o.hostile > 0 {
		hostile[simgvisor.Stall], hostile[simgvisor.Trickle] = 20, 20
	}
	return simulation{Steady: o.steady, Cgroups: true, Options: simfleet.Options{
		GVisor: o.churning, Kata: o.kata, KataRust: o.kata, KataRustQEMU: o.kata, Hostile: hostile, Churn: o.churn, Seed: 1,
	}}
}

// Shares of the first three of four phases in the duration of a run.
const (
	acceptingShare = 0.4
	refusingShare  = 0.15
	blockingShare  = 0.15
)

// usage is the resource usage of a process.
type usage struct {
	goroutines, descriptors int
	heap                    uint64
}

func measureUsage() (usage, error) {
	files, err := descriptors()
	return usage{runtime.NumGoroutine(), files, liveHeap()}, err
}

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MB of heap", u.goroutines, u.descriptors, float64(u.heap)/1e6)
}

func runSoak(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parseSoakFlags(args, stderr)
	if err != nil {
		return err
	}
	simulation := options.simulation()
	_, _ = fmt.Fprintf(stdout, "%s\nrunning for %v with %d steady and %d replaced gVisor sandboxes, %d Kata pods, "+
		"%d hostile sandboxes in %d modes, interval %v\n",
		machine(), options.duration, options.steady, options.churning, 3*options.kata,
		sum(maps.Values(simulation.Options.Hostile)), len(simulation.Options.Hostile), options.interval)
	report, err := withSimulation(simulation, func(sandboxes simulated) error { return soak(ctx, options, sandboxes, stdout) })
	_, _ = fmt.Fprintf(stdout, "%d sandboxes were replaced\n", report.Churned)
	if err := errors.Join(err, report.check()); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(stdout, "no interval was missed, and nothing was leaked")
	return nil
}

// check returns an error if the receiver sent requests that it must not send.
func (r *simulationReport) check() error {
	var errs []error
	if r.Crashed > 0 {
		errs = append(errs, fmt.Errorf("%d shims crashed because of a request", r.Crashed))
	}
	if r.Forbidden > 0 {
		errs = append(errs, fmt.Errorf("%d requests used a method or path that the receiver must not use", r.Forbidden))
	}
	if r.Overlaps > 0 {
		errs = append(errs, fmt.Errorf("%d shims received concurrent requests", r.Overlaps))
	}
	// The time between the start of a pull and its request at the shim varies.
	if tolerated := minKataInterval * 9 / 10; r.KataGap > 0 && r.KataGap < tolerated {
		errs = append(errs, fmt.Errorf("a shim received two requests within %v: the minimum is %v", r.KataGap, minKataInterval))
	}
	return errors.Join(errs...)
}

func sum(numbers func(func(int) bool)) (total int) {
	for n := range numbers {
		total += n
	}
	return total
}

// soak runs the receiver through all phases and stops it.
func soak(ctx context.Context, options soakOptions, sandboxes simulated, stdout io.Writer) error {
	before, err := measureUsage()
	if err != nil {
		return err
	}
	pipe := newPipeline(sandboxes.Steady)
	config, err := receiverConfig("", sandboxes.RuntimeRoot, sandboxes.StoragePaths, options.interval)
	if err != nil {
		return err
	}
	config.Usage.Enabled, config.Usage.Interval = true, max(2*options.interval, minUsageInterval)
	config.Usage.CgroupRoot = sandboxes.CgroupRoot
	r, err := startWithLogs(config, pipe)
	if err != nil {
		return err
	}
	failed := phases(ctx, options, pipe, stdout)

	// The receiver must also stop while the pipeline blocks.
	pipe.behave(blocks)
	stopping := time.Now()
	failed = errors.Join(failed, r.Shutdown(context.Background()))
	stopped := time.Since(stopping)
	pipe.behave(accepts)
	settle(before.goroutines)
	after, err := measureUsage()
	peak, peakErr := peakMemory("self")
	_, _ = fmt.Fprintf(stdout, "stopped in %v; before: %v; after: %v; peak RSS %.0f MB\n",
		stopped.Round(time.Millisecond), before, after, float64(peak)/1e6)
	failed = errors.Join(failed, err, peakErr)
	if after.goroutines > before.goroutines || after.descriptors > before.descriptors {
		failed = errors.Join(failed, fmt.Errorf("the receiver leaked resources: before %v, after %v", before, after))
	}
	// The limit holds regardless of what the hostile sandboxes send.
	if peak > maxPeakMemory {
		failed = errors.Join(failed, fmt.Errorf("peak RSS of %d bytes exceeds the limit of %d", peak, maxPeakMemory))
	}
	return failed
}

// phases runs the receiver with a pipeline that accepts, refuses, blocks and
// accepts again. Except while the pipeline blocks, steady sandboxes must not miss
// an interval, even if the pipeline refuses their data.
func phases(ctx context.Context, options soakOptions, pipe *pipeline, stdout io.Writer) error {
	share := func(part float64) time.Duration { return time.Duration(part * float64(options.duration)) }
	if err := start(ctx, options, pipe, stdout); err != nil {
		return err
	}

	pipe.begin()
	if err := wait(ctx, share(acceptingShare)); err != nil {
		return err
	}
	failed := errors.Join(pipe.check("accepting pipeline", options.interval, stdout),
		pipe.checkLogs("accepting pipeline", options.churn, stdout))
	first, err := measureUsage()
	failed = errors.Join(failed, err)

	pipe.behave(refuses)
	pipe.begin()
	if err := wait(ctx, share(refusingShare)); err != nil {
		return err
	}
	failed = errors.Join(failed, pipe.check("refusing pipeline", options.interval, stdout),
		pipe.checkLogs("refusing pipeline", options.churn, stdout))

	pipe.behave(blocks)
	if err := wait(ctx, share(blockingShare)); err != nil {
		return err
	}
	blocked, err := measureUsage()
	failed = errors.Join(failed, err, compare("blocking pipeline", first, blocked, maxInFlight, stdout))
	pipe.behave(accepts)
	// Two intervals in which the delayed data arrives.
	if err := wait(ctx, 2*options.interval); err != nil {
		return err
	}

	pipe.begin()
	if err := wait(ctx, options.duration-share(acceptingShare)-share(refusingShare)-share(blockingShare)); err != nil {
		return err
	}
	failed = errors.Join(failed, pipe.check("accepting pipeline again", options.interval, stdout),
		pipe.checkLogs("accepting pipeline again", options.churn, stdout), pipe.checkUsage(stdout))
	last, err := measureUsage()
	return errors.Join(failed, err, compare("last phase", first, last, maxFluctuation, stdout))
}

// The receiver discovers all sandboxes and hostile ones fail within minStart
// intervals. A busy machine may need up to maxStart intervals.
const (
	minStart = 2
	maxStart = 6
)

// start waits until every steady sandbox has delivered.
func start(ctx context.Context, options soakOptions, pipe *pipeline, stdout io.Writer) error {
	for waited := 1; ; waited++ {
		if err := wait(ctx, options.interval); err != nil {
			return err
		}
		missing := pipe.missing()
		switch {
		case waited >= minStart && missing == 0:
			_, _ = fmt.Fprintf(stdout, "all steady sandboxes delivered within %d intervals\n", waited)
			return nil
		case waited >= maxStart:
			return fmt.Errorf("%d of %d steady sandboxes did not deliver within %d intervals", missing, options.steady, maxStart)
		}
	}
}

// Allowed growth of the numbers of goroutines and of descriptors. Each pull in
// flight uses one goroutine and one descriptor. While the pipeline blocks, the
// number of pulls in flight may reach its limit; otherwise it varies with the
// hostile sandboxes.
const (
	maxInFlight    = 512
	maxFluctuation = 64
)

// maxHeapGrowth is the allowed growth of the heap in bytes, for the data of pulls
// in flight.
const maxHeapGrowth = 32 << 20

// compare returns an error if the usage has grown by more than is allowed.
func compare(what string, first, now usage, allowed int, stdout io.Writer) error {
	_, _ = fmt.Fprintf(stdout, "%s: %v; first phase: %v\n", what, now, first)
	if now.goroutines > first.goroutines+allowed || now.descriptors > first.descriptors+allowed || now.heap > first.heap+maxHeapGrowth {
		return fmt.Errorf("%s: resource usage grew to %v; in the first phase: %v", what, now, first)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// longest returns the longest duration, or 0 if there is none.
func longest(durations []time.Duration) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	return slices.Max(durations)
}

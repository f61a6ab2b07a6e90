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
	flags.DurationVar(&o.duration, "duration", 10*time.Minute, "how long to run; at least ten intervals")
	flags.DurationVar(&o.interval, "interval", 2*time.Second, "collection interval of the gVisor sandboxes")
	flags.IntVar(&o.steady, "steady", 130, "honest gVisor sandboxes that live as long as the run")
	flags.IntVar(&o.churning, "churning", 50, "honest gVisor sandboxes that are replaced again and again")
	flags.IntVar(&o.hostile, "hostile", 5, "gVisor sandboxes in each hostile mode; stall and trickle have 20")
	flags.IntVar(&o.kata, "kata", 4, "honest Kata pods of each runtime, besides one in each hostile mode")
	flags.Float64Var(&o.churn, "churn", 5, "sandboxes replaced per second")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if o.interval <= 0 || o.duration < 10*o.interval {
		return o, fmt.Errorf("-duration: %v is less than ten intervals of %v", o.duration, o.interval)
	}
	return o, nil
}

// simulation is the mix of sandboxes: honest, replaced and hostile ones.
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
	return simulation{Steady: o.steady, Options: simfleet.Options{
		GVisor: o.churning, Kata: o.kata, KataRust: o.kata, KataRustQEMU: o.kata, Hostile: hostile, Churn: o.churn, Seed: 1,
	}}
}

// A run has four phases. What the last one needs is compared with what the
// first one needed.
const (
	calmShare    = 0.4
	refusalShare = 0.15
	blockedShare = 0.15
)

// strain is what a process needs.
type strain struct {
	goroutines, descriptors int
	heap                    uint64
}

func measureStrain() (strain, error) {
	files, err := descriptors()
	return strain{runtime.NumGoroutine(), files, liveHeap()}, err
}

func (s strain) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MB of heap", s.goroutines, s.descriptors, float64(s.heap)/1e6)
}

func runSoak(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parseSoakFlags(args, stderr)
	if err != nil {
		return err
	}
	simulation := options.simulation()
	_, _ = fmt.Fprintf(stdout, "%s\n%v of: %d steady and %d replaced gVisor sandboxes, %d Kata pods, %d hostile sandboxes in %d modes, interval %v\n",
		machine(), options.duration, options.steady, options.churning, 3*options.kata,
		sum(maps.Values(simulation.Options.Hostile)), len(simulation.Options.Hostile), options.interval)
	report, err := withSimulation(simulation, func(there simulated) error { return soak(ctx, options, there, stdout) })
	_, _ = fmt.Fprintf(stdout, "%d sandboxes were replaced\n", report.Churned)
	errs := []error{err}
	if report.Aborted > 0 {
		errs = append(errs, fmt.Errorf("%d shims were killed by asking them", report.Aborted))
	}
	if report.Strange > 0 {
		errs = append(errs, fmt.Errorf("%d calls were of a kind that no receiver may make", report.Strange))
	}
	if report.Overlaps > 0 {
		errs = append(errs, fmt.Errorf("%d shims were asked twice at once", report.Overlaps))
	}
	// Requests begin when the pull does, and a little later at the shim.
	if least := leastKataInterval * 9 / 10; report.KataGap > 0 && report.KataGap < least {
		errs = append(errs, fmt.Errorf("a shim was asked twice within %v, at least %v are needed", report.KataGap, leastKataInterval))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(stdout, "nothing was lost, nothing was left behind")
	return nil
}

func sum(numbers func(func(int) bool)) (total int) {
	for n := range numbers {
		total += n
	}
	return total
}

// soak runs the receiver through all phases.
func soak(ctx context.Context, options soakOptions, there simulated, stdout io.Writer) error {
	before, err := measureStrain()
	if err != nil {
		return err
	}
	pipe := newPipeline(there.Steady)
	r, err := startReceiver(receiverConfig(there.RuntimeRoot, there.StoragePaths, options.interval), pipe)
	if err != nil {
		return err
	}
	failed := phases(ctx, options, pipe, stdout)

	// The pipeline blocks while the receiver stops.
	pipe.behave(blocks)
	stopping := time.Now()
	failed = errors.Join(failed, r.Shutdown(context.Background()))
	stopped := time.Since(stopping)
	pipe.behave(accepts)
	settle(before.goroutines)
	after, err := measureStrain()
	peak, peakErr := peakMemory("self")
	_, _ = fmt.Fprintf(stdout, "stopped in %v; before: %v; after: %v; peak RSS %.0f MB\n", stopped.Round(time.Millisecond), before, after, float64(peak)/1e6)
	failed = errors.Join(failed, err, peakErr)
	if stopped > mostStop {
		failed = errors.Join(failed, fmt.Errorf("it took %v to stop, at most %v are allowed", stopped, mostStop))
	}
	if after.goroutines > before.goroutines || after.descriptors > before.descriptors {
		failed = errors.Join(failed, fmt.Errorf("something was left behind: before %v, after %v", before, after))
	}
	if peak > mostSoakMemory {
		failed = errors.Join(failed, fmt.Errorf("peak RSS was %d bytes, at most %d are allowed", peak, mostSoakMemory))
	}
	return failed
}

// mostSoakMemory bounds the peak memory of a soak, whatever the hostile
// sandboxes send.
const mostSoakMemory = mostPeakMemory

// phases runs the receiver with a pipeline that accepts, refuses, blocks and
// accepts again. Honest sandboxes must not lose an interval while it takes
// data, and whether it accepts what it takes makes no difference.
func phases(ctx context.Context, options soakOptions, pipe *pipeline, stdout io.Writer) error {
	share := func(part float64) time.Duration { return time.Duration(part * float64(options.duration)) }
	// Two intervals to find all, and for failing sandboxes to fail.
	if err := wait(ctx, 2*options.interval); err != nil {
		return err
	}
	if missing := pipe.missing(); missing > 0 {
		return fmt.Errorf("%d of %d steady sandboxes have not delivered within two intervals", missing, options.steady)
	}

	pipe.begin()
	if err := wait(ctx, share(calmShare)); err != nil {
		return err
	}
	failed := pipe.check("calm", options.interval, stdout)
	first, err := measureStrain()
	failed = errors.Join(failed, err)

	pipe.behave(refuses)
	pipe.begin()
	if err := wait(ctx, share(refusalShare)); err != nil {
		return err
	}
	failed = errors.Join(failed, pipe.check("refusing pipeline", options.interval, stdout))

	pipe.behave(blocks)
	if err := wait(ctx, share(blockedShare)); err != nil {
		return err
	}
	blocked, err := measureStrain()
	failed = errors.Join(failed, err, compare("while the pipeline blocks", first, blocked, mostInFlight, stdout))
	pipe.behave(accepts)
	// What was held up comes now, then all is as before.
	if err := wait(ctx, 2*options.interval); err != nil {
		return err
	}

	pipe.begin()
	if err := wait(ctx, options.duration-share(calmShare)-share(refusalShare)-share(blockedShare)); err != nil {
		return err
	}
	failed = errors.Join(failed, pipe.check("calm again", options.interval, stdout))
	last, err := measureStrain()
	return errors.Join(failed, err, compare("at the end", first, last, fluctuation, stdout))
}

// Allowed growth of goroutines and of descriptors. Each pull under way is one
// of both: while the pipeline blocks, all that may be are; else as many as
// hostile sandboxes happen to hold up.
const (
	mostInFlight = 512
	fluctuation  = 64
)

// allowedHeap is how far the heap may grow, in bytes: what pulls under way have
// read.
const allowedHeap = 32 << 20

// compare fails if there is more growth than allowed.
func compare(what string, first, now strain, allowed int, stdout io.Writer) error {
	_, _ = fmt.Fprintf(stdout, "%s: %v; in the first phase: %v\n", what, now, first)
	if now.goroutines > first.goroutines+allowed || now.descriptors > first.descriptors+allowed || now.heap > first.heap+allowedHeap {
		return fmt.Errorf("%s there are %v, in the first phase there were %v", what, now, first)
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

// worst is the largest of some durations.
func worst(durations []time.Duration) time.Duration {
	if len(durations) == 0 {
		return 0
	}
	return slices.Max(durations)
}

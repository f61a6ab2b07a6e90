package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// benchOptions are the flags of the command bench.
type benchOptions struct {
	gvisor, kata []int
	points       int
	interval     time.Duration
	cycles       int
	naming       string
	profiles     string
	metricServer string
	strict       bool
	// usage is the number of sandboxes with which usage and presets are measured.
	usage int
}

// row is one load and its measured costs.
type row struct {
	gvisor, kata int
	interval     time.Duration
	// persistent is the cost of a client that reads all responses at once over
	// connections that stay open, baseline that of one with the receiver's
	// schedule and a new connection for each response.
	persistent, baseline discardResult
	receiver             receiveResult
	metricServer         *metricServerResult
}

func (r *row) name() string {
	if r.kata > 0 {
		return fmt.Sprintf("%d Kata", r.kata)
	}
	return fmt.Sprintf("%d gVisor", r.gvisor)
}

// upstreamCPU estimates the CPU time of the upstream exporter and its scraper on
// this machine.
func (r *row) upstreamCPU() time.Duration {
	return time.Duration(float64(r.persistent.CPU) * ratio(upstreamCPU, upstreamPersistent))
}

func (r *row) sandboxes() int { return r.gvisor + r.kata }

// minInterval is the minimum of the flag -interval.
const minInterval = 100 * time.Millisecond

func parseBenchFlags(args []string, stderr io.Writer) (o benchOptions, err error) {
	flags := flag.NewFlagSet("load bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	gvisor := flags.String("gvisor", "10,100,1000,5000", "comma-separated numbers of gVisor sandboxes, one measurement each")
	kata := flags.String("kata", "50", "comma-separated numbers of Kata pods, one measurement each")
	flags.IntVar(&o.usage, "usage", referenceLoad,
		"number of gVisor sandboxes with which the cost of usage and of presets is measured; 0 does not measure it")
	flags.IntVar(&o.points, "points", simgvisor.DefaultPoints, "number of points of each gVisor sandbox")
	flags.DurationVar(&o.interval, "interval", 10*time.Second, "collection interval (Kata pods: at least 10s)")
	flags.IntVar(&o.cycles, "cycles", 3, "number of cycles to measure")
	flags.StringVar(&o.naming, "naming", "", "naming of the receiver (default: the receiver's default)")
	flags.StringVar(&o.profiles, "profiles", "", "directory for profiles of CPU time and allocations")
	flags.StringVar(&o.metricServer, "metric-server", os.Getenv("METRIC_SERVER"),
		"path of a runsc whose metric-server is measured too, with up to 1000 sandboxes (default: $METRIC_SERVER)")
	flags.BoolVar(&o.strict, "strict", false, "fail also if a value exceeds a limit that depends on the speed of the machine")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.gvisor, err = parseNumbers("-gvisor", *gvisor); err != nil {
		return o, err
	}
	if o.kata, err = parseNumbers("-kata", *kata); err != nil {
		return o, err
	}
	if o.usage < 0 {
		return o, fmt.Errorf("invalid -usage %d: must not be negative", o.usage)
	}
	if o.cycles < 1 {
		return o, fmt.Errorf("invalid -cycles %d: must be at least 1", o.cycles)
	}
	if o.interval < minInterval {
		return o, fmt.Errorf("invalid -interval %v: must be at least %v", o.interval, minInterval)
	}
	return o, nil
}

// parseNumbers parses a list such as 10,100. The list may be empty.
func parseNumbers(flag, text string) ([]int, error) {
	var numbers []int
	for field := range strings.SplitSeq(text, ",") {
		if field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("invalid number %q in %s: must be an integer above 0", field, flag)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// minKataInterval is the minimum interval between two pulls of a Kata pod.
const minKataInterval = 10 * time.Second

func runBench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parseBenchFlags(args, stderr)
	if err != nil {
		return err
	}
	if options.profiles != "" {
		if err := os.MkdirAll(options.profiles, 0o755); err != nil {
			return err
		}
	}
	var rows []*row
	for _, n := range options.gvisor {
		rows = append(rows, &row{gvisor: n, interval: options.interval})
	}
	for _, n := range options.kata {
		rows = append(rows, &row{kata: n, interval: max(options.interval, minKataInterval)})
	}
	for _, r := range rows {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		_, _ = fmt.Fprintf(stderr, "measuring %s …\n", r.name())
		if err := measureRow(ctx, options, r); err != nil {
			return fmt.Errorf("%s: %w", r.name(), err)
		}
	}
	var variants []*variant
	if options.usage > 0 {
		_, _ = fmt.Fprintf(stderr, "measuring usage and presets with %d gVisor …\n", options.usage)
		if variants, err = measureVariants(ctx, options); err != nil {
			return err
		}
	}
	if len(rows) > 0 {
		printTable(stdout, options, rows)
	}
	printVariants(stdout, options, variants)
	_, _ = fmt.Fprintln(stdout)
	return printChecks(stdout, slices.Concat(checks(rows), variantChecks(variants)), options.strict)
}

// persistentCycles is the number of cycles in which all responses are read over
// persistent connections. It is large because the time of one cycle varies by half.
const persistentCycles = 40

func measureRow(ctx context.Context, options benchOptions, r *row) error {
	simulation := simulation{Options: simfleet.Options{
		GVisor: r.gvisor, Kata: r.kata, Points: options.points, Seed: 1,
		MetricServer: filepath.Join(os.TempDir(), fmt.Sprintf("load-%d.sock", os.Getpid())),
	}}
	report, err := withSimulation(simulation, func(sandboxes simulated) (err error) {
		task := discardTask{GVisor: sandboxes.GVisor, Kata: sandboxes.Kata, Cycles: max(persistentCycles, options.cycles)}
		if r.persistent, err = runChild[discardResult]("discard", task); err != nil {
			return err
		}
		task.Cycles, task.Interval = options.cycles, r.interval
		if r.baseline, err = runChild[discardResult]("discard", task); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		receive := receiveTask{
			RuntimeRoot: sandboxes.RuntimeRoot, StoragePaths: sandboxes.StoragePaths, GVisor: r.gvisor, Kata: r.kata,
			Interval: r.interval, Cycles: options.cycles, Naming: options.naming, Timeout: time.Minute,
			receiverSettings: receiverSettings{ZeroFill: "none"},
		}
		if options.profiles != "" {
			receive.Profile = filepath.Join(options.profiles, strings.ReplaceAll(r.name(), " ", "-"))
		}
		if r.receiver, err = runChild[receiveResult]("receive", receive); err != nil {
			return err
		}
		if options.metricServer != "" && r.gvisor > 0 && r.gvisor <= maxMetricServerLoad {
			r.metricServer, err = measureMetricServer(ctx, options, sandboxes)
		}
		return err
	})
	if err == nil && report.Crashed+report.Forbidden+report.Overlaps > 0 {
		err = fmt.Errorf("receiver harmed sandboxes: %+v", report)
	}
	return err
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

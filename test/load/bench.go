package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
}

// row is one load and what it has cost.
type row struct {
	gvisor, kata int
	interval     time.Duration
	// floor is for reading when the receiver does, and as often connecting; kept
	// for reading all at once over connections that stay open.
	floor, kept floorResult
	receiver    receiveResult
	peer        *peerResult
}

func (r *row) name() string {
	if r.kata > 0 {
		return fmt.Sprintf("%d Kata", r.kata)
	}
	return fmt.Sprintf("%d gVisor", r.gvisor)
}

// peersHere is what the peers would take for the reference load on a machine
// that is as fast as this one.
func (r *row) peersHere() time.Duration {
	return time.Duration(float64(r.kept.CPU) * ratio(peersCPU, peersKept))
}

func (r *row) sandboxes() int { return r.gvisor + r.kata }

func parseBenchFlags(args []string, stderr io.Writer) (o benchOptions, err error) {
	flags := flag.NewFlagSet("load bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	gvisor := flags.String("gvisor", "10,100,1000,5000", "numbers of gVisor sandboxes, one measurement each")
	kata := flags.String("kata", "50", "numbers of Kata pods, one measurement each")
	flags.IntVar(&o.points, "points", simgvisor.DefaultPoints, "points of each gVisor sandbox")
	flags.DurationVar(&o.interval, "interval", 10*time.Second, "collection interval (Kata pods: at least 10s)")
	flags.IntVar(&o.cycles, "cycles", 3, "cycles to measure")
	flags.StringVar(&o.naming, "naming", "", "naming of the receiver (default: its own)")
	flags.StringVar(&o.profiles, "profiles", "", "directory to write profiles of CPU time and allocations to")
	flags.StringVar(&o.metricServer, "metric-server", os.Getenv("METRIC_SERVER"),
		"a runsc whose metric-server to measure on the same load, up to 1000 sandboxes (default: $METRIC_SERVER)")
	flags.BoolVar(&o.strict, "strict", false, "fail also if CPU time is above what must be reached")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag", flags.Arg(0))
	}
	if o.gvisor, err = parseNumbers("-gvisor", *gvisor); err != nil {
		return o, err
	}
	if o.kata, err = parseNumbers("-kata", *kata); err != nil {
		return o, err
	}
	if o.cycles < 1 || o.interval < 100*time.Millisecond {
		return o, errors.New("-cycles must be at least 1 and -interval at least 100ms")
	}
	return o, nil
}

// parseNumbers parses a list like 10,100. An empty text is an empty list.
func parseNumbers(flag, text string) ([]int, error) {
	var numbers []int
	for field := range strings.SplitSeq(text, ",") {
		if field == "" {
			continue
		}
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("%s: %q is no number above 0", flag, field)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// leastKataInterval is how often Kata pods may be asked at most.
const leastKataInterval = 10 * time.Second

func runBench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parseBenchFlags(args, stderr)
	if err != nil {
		return err
	}
	var rows []*row
	for _, n := range options.gvisor {
		rows = append(rows, &row{gvisor: n, interval: options.interval})
	}
	for _, n := range options.kata {
		rows = append(rows, &row{kata: n, interval: max(options.interval, leastKataInterval)})
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
	printTable(stdout, options, rows)
	return printVerdicts(stdout, rows, options.strict)
}

// keptCycles is how often all are read over kept connections, at once: the time
// of one cycle varies by half.
const keptCycles = 40

func measureRow(ctx context.Context, options benchOptions, r *row) error {
	simulation := simulation{Options: simfleet.Options{
		GVisor: r.gvisor, Kata: r.kata, Points: options.points, Seed: 1,
		MetricServer: filepath.Join(os.TempDir(), fmt.Sprintf("load-%d.sock", os.Getpid())),
	}}
	report, err := withSimulation(simulation, func(there simulated) (err error) {
		task := floorTask{GVisor: there.GVisor, Kata: there.Kata, Cycles: max(keptCycles, options.cycles)}
		if r.kept, err = ask[floorResult]("floor", task); err != nil {
			return err
		}
		task.Cycles, task.Interval = options.cycles, r.interval
		if r.floor, err = ask[floorResult]("floor", task); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		receive := receiveTask{
			RuntimeRoot: there.RuntimeRoot, StoragePaths: there.StoragePaths, GVisor: r.gvisor, Kata: r.kata,
			Interval: r.interval, Cycles: options.cycles, Naming: options.naming, Patience: time.Minute,
		}
		if options.profiles != "" {
			if err := os.MkdirAll(options.profiles, 0o755); err != nil {
				return err
			}
			receive.Profile = filepath.Join(options.profiles, strings.ReplaceAll(r.name(), " ", "-"))
		}
		if r.receiver, err = ask[receiveResult]("receive", receive); err != nil {
			return err
		}
		if options.metricServer != "" && r.gvisor > 0 && r.gvisor <= mostForPeer {
			r.peer, err = measurePeer(ctx, options, there)
		}
		return err
	})
	if err == nil && report.Aborted+report.Strange+report.Overlaps > 0 {
		err = fmt.Errorf("sandboxes were harmed: %+v", report)
	}
	return err
}

// verdict is one figure that has to be reached.
type verdict struct {
	what  string
	got   float64
	limit float64
	unit  string
	// noisy figures depend on what else the machine does.
	noisy bool
}

func (v verdict) met() bool { return v.got <= v.limit }

// What the peers, runsc metric-server and a collector's Prometheus receiver, took
// for a cycle of the reference load, and what reading it over kept connections
// took on the same machine. It is the measure of how fast this machine is.
const (
	peersCPU  = 2080 * time.Millisecond
	peersKept = 20 * time.Millisecond
)

// Figures that must be reached. A twentieth of what the peers take is 5.2 times
// reading over kept connections.
const (
	mostOverFloor       = 5
	mostPeakMemory      = 120 << 20
	mostHeapPerSandbox  = 10 << 10
	mostAllocsPerPoint  = 0.2
	mostFirstCycle      = 2 * time.Second
	mostKataCPUPerCycle = 50 * time.Millisecond
	mostStop            = 2 * time.Second
)

// fewestPoints is how many points a cycle must have for the allocations of
// one to be told from those of all that runs in any case.
const fewestPoints = 30_000

// referenceLoad is the load that the figures are about.
const referenceLoad = 1000

// verdicts lists what the rows have to reach.
func verdicts(rows []*row) []verdict {
	var all []verdict
	heap := heapPerSandbox(rows)
	for _, r := range rows {
		got := &r.receiver
		add := func(what string, value, limit float64, unit string, noisy bool) {
			all = append(all, verdict{r.name() + ": " + what, value, limit, unit, noisy})
		}
		add("sandboxes that never delivered", float64(got.Missing), 0, "", false)
		add("goroutines left after the stop", float64(got.Goroutines), 0, "", false)
		add("descriptors left after the stop", float64(got.Descriptors), 0, "", false)
		add("time to stop", got.Stop.Seconds(), mostStop.Seconds(), "s", true)
		// A few sandboxes cannot make up for what runs in any case.
		if got.Points >= fewestPoints {
			add("allocations per point beyond pdata's own", got.Allocations-got.PDataAllocations, mostAllocsPerPoint, "", false)
		}
		if per, known := heap[r]; known {
			add("heap per sandbox", per, mostHeapPerSandbox, "bytes", false)
		}
		if r.sandboxes() <= referenceLoad {
			add("peak memory", float64(got.PeakMemory)/(1<<20), mostPeakMemory/(1<<20), "MiB", false)
		}
		if r.gvisor == referenceLoad {
			add("CPU per cycle, in floors over kept connections", ratio(got.CPU, r.kept.CPU), mostOverFloor, "×", true)
			add("CPU per cycle, in floors", ratio(got.CPU, r.floor.CPU), mostOverFloor, "×", true)
			add("start until all have delivered", got.First.Seconds(), mostFirstCycle.Seconds(), "s", true)
		}
		if r.kata > 0 && r.kata <= 50 {
			add("CPU per cycle", ms(got.CPU), ms(mostKataCPUPerCycle), "ms", true)
		}
	}
	return all
}

// heapPerSandbox is what each further gVisor sandbox costs, compared with the
// smallest of the loads, so that what all share does not count.
func heapPerSandbox(rows []*row) map[*row]float64 {
	var smallest *row
	for _, r := range rows {
		if r.kata == 0 && r.receiver.Heap > 0 && (smallest == nil || r.gvisor < smallest.gvisor) {
			smallest = r
		}
	}
	per := make(map[*row]float64)
	for _, r := range rows {
		if r.kata > 0 || r.receiver.Heap == 0 || r.gvisor < 10*cmp.Or(smallest, r).gvisor {
			continue
		}
		per[r] = (float64(r.receiver.Heap) - float64(smallest.receiver.Heap)) / float64(r.gvisor-smallest.gvisor)
	}
	return per
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(max(b, 1)) }

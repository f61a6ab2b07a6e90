package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// chainOptions are the flags of the command chain.
type chainOptions struct {
	sandboxes    []int
	chains       []string
	points       int
	interval     time.Duration
	cycles       int
	naming       string
	collector    string
	metricServer string
}

// chainRow is one load and chain with its measured costs.
type chainRow struct {
	sandboxes int
	chain     *chain
	result    chainResult
	// skipped is the reason why the chain was not measured.
	skipped string
}

func parseChainFlags(args []string, stderr io.Writer) (o chainOptions, err error) {
	flags := flag.NewFlagSet("load chain", flag.ContinueOnError)
	flags.SetOutput(stderr)
	sandboxes := flags.String("sandboxes", "100,1000,5000", "comma-separated numbers of gVisor sandboxes")
	names := strings.Join(chainNames(), ",")
	chains := flags.String("chains", names, "comma-separated chains to measure")
	flags.IntVar(&o.points, "points", simgvisor.DefaultPoints, "number of points of each sandbox")
	flags.DurationVar(&o.interval, "interval", 10*time.Second, "collection interval, and the time between two scrapes")
	flags.IntVar(&o.cycles, "cycles", 3, "number of cycles to measure")
	flags.StringVar(&o.naming, "naming", "otel", "naming of the receiver: otel or prometheus")
	flags.StringVar(&o.collector, "collector", "_build/otelcol-sandbox", "path of the Collector to measure")
	flags.StringVar(&o.metricServer, "metric-server", os.Getenv("METRIC_SERVER"),
		"path of a runsc whose metric-server is measured too, with up to 1000 sandboxes (default: $METRIC_SERVER)")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.sandboxes, err = parseNumbers("-sandboxes", *sandboxes); err != nil {
		return o, err
	}
	for name := range strings.SplitSeq(*chains, ",") {
		if !slices.Contains(chainNames(), name) {
			return o, fmt.Errorf("invalid chain %q in -chains: must be one of %s", name, names)
		}
		o.chains = append(o.chains, name)
	}
	if o.naming != "otel" && o.naming != "prometheus" {
		return o, fmt.Errorf("invalid -naming %q: must be one of otel, prometheus", o.naming)
	}
	if o.cycles < 1 {
		return o, fmt.Errorf("invalid -cycles %d: must be at least 1", o.cycles)
	}
	if o.interval < time.Second {
		return o, fmt.Errorf("invalid -interval %v: must be at least 1s", o.interval)
	}
	return o, nil
}

// runChain measures a Collector with the receiver and an exporter.
func runChain(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	options, err := parseChainFlags(args, stderr)
	if err != nil {
		return err
	}
	if _, err := os.Stat(options.collector); err != nil {
		_, _ = fmt.Fprintf(stdout, "skipped the whole chain: %v; build the Collector with `make collector`\n", err)
		return nil
	}
	built, err := builtExporters(ctx, options.collector)
	if err != nil {
		return err
	}
	var rows []*chainRow
	for _, n := range options.sandboxes {
		measured, failed := measureChains(ctx, options, built, n, stderr)
		rows = append(rows, measured...)
		if failed != nil {
			err = fmt.Errorf("%d gVisor: %w", n, failed)
			break
		}
	}
	// A failure does not discard earlier measurements, which take minutes.
	printChains(stdout, options, rows)
	return err
}

// measureChains measures all chains with one load, one after the other and on the
// same sandboxes.
func measureChains(ctx context.Context, options chainOptions, built []string, count int, stderr io.Writer) (rows []*chainRow, err error) {
	simulation := simulation{Options: simfleet.Options{
		GVisor: count, Points: options.points, Seed: 1,
		MetricServer: filepath.Join(os.TempDir(), fmt.Sprintf("load-%d.sock", os.Getpid())),
	}}
	report, err := withSimulation(simulation, func(sandboxes simulated) error {
		for _, c := range newChains() {
			if !slices.Contains(options.chains, c.name) {
				continue
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			_, _ = fmt.Fprintf(stderr, "measuring %d gVisor → %s …\n", count, c.name)
			r := &chainRow{sandboxes: count, chain: c}
			if err := r.measure(ctx, options, built, sandboxes); err != nil {
				return fmt.Errorf("→ %s: %w", c.name, err)
			}
			rows = append(rows, r)
		}
		return nil
	})
	if err == nil && report.Forbidden > 0 {
		err = fmt.Errorf("receiver harmed sandboxes: %+v", report)
	}
	return rows, err
}

// measure measures the chain, unless something that it needs is missing.
func (r *chainRow) measure(ctx context.Context, options chainOptions, built []string, sandboxes simulated) error {
	if r.chain.name == upstreamChain {
		switch {
		case options.metricServer == "":
			r.skipped = "no -metric-server"
		case r.sandboxes > maxMetricServerLoad:
			r.skipped = fmt.Sprintf("only with up to %d sandboxes", maxMetricServerLoad)
		default:
			return r.measureUpstream(ctx, options, sandboxes)
		}
		return nil
	}
	if r.chain = r.chain.choose(built); !slices.Contains(built, r.chain.exporter) {
		r.skipped = "not in this build"
		return nil
	}
	err := r.measureCollector(ctx, options, sandboxes)
	if errors.Is(err, errSlowScrape) {
		r.skipped = errSlowScrape.Error()
		return nil
	}
	return err
}

func (r *chainRow) measureUpstream(ctx context.Context, options chainOptions, sandboxes simulated) error {
	bench := benchOptions{metricServer: options.metricServer, cycles: options.cycles}
	got, err := measureMetricServer(ctx, bench, sandboxes)
	if err != nil {
		return err
	}
	r.result = chainResult{CPU: got.CPU, Scrape: got.Wall, Series: got.Samples, PeakMemory: got.PeakMemory}
	return nil
}

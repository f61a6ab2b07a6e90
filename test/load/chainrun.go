package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// chainResult is the cost of a chain. A cycle is a collection interval.
type chainResult struct {
	// CPU is the CPU time of the Collector per cycle.
	CPU time.Duration
	// PeakMemory is the peak memory of the Collector.
	PeakMemory int64
	// Scrape is the median duration of a scrape.
	Scrape time.Duration
	// Bytes is the size of a page. Compressed is its size with gzip, or the number of
	// bytes that the exporter sends per cycle. Series is the number of series of a page.
	Bytes, Compressed int64
	Series            int
	// Pulls is the number of successful pulls per cycle, Points the number of points
	// that the receiver passed on.
	Pulls, Points float64
}

// firstCycleTimeout limits the time until every sandbox has delivered.
const firstCycleTimeout = time.Minute

// measureCollector runs the Collector with the configuration of the chain.
func (r *chainRow) measureCollector(ctx context.Context, options chainOptions, sandboxes simulated) (failed error) {
	sink, err := startExportSink(r.chain.exporter)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, sink.stop()) }()
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	config := chainConfig{
		chain: r.chain, runtimeRoot: sandboxes.RuntimeRoot, interval: options.interval, naming: options.naming,
		sink: sink.address(), page: net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0])), telemetryPort: ports[1],
	}
	collector, err := startCollector(ctx, options.collector, config)
	if err != nil {
		return err
	}
	defer func() { failed = errors.Join(failed, collector.stop()) }()
	if err := collector.awaitPulls(ctx, r.sandboxes, firstCycleTimeout+options.interval); err != nil {
		return err
	}
	cycles := chainCycles{collector: collector, interval: options.interval}
	if r.chain.scraped {
		cycles.page = "http://" + config.page + "/metrics"
	}
	// The first cycle is not spread over the interval, and the first scrape allocates
	// memory that later ones reuse, so neither is measured.
	if _, err := cycles.run(ctx, 1); err != nil {
		return err
	}
	return r.measureCycles(ctx, options, sink, &cycles)
}

// measureCycles measures cycles of a Collector that has delivered all sandboxes.
func (r *chainRow) measureCycles(ctx context.Context, options chainOptions, sink *exportSink, cycles *chainCycles) error {
	collector := cycles.collector
	pid := collector.command.Process.Pid
	before, err := collector.readTelemetry(ctx)
	if err != nil {
		return err
	}
	received := sink.received.Load()
	// Reading the telemetry is not measured.
	cpu, err := processCPUTime(pid)
	if err != nil {
		return err
	}
	started := time.Now()
	scrapes, err := cycles.run(ctx, options.cycles)
	if err != nil {
		return err
	}
	// A scrape may take longer than the interval.
	n := float64(time.Since(started)) / float64(options.interval)
	used, err := processCPUTime(pid)
	if err != nil {
		return err
	}
	r.result.CPU = time.Duration(float64(used-cpu) / n)
	r.result.Compressed = int64(float64(sink.received.Load()-received) / n)
	if r.result.PeakMemory, err = peakMemory(strconv.Itoa(pid)); err != nil {
		return err
	}
	after, err := collector.readTelemetry(ctx)
	if err != nil {
		return err
	}
	r.result.Pulls, r.result.Points = (after.pulls-before.pulls)/n, (after.points-before.points)/n
	if after.lost > 0 {
		return fmt.Errorf("pipeline lost %.0f points", after.lost)
	}
	if !r.chain.scraped {
		return nil
	}
	return r.useScrapes(scrapes)
}

// minPageSeries is the minimum number of series of a sandbox on a page, which has many
// more of a sandbox that was pulled.
const minPageSeries = 15

// useScrapes keeps the costs of the scrapes, and returns an error if a page does
// not contain all sandboxes.
func (r *chainRow) useScrapes(scrapes []page) error {
	var durations []time.Duration
	for _, p := range scrapes {
		durations = append(durations, p.duration)
	}
	last := scrapes[len(scrapes)-1]
	r.result.Scrape = median(durations)
	r.result.Bytes, r.result.Compressed, r.result.Series = last.bytes, last.compressed, last.series
	if last.series < minPageSeries*r.sandboxes {
		return fmt.Errorf("page has %d series, want at least %d for %d sandboxes", last.series, minPageSeries*r.sandboxes, r.sandboxes)
	}
	return nil
}

// errSlowScrape is returned if a scrape exceeds scrapeTimeout. On a busy machine,
// that is a result and not a failure.
var errSlowScrape = fmt.Errorf("a scrape took more than %v", scrapeTimeout)

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// chainCycles lets cycles of a Collector pass.
type chainCycles struct {
	collector *collector
	interval  time.Duration
	// page is the URL that is scraped once per cycle, if there is one.
	page string
}

// run lets a number of cycles pass and returns the scrapes. If a scrape takes
// longer than the interval, the next one follows immediately.
func (c *chainCycles) run(ctx context.Context, cycles int) (scrapes []page, err error) {
	client := &http.Client{Timeout: scrapeTimeout, Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	tick := time.NewTicker(c.interval)
	defer tick.Stop()
	for range cycles {
		if c.page != "" {
			scraped, err := scrapePage(ctx, client, c.page)
			if timedOut(err) && ctx.Err() == nil {
				return nil, errSlowScrape
			}
			if err != nil {
				return nil, errors.Join(err, c.collector.output.failure())
			}
			scrapes = append(scrapes, scraped)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		case err := <-c.collector.ended:
			return nil, c.collector.exited(err)
		}
	}
	return scrapes, nil
}

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// metricServerResult is the cost of runsc metric-server.
type metricServerResult struct {
	// First is the duration of the first scrape. CPU and Wall are the mean CPU
	// time and duration of the scrapes after it.
	First, CPU, Wall time.Duration
	Samples          int
	PeakMemory       int64
}

// maxMetricServerLoad is the largest number of sandboxes for which the metric
// server is measured: its first scrape takes more than linear time.
const maxMetricServerLoad = 1000

// scrapeTimeout limits the duration of a scrape.
const scrapeTimeout = 2 * time.Minute

// measureMetricServer runs `runsc metric-server` on the same sandboxes, which
// were started with the address that it listens on, and scrapes it.
func measureMetricServer(ctx context.Context, options benchOptions, sandboxes simulated) (result *metricServerResult, failed error) {
	command := exec.CommandContext(ctx, options.metricServer,
		"--root="+sandboxes.RuntimeRoot, "--metric-server="+sandboxes.MetricServer, "metric-server")
	if err := command.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	defer func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(5*time.Second, func() { _ = command.Process.Kill() })
		<-ended
		timer.Stop()
	}()
	client := &http.Client{
		Timeout: scrapeTimeout,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", sandboxes.MetricServer)
		}},
	}
	defer client.CloseIdleConnections()
	if err := awaitHealthy(ctx, client, ended); err != nil {
		return nil, err
	}
	result = &metricServerResult{}
	started := time.Now()
	if _, err := scrape(ctx, client); err != nil {
		return nil, err
	}
	result.First = time.Since(started)
	before, err := processCPUTime(command.Process.Pid)
	if err != nil {
		return nil, err
	}
	started = time.Now()
	for range options.cycles {
		if result.Samples, err = scrape(ctx, client); err != nil {
			return nil, err
		}
	}
	result.Wall = time.Since(started) / time.Duration(options.cycles)
	after, err := processCPUTime(command.Process.Pid)
	result.CPU = (after - before) / time.Duration(options.cycles)
	if err == nil {
		result.PeakMemory, err = peakMemory(strconv.Itoa(command.Process.Pid))
	}
	return result, err
}

// awaitHealthy waits until the metric server responds.
func awaitHealthy(ctx context.Context, client *http.Client, ended chan error) error {
	for range 100 {
		response, err := get(ctx, client, "/runsc-metrics/healthcheck")
		if err == nil {
			return response.Body.Close()
		}
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("metric server exited: %w", errors.Join(err))
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("runsc metric-server did not respond within 10 s: check the path in -metric-server")
}

func get(ctx context.Context, client *http.Client, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://metric-server"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	return client.Do(request)
}

// scrape fetches /metrics and returns the number of samples.
func scrape(ctx context.Context, client *http.Client) (samples int, err error) {
	response, err := get(ctx, client, "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("metric server responded with %s", response.Status)
	}
	lines := bufio.NewReaderSize(response.Body, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 1 && line[0] != '#' {
			samples++
		}
		if errors.Is(err, io.EOF) {
			return samples, nil
		}
		if err != nil {
			return samples, err
		}
	}
}

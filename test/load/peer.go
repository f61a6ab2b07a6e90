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

// peerResult is what runsc's own exporter costs.
type peerResult struct {
	// First is the first scrape; CPU and Wall are those of one scrape after
	// it.
	First, CPU, Wall time.Duration
	Samples          int
	PeakMemory       int64
}

// mostForPeer is the largest load that the peer is measured on: its first
// scrape grows faster than the load.
const mostForPeer = 1000

// peerPatience bounds one scrape.
const peerPatience = 2 * time.Minute

// measurePeer runs `runsc metric-server` over the same sandboxes and scrapes
// it. They were started with the address that it listens on.
func measurePeer(ctx context.Context, options benchOptions, there simulated) (result *peerResult, failed error) {
	command := exec.CommandContext(ctx, options.metricServer,
		"--root="+there.RuntimeRoot, "--metric-server="+there.MetricServer, "metric-server")
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
		Timeout: peerPatience,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", there.MetricServer)
		}},
	}
	defer client.CloseIdleConnections()
	if err := awaitPeer(ctx, client, ended); err != nil {
		return nil, err
	}
	result = &peerResult{}
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

// awaitPeer waits until the metric server answers at all.
func awaitPeer(ctx context.Context, client *http.Client, ended chan error) error {
	for range 100 {
		response, err := get(ctx, client, "/runsc-metrics/healthcheck")
		if err == nil {
			return response.Body.Close()
		}
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("the metric server has ended: %w", errors.Join(err))
		case <-time.After(100 * time.Millisecond):
		}
	}
	return errors.New("the metric server does not answer")
}

func get(ctx context.Context, client *http.Client, path string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://metric-server"+path, http.NoBody)
	if err != nil {
		return nil, err
	}
	return client.Do(request)
}

// scrape reads one page and counts its samples.
func scrape(ctx context.Context, client *http.Client) (samples int, err error) {
	response, err := get(ctx, client, "/metrics")
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("the metric server answers %s", response.Status)
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

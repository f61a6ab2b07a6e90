package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"
)

// builtExporters returns the types of the exporters in a Collector.
func builtExporters(ctx context.Context, program string) (types []string, err error) {
	output, err := exec.CommandContext(ctx, program, "components").Output()
	if err != nil {
		return nil, fmt.Errorf("list the components of %s: %w", program, err)
	}
	var components struct {
		Exporters []struct{ Name string }
	}
	if err := yaml.Unmarshal(output, &components); err != nil {
		return nil, fmt.Errorf("list the components of %s: %w", program, err)
	}
	for _, exporter := range components.Exporters {
		types = append(types, exporter.Name)
	}
	return types, nil
}

// collector is a running Collector.
type collector struct {
	command   *exec.Cmd
	directory string
	telemetry string
	client    *http.Client
	output    *boundedOutput
	// ended receives the error of the process when it has exited.
	ended chan error
}

// startCollector starts a Collector. It does not wait until it is ready.
func startCollector(ctx context.Context, program string, config chainConfig) (*collector, error) {
	text, err := config.encode()
	if err != nil {
		return nil, err
	}
	directory, err := os.MkdirTemp("", "chain-")
	if err != nil {
		return nil, err
	}
	path := filepath.Join(directory, "config.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	c := &collector{
		command: exec.CommandContext(ctx, program, "--config", path), directory: directory, output: &boundedOutput{},
		telemetry: fmt.Sprintf("http://127.0.0.1:%d/metrics", config.telemetryPort),
		client:    &http.Client{Timeout: scrapeTimeout, Transport: &http.Transport{}}, ended: make(chan error, 1),
	}
	c.command.Stdout, c.command.Stderr = c.output, c.output
	if err := c.command.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	go func() { c.ended <- c.command.Wait() }()
	return c, nil
}

// stop stops the Collector and removes its files. A Collector that does not stop
// in time is killed, which is not an error: on a busy machine, an exporter may take
// long to flush its queue. Neither is one that the kernel kills because memory ran out:
// everything was measured before.
func (c *collector) stop() error {
	c.client.CloseIdleConnections()
	_ = c.command.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(childTimeout, func() { _ = c.command.Process.Kill() })
	defer timer.Stop()
	err := <-c.ended
	if killed(err) {
		err = nil
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("stop the Collector: %w", err), c.output.failure())
	}
	return errors.Join(err, os.RemoveAll(c.directory))
}

// killed reports whether err is that of a process that was killed.
func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// exited returns an error for a Collector that exited although it was not stopped.
func (c *collector) exited(err error) error {
	c.ended <- nil // for stop
	return errors.Join(errors.New("the Collector exited unexpectedly"), err, c.output.failure())
}

// awaitPulls waits until the number of successful pulls is that of the sandboxes.
func (c *collector) awaitPulls(ctx context.Context, sandboxes int, timeout time.Duration) error {
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for {
		now, err := c.readTelemetry(ctx)
		if err == nil && now.pulls >= float64(sandboxes) {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return ctx.Err()
		case failed := <-c.ended:
			return c.exited(failed)
		case <-deadline.C:
			return errors.Join(fmt.Errorf("pulled %.0f of %d sandboxes within %v", now.pulls, sandboxes, timeout), err, c.output.failure())
		}
	}
}

// collectorTelemetry are the totals that a Collector reports about itself.
type collectorTelemetry struct {
	// pulls are successful pulls, points those that the receiver passed on, lost
	// those that the pipeline refused or the exporter could not send.
	pulls, points, lost float64
}

func (c *collector) readTelemetry(ctx context.Context) (now collectorTelemetry, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.telemetry, http.NoBody)
	if err != nil {
		return now, err
	}
	response, err := c.client.Do(request)
	if err != nil {
		return now, err
	}
	defer response.Body.Close()
	_, err = forEachLine(response.Body, func(line []byte) { now.add(string(line)) })
	return now, err
}

// add adds the value of a line of the Prometheus text format.
//
//	otelcol_receiver_sandbox_pulls{outcome="ok",receiver="sandbox",runtime="gvisor"} 56
func (t *collectorTelemetry) add(line string) {
	name, _, _ := strings.Cut(line, "{")
	var total *float64
	switch strings.TrimSuffix(name, "_total") {
	case "otelcol_receiver_sandbox_pulls":
		if strings.Contains(line, `outcome="ok"`) {
			total = &t.pulls
		}
	case "otelcol_receiver_accepted_metric_points":
		total = &t.points
	case "otelcol_receiver_refused_metric_points", "otelcol_exporter_send_failed_metric_points",
		"otelcol_exporter_enqueue_failed_metric_points":
		total = &t.lost
	}
	if total == nil {
		return
	}
	if value, err := strconv.ParseFloat(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]), 64); err == nil {
		*total += value
	}
}

// boundedOutput keeps the end of the output of a process.
type boundedOutput struct {
	mu   sync.Mutex
	text []byte
}

// maxOutput is the number of bytes that a boundedOutput keeps.
const maxOutput = 4 << 10

func (o *boundedOutput) Write(data []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text = append(o.text, data...)
	if excess := len(o.text) - maxOutput; excess > 0 {
		o.text = append(o.text[:0], o.text[excess:]...)
	}
	return len(data), nil
}

// failure returns the output as an error, or nil if there is none.
func (o *boundedOutput) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if text := bytes.TrimSpace(o.text); len(text) > 0 {
		return fmt.Errorf("output of the Collector: %s", text)
	}
	return nil
}

package main

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A fake Collector behaves like one that delivers fakeSandboxes, unless
// fakeVariable names a failure.
const (
	fakeVariable  = "LOAD_TEST_FAILURE"
	fakeSandboxes = 3
	failStart     = "start"
	failPage      = "page"
	failSend      = "send"
	failLater     = "later"
	// killedAtStop and failAtStop are ways to end after SIGTERM.
	killedAtStop = "killed"
	failAtStop   = "stop"
)

// fakeCollector is a program that behaves like a Collector.
const fakeCollector = `#!/bin/sh
exec "$LOAD_TEST_BINARY" child collector "$@"
`

// writeFakeCollector returns the path of a fake Collector.
func writeFakeCollector(t *testing.T, failure string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	t.Setenv("LOAD_TEST_BINARY", self)
	t.Setenv(fakeVariable, failure)
	program := filepath.Join(t.TempDir(), "otelcol")
	require.NoError(t, os.WriteFile(program, []byte(fakeCollector), 0o700))
	return program
}

// runFakeCollector is the fake Collector. It returns the exit code.
func runFakeCollector(args []string) int {
	if args[0] == "components" {
		fmt.Print("buildinfo:\n    command: otelcol\nexporters:\n    - name: nop\n      module: m v1\n    - name: prometheus\n")
		return 0
	}
	if os.Getenv(fakeVariable) == failStart {
		fmt.Fprintln(os.Stderr, "invalid configuration")
		return 1
	}
	if err := serveFakeCollector(args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func serveFakeCollector(path string) error {
	var config struct {
		Exporters map[string]struct{ Endpoint string }
		Service   struct {
			Telemetry struct {
				Metrics struct {
					Readers []struct {
						Pull struct {
							Exporter struct{ Prometheus struct{ Port int } }
						}
					}
				}
			}
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &config); err != nil {
		return err
	}
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM)
	failed := make(chan error, 2)
	serve := func(address string, handler http.HandlerFunc) {
		failed <- http.ListenAndServe(address, handler) //nolint:gosec // a test
	}
	go serve(fmt.Sprintf("127.0.0.1:%d", config.Service.Telemetry.Metrics.Readers[0].Pull.Exporter.Prometheus.Port), fakeTelemetry())
	if endpoint := config.Exporters[stockChain].Endpoint; endpoint != "" {
		go serve(endpoint, serveFakeSeries)
	}
	select {
	case <-stopped:
		return stopFakeCollector()
	case err := <-failed:
		return err
	}
}

func stopFakeCollector() error {
	switch os.Getenv(fakeVariable) {
	case killedAtStop:
		return errors.Join(syscall.Kill(os.Getpid(), syscall.SIGKILL), <-make(chan error))
	case failAtStop:
		return errors.New("failed to stop")
	}
	return nil
}

// fakeTelemetry reports pulls of all sandboxes with each request.
func fakeTelemetry() http.HandlerFunc {
	pulls, lost := 0, 0
	return func(w http.ResponseWriter, _ *http.Request) {
		pulls += fakeSandboxes
		switch os.Getenv(fakeVariable) {
		case failSend:
			lost++
		case failLater:
			if pulls > fakeSandboxes {
				fmt.Fprintln(os.Stderr, "failed later")
				os.Exit(1)
			}
		}
		_, _ = fmt.Fprintf(w, "# TYPE otelcol_receiver_sandbox_pulls counter\n"+
			"otelcol_receiver_sandbox_pulls{outcome=\"ok\",runtime=\"gvisor\"} %d\n"+
			"otelcol_receiver_sandbox_pulls{outcome=\"timeout\",runtime=\"gvisor\"} 1000\n"+
			"otelcol_receiver_accepted_metric_points_total{receiver=\"sandbox\"} %d\n"+
			"otelcol_exporter_send_failed_metric_points{exporter=\"x\"} %d\n", pulls, 60*pulls, lost)
	}
}

func serveFakeSeries(w http.ResponseWriter, _ *http.Request) {
	series := 60 * fakeSandboxes
	if os.Getenv(fakeVariable) == failPage {
		series = fakeSandboxes
	}
	w.Header().Set("Content-Encoding", "gzip")
	compressed := gzip.NewWriter(w)
	_, failed := compressed.Write([]byte(strings.Repeat("a{b=\"c\"} 1\n", series)))
	_ = errors.Join(failed, compressed.Close())
}

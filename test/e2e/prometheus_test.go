//go:build linux

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// startPrometheus starts a Prometheus that scrapes the targets every second, and
// returns its URL.
func startPrometheus(t *testing.T, targets ...string) string {
	t.Helper()
	directory := t.TempDir()
	config := filepath.Join(directory, "prometheus.yml")
	text := fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: sandboxes
    honor_labels: true
    static_configs: [{targets: ["%s"]}]
`, strings.Join(targets, `", "`))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	address := process.FreeAddress(t)
	process.Start(t, []string{
		process.Installed(t, "prometheus"),
		"--config.file=" + config,
		"--storage.tsdb.path=" + filepath.Join(directory, "data"),
		"--web.listen-address=" + address,
	})
	return "http://" + address
}

// vector is the response of Prometheus to an instant query.
type vector struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Result []struct {
			Metric map[string]string  `json:"metric"`
			Value  [2]json.RawMessage `json:"value"`
			// Values are all values, if the expression selects a range.
			Values [][2]json.RawMessage `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

// query returns the value of the only series that an expression selects.
func query(server, expression string) (float64, error) {
	result, err := queryVector(server, expression)
	if err != nil {
		return 0, err
	}
	if n := len(result.Data.Result); n != 1 {
		return 0, fmt.Errorf("%s selects %d series, want 1", expression, n)
	}
	var text string
	if err := json.Unmarshal(result.Data.Result[0].Value[1], &text); err != nil {
		return 0, err
	}
	return strconv.ParseFloat(text, 64)
}

// queryVector returns all series that an expression selects.
func queryVector(server, expression string) (result vector, err error) {
	client := &http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(server + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		return vector{}, err
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&result); err != nil {
		return vector{}, err
	}
	if result.Status != "success" {
		return vector{}, errors.New(result.Error)
	}
	return result, nil
}

func eventuallyQuery(t *testing.T, server, expression string, want float64) {
	t.Helper()
	process.Eventually(t, collector.Timeout, func() error {
		got, err := query(server, expression)
		if err == nil && got != want {
			err = fmt.Errorf("%s is %v, want %v", expression, got, want)
		}
		return err
	})
}

// Prometheus scrapes the values that runsc exports from the page that replaces
// runsc metric-server, with either exporter.
func TestPrometheusScrapesCompatiblePage(t *testing.T) {
	runtime := runsc.New(t)
	sandbox := runtime.Start(runsc.Container{ID: "web", Script: runsc.Idle, MetricServer: metricServer})
	sandbox.Pause()
	defer sandbox.Resume()
	exported := sandbox.ExportSettled()
	for _, served := range startBoth(t, compatibleRoot(runtime)) {
		server := startPrometheus(t, served.Address)
		for key, series := range exported {
			eventuallyQuery(t, server, key, series.Value)
		}
		eventuallyQuery(t, server, `up{job="sandboxes"}`, 1)
	}
}

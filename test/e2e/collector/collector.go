//go:build linux

// Package collector runs the Collectors that make collector and make collector-full build
// in _build.
package collector

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Timeout limits how long tests wait for a Collector: for its start, a first pull
// or the arrival of its data. It leaves room for a busy machine.
const Timeout = 60 * time.Second

// Collector is a running Collector.
type Collector struct {
	*process.Process
}

// Start starts a Collector and waits until it is ready. Each configuration is
// either the path of a file or YAML of several lines; later ones override earlier
// ones. Internal telemetry is off unless a configuration enables it.
func Start(t *testing.T, configs ...string) *Collector {
	t.Helper()
	return StartWith(t, nil, configs...)
}

// StartWith is like [Start], with options of the process.
func StartWith(t *testing.T, options []process.Option, configs ...string) *Collector {
	t.Helper()
	return start(t, "otelcol-sandbox", options, configs...)
}

// StartFull is like [StartWith], with the Collector for production.
func StartFull(t *testing.T, options []process.Option, configs ...string) *Collector {
	t.Helper()
	return start(t, "full/otelcol-sandbox", options, configs...)
}

func start(t *testing.T, program string, options []process.Option, configs ...string) *Collector {
	t.Helper()
	command := []string{
		process.Built(t, program),
		"--config", "yaml:service::telemetry::metrics::level: none",
		"--config", "yaml:service::telemetry::logs::disable_stacktrace: true",
	}
	for i, config := range configs {
		if strings.Contains(config, "\n") {
			path := filepath.Join(t.TempDir(), fmt.Sprintf("%d.yaml", i))
			if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
				t.Fatal(err)
			}
			config = path
		}
		command = append(command, "--config", config)
	}
	c := &Collector{process.Start(t, command, options...)}
	process.Eventually(t, Timeout, func() error {
		if err := c.Running(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(c.Output(), "Everything is ready") {
			return fmt.Errorf("collector is not ready:\n%s", c.Output())
		}
		return nil
	})
	return c
}

// Page is a page of metrics that a Collector serves.
type Page struct {
	// Address is the host and port of the endpoint.
	Address string
	t       *testing.T
}

// NewPage returns a page at a free address, where the caller configures the
// Collector to serve it.
func NewPage(t *testing.T) *Page {
	t.Helper()
	return &Page{Address: process.FreeAddress(t), t: t}
}

// Get fetches the page.
func (p *Page) Get() (page.Page, error) {
	return page.Get("http://" + p.Address + "/metrics")
}

// Eventually fetches the page until check returns nil.
func (p *Page) Eventually(check func(page.Page) error) {
	p.t.Helper()
	process.Eventually(p.t, Timeout, func() error {
		got, err := p.Get()
		if err != nil {
			return err
		}
		return check(got)
	})
}

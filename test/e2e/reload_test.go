//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// reloaded is a Collector whose configuration file changes.
type reloaded struct {
	*collector.Collector
	t      *testing.T
	file   string
	served *collector.Page
	loads  int
}

// configure writes a configuration with these receivers for simulated sandboxes.
func (r *reloaded) configure(simulated *simulation, receivers ...string) {
	r.t.Helper()
	text := "receivers:\n"
	for _, name := range receivers {
		text += fmt.Sprintf(`  %s:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    gvisor: {roots: [%q]}
    kata: {storage_paths: [%q]}
`, name, simulated.root, filepath.Join(simulated.storage, "vc/sbs"))
	}
	text += fmt.Sprintf(`
exporters:
  prometheus_scrape: {endpoint: %q, without_scope_info: true, resource_to_telemetry_conversion: {enabled: true}, metric_expiration: 1h}
service:
  pipelines:
    metrics: {receivers: [%s], exporters: [prometheus_scrape]}
    metrics/again: {receivers: [%s], exporters: [prometheus_scrape]}
`, r.served.Address, strings.Join(receivers, ", "), receivers[0])
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// reload sends SIGHUP and waits until the new configuration is in use.
func (r *reloaded) reload() {
	r.t.Helper()
	if err := syscall.Kill(r.PID(), syscall.SIGHUP); err != nil {
		r.t.Fatal(err)
	}
	r.loads++
	process.Eventually(r.t, collector.Timeout, func() error {
		if err := r.Running(); err != nil {
			r.t.Fatal(err)
		}
		if n := strings.Count(r.Output(), "Everything is ready"); n != r.loads {
			return fmt.Errorf("%d configurations were loaded, want %d", n, r.loads)
		}
		return nil
	})
}

// await waits until the page has the number of sandboxes, each with one state, and
// those of gVisor with measured values.
func (r *reloaded) await(gvisor, kata int) (last page.Page) {
	r.t.Helper()
	r.served.Eventually(func(got page.Page) error {
		last = got
		count := func(name string) int { return len(got.Select(func(s page.Series) bool { return s.Name == name })) }
		running := len(got.Select(func(s page.Series) bool { return s.Name == "sandbox_state" && s.Labels["sandbox_state"] == "running" }))
		var errs []error
		for what, n := range map[string][2]int{
			"states":           {count("sandbox_state"), gvisor + kata},
			"running":          {running, gvisor + kata},
			"series of gVisor": {count("gvisor_fs_opens_total"), gvisor},
		} {
			if n[0] != n[1] {
				errs = append(errs, fmt.Errorf("%d %s, want %d", n[0], what, n[1]))
			}
		}
		return errors.Join(errs...)
	})
	return last
}

// When the Collector reloads its configuration, the sandboxes stay collected, and no
// series exists twice. Receivers that collect the same sandboxes are reported; those of
// the configuration before, and several pipelines of one receiver, are not.
func TestReloadedConfiguration(t *testing.T) {
	const gvisor, kata = 3, 1
	simulated := simulate(t, fmt.Sprintf("--gvisor=%d", gvisor), fmt.Sprintf("--kata=%d", kata))
	r := &reloaded{t: t, file: filepath.Join(t.TempDir(), "collector.yaml"), served: collector.NewPage(t), loads: 1}
	r.configure(simulated, "sandbox")
	r.Collector = collector.Start(t, r.file)
	before := r.await(gvisor, kata)
	for _, step := range []struct {
		receivers []string
		warnings  int
	}{
		{[]string{"sandbox"}, 0},
		{[]string{"sandbox/renamed"}, 0},
		{[]string{"sandbox", "sandbox/second"}, 1},
		{[]string{"sandbox"}, 1},
	} {
		r.configure(simulated, step.receivers...)
		r.reload()
		now := r.await(gvisor, kata)
		for key, series := range before {
			if after, found := now[key]; found && series.Type == "counter" && after.Value < series.Value && isMeasured(series) {
				t.Errorf("%s fell from %v to %v", key, series.Value, after.Value)
			}
		}
		if n := strings.Count(r.Output(), "Several receivers collect the same sandboxes"); n != step.warnings {
			t.Errorf("with %v: %d warnings so far, want %d", step.receivers, n, step.warnings)
		}
	}
	stopAll(t, r.Process, simulated.Process)
}

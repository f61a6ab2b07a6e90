//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Half of the honest sandboxes have a registration in their state file. The others
// have to be learned in spite of the attackers.
const (
	registered, unregistered = 50, 50
	honest                   = registered + unregistered
	attackers                = 100
)

const (
	firstUseInterval = 2 * time.Second
	// A page must be complete scrapes times, scrapePause after the previous one.
	scrapes     = 2
	scrapePause = 3 * time.Second
)

// Limits of the peak memory. The exporter prometheus itself needs far more than the
// receiver, so a Collector under attack is compared with one that collects as many
// sandboxes, all of them honest.
const (
	// maxAttackMemory limits a Collector that exports nothing.
	maxAttackMemory = 120 << 20
	// maxMemoryRatio is the allowed ratio per series, without maxFirstUseMemory. What
	// the exporter allocates for scrapes varies by a fifth from run to run.
	maxMemoryRatio = 1.25
	// maxFirstUseMemory is what 24 MiB of registrations from sandboxes, which the
	// receiver allows, cost with the garbage before a collection.
	maxFirstUseMemory = 60 << 20
)

// firstUseAttacks are modes of sandboxes without a registration on the host.
var firstUseAttacks = []string{
	"lying-registration", "reserved-labels", "large-registration", "stalled-registration", "distinct-registration",
}

// Sandboxes that attack with their registrations change neither the series of others
// nor the memory of the Collector, and delay nobody.
func TestFirstUseAttacks(t *testing.T) {
	want := newReference(t)
	t.Logf("%d honest sandboxes, %d series: peak RSS %.0f MB with the exporter prometheus",
		honest+attackers, len(want.page), megabytes(want.memory))
	for _, attack := range firstUseAttacks {
		t.Run(attack, func(t *testing.T) {
			simulated := simulate(t, fmt.Sprintf("--gvisor=%d", registered), fmt.Sprintf("--gvisor-unregistered=%d", unregistered),
				fmt.Sprintf("--hostile=%s=%d", attack, attackers))
			discarding := discardSimulated(t, simulated)
			collected, served := collectSimulated(t, simulated)
			got := watchPages(t, served)
			want.checkPage(t, got)
			alone, total := peakMemory(t, discarding), peakMemory(t, collected)
			t.Logf("%d series: peak RSS %.0f MB without an exporter, %.0f MB with the exporter prometheus (%.2f of that without attackers)",
				len(got), megabytes(alone), megabytes(total), float64(total)/float64(want.memory))
			if alone > maxAttackMemory {
				t.Errorf("peak RSS of %d bytes without an exporter exceeds the limit of %d", alone, maxAttackMemory)
			}
			more := max(1, float64(len(got))/float64(len(want.page)))
			if limit := maxMemoryRatio*more*float64(want.memory) + maxFirstUseMemory; float64(total) > limit {
				t.Errorf("peak RSS of %d bytes exceeds the limit of %.0f", total, limit)
			}
			stopAll(t, collected.Process, discarding.Process, simulated.Process)
			if code := simulated.ExitCode(); code != 0 {
				t.Errorf("the simulation exited with code %d:\n%s", code, simulated.Output())
			}
		})
	}
}

// reference is what a Collector without attackers serves and needs.
type reference struct {
	page   page.Page
	memory int64
	// shapes are those of all metrics of gVisor, by name.
	shapes map[string]map[shape]bool
}

func newReference(t *testing.T) *reference {
	t.Helper()
	r := &reference{shapes: map[string]map[shape]bool{}}
	control := simulate(t, fmt.Sprintf("--gvisor=%d", registered+attackers), fmt.Sprintf("--gvisor-unregistered=%d", unregistered))
	collected, served := collectSimulated(t, control)
	// A sandbox that sends every metric.
	complete := simulate(t, "--gvisor=1", "--points=2700")
	completeCollected, completeServed := collectSimulated(t, complete)
	completeServed.Eventually(func(got page.Page) error {
		all := got.Select(isMeasured)
		if len(all) < 1000 {
			return fmt.Errorf("the page has %d series", len(all))
		}
		r.add(all)
		return nil
	})
	r.page = watchPages(t, served)
	r.add(r.page)
	r.memory = peakMemory(t, collected)
	stopAll(t, collected.Process, control.Process, completeCollected.Process, complete.Process)
	return r
}

func (r *reference) add(p page.Page) {
	for _, series := range p {
		if r.shapes[series.Name] == nil {
			r.shapes[series.Name] = map[shape]bool{}
		}
		r.shapes[series.Name][shapeOf(series)] = true
	}
}

// isMeasured reports whether a series comes from gVisor.
func isMeasured(s page.Series) bool { return strings.HasPrefix(s.Name, "gvisor_") }

// receiverOf returns the configuration of a receiver for simulated sandboxes.
func receiverOf(simulated *simulation) string {
	return fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: %v
    initial_delay: 0s
    timeout: %v
    gvisor: {roots: [%q]}
    kata: {enabled: false}
`, firstUseInterval, firstUseInterval, simulated.root)
}

// collectSimulated starts a Collector with the exporter prometheus, which keeps the
// first type and help text of a name and drops points of others, so that a single
// attacker would hide the metrics of all.
func collectSimulated(t *testing.T, simulated *simulation) (*collector.Collector, *collector.Page) {
	t.Helper()
	served := collector.NewPage(t)
	return collector.Start(t, filepath.Join(examples, "prometheus.yaml"), receiverOf(simulated), fmt.Sprintf(`
exporters:
  prometheus:
    endpoint: %q
    send_timestamps: true
    without_scope_info: true
    resource_to_telemetry_conversion: {enabled: true}
    metric_expiration: 2m
service:
  pipelines:
    metrics: {exporters: [prometheus]}
`, served.Address)), served
}

// discardSimulated starts a Collector that discards all metrics.
func discardSimulated(t *testing.T, simulated *simulation) *collector.Collector {
	t.Helper()
	return collector.Start(t, receiverOf(simulated), `
exporters:
  nop:
service:
  pipelines:
    metrics: {receivers: [sandbox], exporters: [nop]}
`)
}

func peakMemory(t *testing.T, c *collector.Collector) int64 {
	t.Helper()
	peak, err := c.PeakMemory()
	if err != nil {
		t.Fatal(err)
	}
	return peak
}

func megabytes(bytes int64) float64 { return float64(bytes) / 1e6 }

func stopAll(t *testing.T, all ...*process.Process) {
	t.Helper()
	for _, one := range all {
		if err := one.Stop(); err != nil {
			t.Error(err)
		}
	}
}

// isHonest reports whether a series belongs to an honest sandbox or to none. sandboxctl
// numbers the honest sandboxes first.
func isHonest(s page.Series) bool {
	id, found := s.Labels["sandbox_id"]
	return !found || id <= fmt.Sprintf("simulated-%05d", honest)
}

// watchPages waits until all honest sandboxes are on the page, and then checks that
// each scrape has all their series with newer values. It returns the last page.
func watchPages(t *testing.T, served *collector.Page) page.Page {
	t.Helper()
	var last page.Page
	served.Eventually(func(got page.Page) error {
		last = got
		opens := got.Select(func(s page.Series) bool { return s.Name == "gvisor_fs_opens_total" && isHonest(s) })
		if len(opens) < honest {
			// The exporter needs memory for each scrape.
			time.Sleep(firstUseInterval)
			return fmt.Errorf("%d honest sandboxes are on the page, want %d", len(opens), honest)
		}
		return nil
	})
	for range scrapes {
		time.Sleep(scrapePause)
		var got page.Page
		// On a busy machine, a page can take longer than the client waits.
		served.Eventually(func(p page.Page) error { got = p; return nil })
		if err := checkAdvanced(last, got); err != nil {
			t.Fatal(err)
		}
		last = got
	}
	return last
}

// checkAdvanced returns an error unless the second page has all series of honest
// sandboxes that the first one has, and a newer value of each that a pull returned.
func checkAdvanced(before, after page.Page) error {
	var errs []error
	for key, old := range before.Select(isHonest) {
		switch now, found := after[key]; {
		case !found:
			errs = append(errs, fmt.Errorf("%s is gone", key))
		case strings.HasPrefix(old.Name, "gvisor_fs_") && !now.Time.After(old.Time):
			errs = append(errs, fmt.Errorf("%s has been missing since %v", key, old.Time))
		case old.Type == "counter" && now.Value < old.Value:
			errs = append(errs, fmt.Errorf("%s has decreased from %v to %v", key, old.Value, now.Value))
		}
	}
	return errors.Join(errs[:min(len(errs), 5)]...)
}

// shape is what an attacker must not change.
type shape struct{ kind, help, labels string }

func shapeOf(s page.Series) shape {
	return shape{s.Type, s.Help, strings.Join(slices.Sorted(maps.Keys(s.Labels)), ",")}
}

// checkPage compares a page under attack with those without attackers: the series of
// all sandboxes have the types, help texts and labels of honest ones.
func (r *reference) checkPage(t *testing.T, got page.Page) {
	t.Helper()
	measured := func(s page.Series) bool { return isHonest(s) && isMeasured(s) }
	if with, without := len(got.Select(measured)), len(r.page.Select(measured)); with != without {
		t.Errorf("honest sandboxes have %d series, without attackers %d", with, without)
	}
	var errs []error
	for key, series := range got {
		if isMeasured(series) && !r.shapes[series.Name][shapeOf(series)] {
			errs = append(errs, fmt.Errorf("%s has the type, help text and labels %+v", key, shapeOf(series)))
		}
		if strings.Contains(series.Help, "attacker") {
			errs = append(errs, fmt.Errorf("%s has the help text of an attacker", key))
		}
		for label, value := range series.Labels {
			if value == "victim" || strings.HasPrefix(value, "simulated-") && value != series.Labels["sandbox_id"] {
				errs = append(errs, fmt.Errorf("%s has a label %s that only an attacker sends", key, label))
			}
		}
	}
	if len(errs) > 0 {
		t.Errorf("%d series are wrong, for example: %v", len(errs), errors.Join(errs[:min(len(errs), 5)]...))
	}
}

//go:build linux

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// simulation is a running sandboxctl simulate.
type simulation struct {
	*process.Process
	root, storage string
}

// simulate starts simulated sandboxes and waits until they are ready.
func simulate(t *testing.T, flags ...string) *simulation {
	t.Helper()
	directory := process.ShortTempDir(t)
	s := &simulation{root: filepath.Join(directory, "runsc"), storage: filepath.Join(directory, "storage")}
	for _, path := range []string{s.root, s.storage} {
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	command := []string{process.Built(t, "sandboxctl"), "simulate", "--root", s.root, "--storage", s.storage}
	s.Process = process.Start(t, append(command, flags...))
	process.Eventually(t, collector.Timeout, func() error {
		if err := s.Running(); err != nil {
			t.Fatal(err)
		}
		// sandboxctl prints how to stop it when all sandboxes are ready.
		if !strings.Contains(s.Output(), "Ctrl-C") {
			return errors.New("the simulated sandboxes are not ready")
		}
		return nil
	})
	return s
}

// pods returns the IDs of the simulated Kata pods of one runtime: vc/sbs or kata.
func (s *simulation) pods(t *testing.T, runtime string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.storage, runtime))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, entry := range entries {
		ids = append(ids, entry.Name())
	}
	return ids
}

// hypervisor returns the type of the hypervisor of a simulated pod of runtime-rs.
func (s *simulation) hypervisor(t *testing.T, pod string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.storage, "kata", pod, "state.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Hypervisor struct {
			Type string `json:"hypervisor_type"`
		} `json:"hypervisor"`
	}
	if err := json.Unmarshal(data, &state); err != nil {
		t.Fatal(err)
	}
	return state.Hypervisor.Type
}

// awaitMetrics waits until a sandbox has delivered the named metrics.
func awaitMetrics(t *testing.T, sink *otlpsink.Sink, id, runtime string, names ...string) {
	t.Helper()
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, id)
		if err != nil {
			return err
		}
		if err := errors.Join(checkAttribute(attributes, "sandbox.runtime.name", runtime), checkPresent(metrics, names...)); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		return nil
	})
}

// awaitSkipped waits until a pod is reported as one whose shim is not contacted.
func awaitSkipped(t *testing.T, sink *otlpsink.Sink, id string) {
	t.Helper()
	process.Eventually(t, collector.Timeout, func() error {
		_, metrics, err := latest(sink, id)
		if err != nil {
			return err
		}
		state, found := metrics["sandbox.state"]
		if !found || state.Sum().DataPoints().Len() != 1 {
			return errors.New("sandbox.state is missing")
		}
		return checkAttribute(state.Sum().DataPoints().At(0).Attributes(), "sandbox.state", "skipped")
	})
}

// One receiver reads both gVisor sandboxes and Kata pods, and does not contact
// shims that would crash.
func TestGVisorAndKata(t *testing.T) {
	simulated := simulate(t, "--gvisor=3", "--kata=2", "--kata-runtime-rs=1", "--kata-runtime-rs-qemu=1")
	sink := startOTLP(t, fmt.Sprintf(`
receivers:
  sandbox:
    gvisor: {roots: [%q]}
    kata: {storage_paths: [%q, %q]}
`, simulated.root, filepath.Join(simulated.storage, "vc/sbs"), filepath.Join(simulated.storage, "kata")))

	states, err := filepath.Glob(filepath.Join(simulated.root, "*.state"))
	if err != nil || len(states) != 3 {
		t.Fatalf("state files: %v %v", states, err)
	}
	for _, state := range states {
		_, id, _ := strings.Cut(strings.TrimSuffix(filepath.Base(state), ".state"), "_sandbox:")
		awaitMetrics(t, sink, id, "gvisor", "gvisor.fs.opens", "sandbox.responsive")
	}
	shim := []string{"kata.shim.cpu.time", "kata.guest.cpu.time", "kata.guest.memory.limit", "sandbox.responsive"}
	for _, id := range simulated.pods(t, "vc/sbs") {
		awaitMetrics(t, sink, id, "kata", append(shim, "kata.hypervisor.thread.count")...)
	}
	unsafe := 0
	for _, id := range simulated.pods(t, "kata") {
		if simulated.hypervisor(t, id) == "qemu" {
			unsafe++
			awaitSkipped(t, sink, id)
		} else {
			awaitMetrics(t, sink, id, "kata", shim...)
		}
	}
	if unsafe != 1 {
		t.Errorf("%d pods of runtime-rs use QEMU, want 1", unsafe)
	}
	// The simulation fails if a shim crashed or received a forbidden request.
	if err := simulated.Stop(); err != nil {
		t.Fatal(err)
	}
	if code := simulated.ExitCode(); code != 0 {
		t.Errorf("the simulation exited with code %d:\n%s", code, simulated.Output())
	}
}

// The series of runsc metric-server and kata-monitor are on separate pages.
func TestCompatiblePagesAreSeparate(t *testing.T) {
	simulated := simulate(t, "--gvisor=2", "--kata=2")
	kata := collector.NewPage(t)
	gvisor := startCompatible(t, fmt.Sprintf(`
receivers:
  sandbox/gvisor:
    gvisor: {roots: [%q]}
  sandbox/kata:
    initial_delay: 0s
    kata: {storage_paths: [%q]}
exporters:
  prometheus_scrape/kata: {endpoint: %q}
`, simulated.root, filepath.Join(simulated.storage, "vc/sbs"), kata.Address))
	checkPage := func(served *collector.Page, count float64, total, prefix, other string) {
		t.Helper()
		served.Eventually(func(got page.Page) error {
			for key := range got {
				if strings.HasPrefix(key, other) {
					return fmt.Errorf("%s is on the wrong page", key)
				}
			}
			if n := len(got.Select(func(s page.Series) bool { return strings.HasPrefix(s.Name, prefix) })); n == 0 {
				return fmt.Errorf("no series has the prefix %s", prefix)
			}
			return hasValue(got, total, count, nil)
		})
	}
	checkPage(gvisor, 2, "runsc_meta_num_sandboxes_running", "runsc_fs_", "kata_")
	checkPage(kata, 2, "kata_monitor_running_shim_count", "kata_guest_", "runsc_")
	for _, pod := range simulated.pods(t, "vc/sbs") {
		kata.Eventually(func(got page.Page) error {
			series := got.Select(func(s page.Series) bool { return s.Labels["sandbox_id"] == pod })
			for _, name := range []string{"kata_shim_threads", "kata_guest_meminfo", "kata_shim_go_goroutines"} {
				named := func(s page.Series) bool { return s.Name == name && s.Labels["cri_namespace"] == "default" }
				if len(series.Select(named)) == 0 {
					return fmt.Errorf("%s of %s is missing", name, pod)
				}
			}
			return nil
		})
	}
}

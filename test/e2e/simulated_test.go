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

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// simulation are sandboxes that do not exist.
type simulation struct {
	*process.Process
	root, storage string
}

// simulate starts simulated sandboxes and waits until they are there.
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
		if !strings.Contains(s.Output(), "press Ctrl-C to stop") {
			return errors.New("the simulated sandboxes are not there yet")
		}
		return nil
	})
	return s
}

// pods are the ids of the simulated Kata pods of one runtime, sbs or kata.
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

// hypervisor is that of a simulated pod of runtime-rs.
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

// One receiver reads gVisor sandboxes and Kata pods side by side, and does not
// ask pods that asking would kill.
func TestGVisorAndKataSideBySide(t *testing.T) {
	simulated := simulate(t, "--gvisor=3", "--kata=2", "--kata-runtime-rs=1", "--kata-runtime-rs-qemu=1")
	sink := startOTLP(t, fmt.Sprintf(`
receivers:
  sandbox:
    gvisor: {roots: [%q]}
    kata: {storage_paths: [%q, %q]}
`, simulated.root, filepath.Join(simulated.storage, "vc/sbs"), filepath.Join(simulated.storage, "kata")))

	measuredBy := func(id, runtime string, names ...string) {
		t.Helper()
		process.Eventually(t, collector.Timeout, func() error {
			attributes, metrics, err := latest(sink, id)
			if err != nil {
				return err
			}
			errs := []error{hasText(attributes, "sandbox.runtime.name", runtime)}
			for _, name := range names {
				if _, there := metrics[name]; !there {
					errs = append(errs, fmt.Errorf("%s of %s is missing", name, id))
				}
			}
			return errors.Join(errs...)
		})
	}
	states, err := filepath.Glob(filepath.Join(simulated.root, "*.state"))
	if err != nil || len(states) != 3 {
		t.Fatalf("state files: %v %v", states, err)
	}
	for _, state := range states {
		_, id, _ := strings.Cut(strings.TrimSuffix(filepath.Base(state), ".state"), "_sandbox:")
		measuredBy(id, "gvisor", "gvisor.fs.opens", "sandbox.responsive")
	}
	shim := []string{"kata.shim.cpu.time", "kata.guest.cpu.time", "kata.guest.memory.total", "sandbox.responsive"}
	for _, id := range simulated.pods(t, "vc/sbs") {
		measuredBy(id, "kata", append(shim, "kata.hypervisor.thread.count")...)
	}
	unsafe := 0
	for _, id := range simulated.pods(t, "kata") {
		if simulated.hypervisor(t, id) != "qemu" {
			measuredBy(id, "kata", shim...)
			continue
		}
		unsafe++
		process.Eventually(t, collector.Timeout, func() error {
			_, metrics, err := latest(sink, id)
			if err != nil {
				return err
			}
			state, there := metrics["sandbox.state"]
			if !there || state.Sum().DataPoints().Len() != 1 {
				return errors.New("sandbox.state is missing")
			}
			return hasText(state.Sum().DataPoints().At(0).Attributes(), "sandbox.state", "skipped_unsafe")
		})
	}
	if unsafe != 1 {
		t.Errorf("%d pods of runtime-rs have QEMU, want 1", unsafe)
	}
	// It fails if a pod has died, or was asked for what nobody may ask.
	if err := simulated.Stop(); err != nil {
		t.Fatal(err)
	}
	if code := simulated.ExitCode(); code != 0 {
		t.Errorf("the simulated sandboxes complain:\n%s", simulated.Output())
	}
}

func hasText(attributes pcommon.Map, key, want string) error {
	if value, there := attributes.Get(key); !there || value.AsString() != want {
		return fmt.Errorf("%s is %q, want %q", key, value.AsString(), want)
	}
	return nil
}

// The compatible pages have the series of runsc metric-server and kata-monitor,
// each on its own.
func TestCompatiblePagesSideBySide(t *testing.T) {
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
  prometheus/kata: {endpoint: %q}
`, simulated.root, filepath.Join(simulated.storage, "vc/sbs"), kata.Address))
	onlyOf := func(served *collector.Page, count float64, total, prefix, other string) {
		t.Helper()
		served.Eventually(func(got page.Page) error {
			for key := range got {
				if strings.HasPrefix(key, other) {
					return fmt.Errorf("%s does not belong here", key)
				}
			}
			if n := len(got.Select(func(s page.Series) bool { return strings.HasPrefix(s.Name, prefix) })); n == 0 {
				return fmt.Errorf("no series begins with %s", prefix)
			}
			return hasValue(got, total, count, nil)
		})
	}
	onlyOf(gvisor, 2, "runsc_meta_num_sandboxes_running", "runsc_fs_", "kata_")
	onlyOf(kata, 2, "kata_monitor_running_shim_count", "kata_guest_", "runsc_")
	for _, pod := range simulated.pods(t, "vc/sbs") {
		kata.Eventually(func(got page.Page) error {
			of := got.Select(func(s page.Series) bool { return s.Labels["sandbox_id"] == pod })
			for _, name := range []string{"kata_shim_threads", "kata_guest_meminfo", "kata_shim_go_goroutines"} {
				named := func(s page.Series) bool { return s.Name == name && s.Labels["cri_namespace"] == "default" }
				if len(of.Select(named)) == 0 {
					return fmt.Errorf("%s of %s is missing", name, pod)
				}
			}
			return nil
		})
	}
}

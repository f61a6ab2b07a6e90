package kata

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// statusTest describes a sandbox and what is known about it without a pull.
type statusTest struct {
	rust bool
	// old sandboxes were created an hour ago.
	old bool
	// state is the content of the state file, empty if there is none.
	state      string
	collection guard.Collection
	want       sandbox.Status
	attributes map[string]string
}

var statusTests = map[string]statusTest{
	"Go": {
		state: persistFile("web-0", "qemu", "web-0"), collection: guard.Auto,
		want:       sandbox.Status{State: sandbox.Running},
		attributes: map[string]string{"kata.runtime.flavor": "go", "kata.hypervisor.name": "qemu"},
	},
	"Go without state": {
		collection: guard.Auto,
		want:       sandbox.Status{State: sandbox.Running},
		attributes: map[string]string{"kata.runtime.flavor": "go"},
	},
	"runtime-rs": {
		rust: true, state: stateFile("web-0", "dragonball"), collection: guard.Auto,
		want:       sandbox.Status{State: sandbox.Running},
		attributes: map[string]string{"kata.runtime.flavor": "rust", "kata.hypervisor.name": "dragonball"},
	},
	"unsafe hypervisor": {
		rust: true, state: stateFile("web-0", "qemu"), collection: guard.Auto,
		want:       sandbox.Status{State: sandbox.Skipped, SkipReason: "unsafe_hypervisor"},
		attributes: map[string]string{"kata.runtime.flavor": "rust", "kata.hypervisor.name": "qemu"},
	},
	"unsafe hypervisor with collection shim": {
		rust: true, state: stateFile("web-0", "qemu"), collection: guard.Shim,
		want:       sandbox.Status{State: sandbox.Running},
		attributes: map[string]string{"kata.runtime.flavor": "rust", "kata.hypervisor.name": "qemu"},
	},
	"collection passive": {
		state: persistFile("web-0", "clh", "web-0"), collection: guard.Passive,
		want:       sandbox.Status{State: sandbox.Running, SkipReason: "passive"},
		attributes: map[string]string{"kata.runtime.flavor": "go", "kata.hypervisor.name": "clh"},
	},
	"booting": {
		rust: true, collection: guard.Auto,
		want: sandbox.Status{State: sandbox.Booting},
	},
	"runtime-rs without state": {
		rust: true, old: true, collection: guard.Auto,
		want: sandbox.Status{State: sandbox.Skipped, SkipReason: "no_state"},
	},
}

func TestStatusAndAttributes(t *testing.T) {
	for name, test := range statusTests {
		t.Run(name, func(t *testing.T) {
			s := test.find(t)
			if got := s.Status(); got != test.want {
				t.Errorf("got status %+v, want %+v", got, test.want)
			}
			for _, key := range []string{"kata.runtime.flavor", "kata.hypervisor.name"} {
				if got := s.Identity().Value(key); got != test.attributes[key] {
					t.Errorf("got %s=%q, want %q", key, got, test.attributes[key])
				}
			}
			r := &sandbox.Reading{}
			s.AppendInfo(r, true)
			if len(r.Points) != 0 {
				t.Errorf("AppendInfo appended %q", seriesOf(r))
			}
		})
	}
}

// find creates the sandbox of a test and finds it.
func (test *statusTest) find(t *testing.T) *Sandbox {
	t.Helper()
	paths := newStoragePaths(t)
	storagePath, file := paths.golang, "persist.json"
	if test.rust {
		storagePath, file = paths.rust, "state.json"
	}
	socket := bind(t, storagePath, "web-0")
	if test.old {
		setModTime(t, socket, -time.Hour)
	}
	if test.state != "" {
		write(t, filepath.Join(storagePath, "web-0", file), test.state)
	}
	config := newConfig(paths)
	config.Collection = test.collection
	return findOne(t, config)
}

func TestAppendRuntimeMetrics(t *testing.T) {
	stats := sandbox.Stats{
		Seen: 9, Running: 4, Broken: 1, Pulls: 20, Failures: 3,
		Durations: sandbox.Distribution{Count: 20, Sum: 35, Bounds: []float64{1, 2}, Buckets: []uint64{5, 5, 10}},
	}
	r := &sandbox.Reading{}
	newRuntime(t, newConfig(newStoragePaths(t))).AppendRuntimeMetrics(r, stats)
	got := map[string]float64{}
	for _, point := range r.Points {
		descriptor := point.Family.Prometheus
		if point.Family.OTel.Name != "" {
			t.Errorf("%s is also in the naming otel, as %s", descriptor.Name, point.Family.OTel.Name)
		}
		got[descriptor.Name] = point.Value.AsFloat()
		if descriptor.Kind == sandbox.Histogram {
			got[descriptor.Name] = float64(point.Distribution.Count)
		}
	}
	want := map[string]float64{
		"kata_monitor_running_shim_count": 4, "kata_monitor_scrape_count": 20, "kata_monitor_scrape_failed_count": 3,
		"kata_monitor_scrape_durations_histogram_milliseconds": 20,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}

	// As with kata-monitor, any filter removes the exporter's own families.
	filtered := newConfig(newStoragePaths(t))
	filtered.FilterFamily = []string{"kata_"}
	r.Reset()
	newRuntime(t, filtered).AppendRuntimeMetrics(r, stats)
	if len(r.Points) != 0 {
		t.Errorf("got %d points with a filter, want none", len(r.Points))
	}
}

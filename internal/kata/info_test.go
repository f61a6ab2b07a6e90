package kata

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// lines makes of points what a test can compare: name{key=label;…}.
func lines(r *sandbox.Reading) []string {
	var all []string
	for _, point := range r.Points {
		descriptor := &point.Family.OTel
		var text strings.Builder
		text.WriteString(descriptor.Name + "{")
		for i, label := range point.Labels {
			text.WriteString(descriptor.LabelKeys[i] + "=" + label + ";")
		}
		for _, attribute := range descriptor.Attributes {
			text.WriteString(attribute.Key + "=" + attribute.Value + ";")
		}
		all = append(all, text.String()+"}")
	}
	slices.Sort(all)
	return all
}

// statusTest is what is known about a sandbox without a pull.
type statusTest struct {
	rust, old  bool
	state      string
	collection guard.Collection
	want       sandbox.Status
	attributes map[string]string
}

var statusTests = map[string]statusTest{
	"Go": {
		false, false, persistFile("web-0", "qemu", "web-0"), "auto",
		sandbox.Status{State: sandbox.Running},
		map[string]string{"kata.runtime.flavor": "go", "kata.hypervisor.name": "qemu"},
	},
	"Go, unknown": {
		false, false, "", "auto",
		sandbox.Status{State: sandbox.Running},
		map[string]string{"kata.runtime.flavor": "go"},
	},
	"runtime-rs": {
		true, false, stateFile("web-0", "dragonball"), "auto",
		sandbox.Status{State: sandbox.Running},
		map[string]string{"kata.runtime.flavor": "rust", "kata.hypervisor.name": "dragonball"},
	},
	"unsafe": {
		true, false, stateFile("web-0", "qemu"), "auto",
		sandbox.Status{State: sandbox.Skipped, SkipReason: "unsafe_hypervisor"},
		map[string]string{"kata.runtime.flavor": "rust", "kata.hypervisor.name": "qemu"},
	},
	"unsafe, contacted anyway": {
		true, false, stateFile("web-0", "qemu"), "shim",
		sandbox.Status{State: sandbox.Running},
		map[string]string{"kata.runtime.flavor": "rust", "kata.hypervisor.name": "qemu"},
	},
	"passive": {
		false, false, persistFile("web-0", "clh", "web-0"), "passive",
		sandbox.Status{State: sandbox.Running, SkipReason: "passive"},
		map[string]string{"kata.runtime.flavor": "go", "kata.hypervisor.name": "clh"},
	},
	"booting":  {true, false, "", "auto", sandbox.Status{State: sandbox.Booting}, nil},
	"no state": {true, true, "", "auto", sandbox.Status{State: sandbox.Skipped, SkipReason: "no_state"}, nil},
}

func TestStatusAndAttributes(t *testing.T) {
	for name, test := range statusTests {
		t.Run(name, func(t *testing.T) {
			one := test.find(t)
			if got := one.Status(); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			for _, key := range []string{"kata.runtime.flavor", "kata.hypervisor.name"} {
				if got := one.Identity().Value(key); got != test.attributes[key] {
					t.Errorf("%s is %q, want %q", key, got, test.attributes[key])
				}
			}
			r := &sandbox.Reading{}
			one.AppendInfo(r, true)
			if len(r.Points) != 0 {
				t.Errorf("unexpected %q", lines(r))
			}
		})
	}
}

// find creates the sandbox of a test and finds it.
func (test *statusTest) find(t *testing.T) *Sandbox {
	t.Helper()
	p := newPlaces(t)
	place, file := p.golang, "persist.json"
	if test.rust {
		place, file = p.rust, "state.json"
	}
	socket := bind(t, place, "web-0")
	if test.old {
		long := time.Now().Add(-time.Hour)
		if err := os.Chtimes(socket, long, long); err != nil {
			t.Fatal(err)
		}
	}
	if test.state != "" {
		write(t, filepath.Join(place, "web-0", file), test.state)
	}
	with := settings(p)
	with.Collection = test.collection
	return findOne(t, with)
}

// Whatever was reported must end, once.
func TestSeries(t *testing.T) {
	for name, options := range map[string]simkata.Options{
		"asked": {}, "not asked": {Rust: true, Hypervisor: "qemu"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, one := addKata(t, options, nil)
			ended := &sandbox.Reading{}
			one.AppendSeries(ended)
			if len(ended.Points) != 0 {
				t.Errorf("ended before it began: %q", lines(ended))
			}
			reported := map[string]bool{}
			for range 2 {
				r, err := pullFor(t, one, patience)
				if err != nil {
					t.Fatal(err)
				}
				one.AppendInfo(r, true)
				for _, line := range lines(r) {
					reported[line] = true
				}
			}
			one.AppendSeries(ended)
			want := make([]string, 0, len(reported))
			for line := range reported {
				want = append(want, line)
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, lines(ended)); diff != "" {
				t.Errorf("-reported +ended:\n%s", diff)
			}
			again := &sandbox.Reading{}
			one.AppendSeries(again)
			if len(again.Points) != 0 {
				t.Errorf("ended twice: %q", lines(again))
			}
		})
	}
}

// When the state file appears after a long time, another reader takes over.
// What the first one reported still has to end.
func TestSeriesOfBothReaders(t *testing.T) {
	p := newPlaces(t)
	socket := bind(t, p.rust, "web-0")
	long := time.Now().Add(-time.Hour)
	if err := os.Chtimes(socket, long, long); err != nil {
		t.Fatal(err)
	}
	s := newSteps(t, settings(p))
	s.wait(s.runtime.pace.identity + time.Second)
	one := s.recorder.last(t)
	if _, err := pullFor(t, one, patience); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(p.rust, "web-0", "state.json"), stateFile("web-0", "firecracker"))
	s.wait(time.Minute)
	if _, err := pullFor(t, one, patience); err != nil {
		t.Fatal(err)
	}
	if len(one.readers) != 2 {
		t.Fatalf("%d readers", len(one.readers))
	}
	ended := &sandbox.Reading{}
	one.AppendSeries(ended)
	count := 0
	for _, line := range lines(ended) {
		if line == "kata.shim.thread.count{}" {
			count++
		}
	}
	if count == 0 {
		t.Errorf("ended only %q", lines(ended))
	}
}

func TestAppendRuntimeMetrics(t *testing.T) {
	stats := sandbox.Stats{
		Seen: 9, Running: 4, Broken: 1, Pulls: 20, Failures: 3,
		Durations: sandbox.Distribution{Count: 20, Sum: 35, Bounds: []float64{1, 2}, Buckets: []uint64{5, 5, 10}},
	}
	r := &sandbox.Reading{}
	runtime := newRuntime(t, settings(newPlaces(t)))
	runtime.AppendRuntimeMetrics(r, stats)
	got := map[string]float64{}
	for _, point := range r.Points {
		descriptor := point.Family.Prometheus
		if point.Family.OTel.Name != "" {
			t.Errorf("%s has a name in the other naming, too", descriptor.Name)
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

	// As with kata-monitor, a filter leaves its own metrics out.
	filtered := settings(newPlaces(t))
	filtered.FilterFamily = []string{"kata_"}
	r.Reset()
	newRuntime(t, filtered).AppendRuntimeMetrics(r, stats)
	if len(r.Points) != 0 {
		t.Errorf("%d points in spite of the filter", len(r.Points))
	}
}

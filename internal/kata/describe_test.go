package kata

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// lines makes of points what a test can compare: name{key=label;…}.
func lines(r *sandbox.Reading) []string {
	var all []string
	for _, point := range r.Points {
		form := &point.Family.OTel
		var text strings.Builder
		text.WriteString(form.Name + "{")
		for i, label := range point.Labels {
			text.WriteString(form.LabelKeys[i] + "=" + label + ";")
		}
		for _, attribute := range form.Attributes {
			text.WriteString(attribute.Key + "=" + attribute.Value + ";")
		}
		all = append(all, text.String()+"}")
	}
	slices.Sort(all)
	return all
}

func describe(s *Sandbox) []string {
	r := &sandbox.Reading{}
	s.Describe(r, true)
	return lines(r)
}

func TestDescribe(t *testing.T) {
	type setup struct {
		rust, old  bool
		state      string
		collection string
		want       []string
	}
	for name, test := range map[string]setup{
		"Go": {
			false, false, persistFile("web-0", "qemu", "web-0"), "auto",
			[]string{"kata.sandbox.info{flavor=go;hypervisor=qemu;}"},
		},
		"Go, unknown": {
			false, false, "", "auto",
			[]string{"kata.sandbox.info{flavor=go;hypervisor=unknown;}"},
		},
		"runtime-rs": {
			true, false, stateFile("web-0", "dragonball"), "auto",
			[]string{"kata.sandbox.info{flavor=rust;hypervisor=dragonball;}"},
		},
		"unsafe": {
			true, false, stateFile("web-0", "qemu"), "auto",
			[]string{"kata.sandbox.guarded{reason=unsafe_hypervisor;}", "kata.sandbox.info{flavor=rust;hypervisor=qemu;}"},
		},
		"unsafe, insisted": {
			true, false, stateFile("web-0", "qemu"), "shim",
			[]string{"kata.sandbox.info{flavor=rust;hypervisor=qemu;}"},
		},
		"passive": {
			false, false, persistFile("web-0", "clh", "web-0"), "passive",
			[]string{"kata.sandbox.guarded{reason=passive;}", "kata.sandbox.info{flavor=go;hypervisor=clh;}"},
		},
		"booting":  {true, false, "", "auto", nil},
		"no state": {true, true, "", "auto", []string{"kata.sandbox.guarded{reason=no_state;}"}},
	} {
		t.Run(name, func(t *testing.T) {
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
			if diff := cmp.Diff(test.want, describe(findOne(t, with))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// Whatever was reported must end, once.
func TestSeries(t *testing.T) {
	for name, options := range map[string]simkata.Options{
		"asked": {}, "not asked": {Rust: true, Hypervisor: "qemu"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, one := addKata(t, options, nil)
			ended := &sandbox.Reading{}
			one.Series(ended)
			if len(ended.Points) != 0 {
				t.Errorf("ended before it began: %q", lines(ended))
			}
			reported := map[string]bool{}
			for range 2 {
				r, err := pullFor(t, one, patience)
				if err != nil {
					t.Fatal(err)
				}
				one.Describe(r, true)
				for _, line := range lines(r) {
					reported[line] = true
				}
			}
			one.Series(ended)
			want := make([]string, 0, len(reported))
			for line := range reported {
				want = append(want, line)
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, lines(ended)); diff != "" {
				t.Errorf("-reported +ended:\n%s", diff)
			}
			again := &sandbox.Reading{}
			one.Series(again)
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
	one.Series(ended)
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

func TestSummarize(t *testing.T) {
	tally := sandbox.Stats{
		Seen: 9, Running: 4, Broken: 1, Pulls: 20, Failures: 3,
		Durations: sandbox.Distribution{Count: 20, Sum: 35, Bounds: []float64{1, 2}, Buckets: []uint64{5, 5, 10}},
	}
	r := &sandbox.Reading{}
	runtime := newRuntime(t, settings(newPlaces(t)))
	runtime.Summarize(r, tally)
	got := map[string]float64{}
	for _, point := range r.Points {
		form := point.Family.Prometheus
		if point.Family.OTel.Name != "" {
			t.Errorf("%s has a name in the other naming, too", form.Name)
		}
		got[form.Name] = point.Value.AsFloat()
		if form.Kind == sandbox.Histogram {
			got[form.Name] = float64(point.Distribution.Count)
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
	newRuntime(t, filtered).Summarize(r, tally)
	if len(r.Points) != 0 {
		t.Errorf("%d points in spite of the filter", len(r.Points))
	}
}

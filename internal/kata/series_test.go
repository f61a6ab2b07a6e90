package kata

import (
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// AppendSeries returns each series that was delivered, once.
func TestAppendSeries(t *testing.T) {
	for name, options := range map[string]simkata.Options{
		"requested from the shim": {}, "read on the host": {Rust: true, Hypervisor: "qemu"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSimulated(t, options)
			series := &sandbox.Reading{}
			s.AppendSeries(series)
			if len(series.Points) != 0 {
				t.Errorf("got series before the first pull: %q", seriesOf(series))
			}
			delivered := map[string]bool{}
			for range 2 {
				r, err := pull(t, s.Sandbox)
				if err != nil {
					t.Fatal(err)
				}
				for _, one := range seriesOf(r) {
					delivered[one] = true
				}
			}
			s.AppendSeries(series)
			if diff := cmp.Diff(slices.Sorted(maps.Keys(delivered)), seriesOf(series)); diff != "" {
				t.Errorf("-delivered +got:\n%s", diff)
			}
			series.Reset()
			s.AppendSeries(series)
			if len(series.Points) != 0 {
				t.Errorf("got series again: %q", seriesOf(series))
			}
		})
	}
}

// When the facts change, a new reader replaces the first one, whose series must
// still be returned.
func TestAppendSeriesOfReplacedReader(t *testing.T) {
	paths := newStoragePaths(t)
	setModTime(t, bind(t, paths.rust, "web-0"), -time.Hour)
	f := newTestFinder(t, newConfig(paths))
	f.advance(f.runtime.pace.identity + time.Second)
	s := f.recorder.last(t)
	if _, err := pull(t, s); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(paths.rust, "web-0", "state.json"), stateFile("web-0", "firecracker"))
	f.advance(time.Minute)
	if _, err := pull(t, s); err != nil {
		t.Fatal(err)
	}
	if len(s.readers) != 2 {
		t.Fatalf("got %d readers, want 2", len(s.readers))
	}
	series := &sandbox.Reading{}
	s.AppendSeries(series)
	if !slices.Contains(seriesOf(series), "kata.shim.thread.count{}") {
		t.Errorf("got %q, want kata.shim.thread.count{} among them", seriesOf(series))
	}
}

package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const summaryName = "go_gc_duration_seconds"

// distributionText returns a response with a histogram and a summary of this
// count.
func distributionText(count int) string {
	histogram := histogramText("wait", slices.Repeat([]float64{float64(count)}, 11), "8", fmt.Sprint(count))
	var summary strings.Builder
	for _, quantile := range catalog.QuantileTexts {
		fmt.Fprintf(&summary, "%s{quantile=%q} %d\n", summaryName, quantile, count)
	}
	fmt.Fprintf(&summary, "%s_sum %d\n%s_count %d\n", summaryName, count, summaryName, count)
	return "# TYPE " + summaryName + " summary\n" + summary.String() + "# TYPE " + histogramName + " histogram\n" + histogram
}

// TestReadingOwnsItsDistributions checks that a later response does not change
// the distributions of a reading that a sink still holds, for example because
// the pipeline blocks. The sink reads them meanwhile, so that the race detector
// sees a shared one.
func TestReadingOwnsItsDistributions(t *testing.T) {
	settings := settingsFor(t, "prometheus", func(o *Options) { o.FilterFamily = []string{"kata_shim"} })
	r := New(catalog.Go, "qemu", settings)
	held := read(t, r, distributionText(3))
	sink := make(chan []uint64)
	go func() { sink <- countsOf(held) }()
	later := read(t, r, distributionText(7))
	<-sink
	ends := newReading()
	r.AppendSeries(ends)
	if got := countsOf(held); !slices.Equal(got, []uint64{3, 3, 3, 3}) {
		t.Errorf("got %d in the reading that the sink holds, want 3 four times", got)
	}
	if got := countsOf(later); !slices.Equal(got, []uint64{7, 7, 7, 7}) {
		t.Errorf("got %d in the later reading, want 7 four times", got)
	}
}

// countsOf returns the count, and the first bucket or the first quantile, of each
// distribution.
func countsOf(r *sandbox.Reading) (counts []uint64) {
	for i := range r.Points {
		distribution := r.Points[i].Distribution
		if distribution == nil {
			continue
		}
		counts = append(counts, distribution.Count)
		if len(distribution.Buckets) > 0 {
			counts = append(counts, distribution.Buckets[0])
		}
		if len(distribution.Quantiles) > 0 {
			counts = append(counts, uint64(distribution.Quantiles[0].Value))
		}
	}
	return counts
}

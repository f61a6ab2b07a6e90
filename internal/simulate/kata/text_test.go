package kata

import (
	"bytes"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestGoShimRespondsLikeTheCapture(t *testing.T) {
	p := addPod(t, Options{})
	r := get(t, p, "/metrics")
	assert.Equal(t, []string{"chunked"}, r.encoding)
	assert.Equal(t, "text/plain; charset=utf-8", r.header.Get("Content-Type"))
	text := body(t, r)
	assert.InEpsilon(t, 70_000, len(text), 0.05, "bytes")
	assert.InEpsilon(t, 986, samples(text), 0.02, "samples")
	families := parse(t, text)
	assert.Len(t, families, 75)

	names := familyNames(text)
	last := ""
	guest := 0
	for _, name := range names {
		if strings.HasPrefix(name, "kata_guest_") || strings.HasPrefix(name, "kata_agent_") {
			guest++
			continue
		}
		assert.Zero(t, guest, "%s: host families come first", name)
		assert.Greater(t, name, last, "host families are sorted")
		last = name
	}
	assert.Equal(t, 17, guest)
	assert.True(t, strings.HasPrefix(names[0], "go_"))
	assert.True(t, strings.HasPrefix(last, "process_"))
	assert.Contains(t, text, "\nkata_guest_meminfo{item=\"mem_total\"} 2.5276510208e+10\n", "numbers in the format of Go")
	assertHistogramsAreConsistent(t, families)
	assert.NotEqual(t, names, familyNames(metrics(t, p)), "the guest's families are in random order")
}

func assertHistogramsAreConsistent(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	histograms := 0
	for _, family := range families {
		if family.GetType() != dto.MetricType_HISTOGRAM {
			continue
		}
		for _, metric := range family.Metric {
			histograms++
			last := uint64(0)
			for _, bucket := range metric.Histogram.Bucket {
				assert.GreaterOrEqual(t, bucket.GetCumulativeCount(), last)
				last = bucket.GetCumulativeCount()
			}
			assert.Equal(t, metric.Histogram.GetSampleCount(), last)
			assert.True(t, math.IsInf(metric.Histogram.Bucket[len(metric.Histogram.Bucket)-1].GetUpperBound(), 1))
		}
	}
	assert.Equal(t, 17, histograms)
}

func TestRustShimRespondsLikeTheCapture(t *testing.T) {
	r := get(t, addPod(t, Options{Rust: true}), "/metrics")
	assert.Empty(t, r.encoding)
	assert.NotContains(t, r.header, "Content-Type")
	text := body(t, r)
	assert.Equal(t, r.length, int64(len(text)))
	assert.InEpsilon(t, 33_000, len(text), 0.05, "bytes")
	assert.InEpsilon(t, 606, samples(text), 0.02, "samples")
	parse(t, text)
	names := familyNames(text)
	require.Len(t, names, 26)
	assert.Equal(t, []string{
		"kata_hypervisor_scrape_count", "kata_hypervisor_seccomp", "kata_hypervisor_signals", "kata_hypervisor_vcpu",
		"kata_shim_fds", "kata_shim_io_stat", "kata_shim_proc_stat", "kata_shim_proc_status", "kata_shim_threads",
	}, names[17:], "the host part comes last")
	assert.Contains(t, text, "\nkata_guest_meminfo{item=\"mem_total\"} 25276510208\n", "numbers in the format of Rust")
	assert.NotContains(t, text, "vmpmd")

	other := metrics(t, addPod(t, Options{Rust: true, Hypervisor: "clh"}))
	assert.NotContains(t, other, "kata_hypervisor_")
	assert.Contains(t, other, "kata_shim_threads")
}

func TestFamiliesMatchTheCaptures(t *testing.T) {
	for name, options := range map[string]Options{
		"go-shim.prom": {}, "go-shim-no-agent.prom": {NoGuest: true}, "runtime-rs-shim.prom": {Rust: true},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("../../../../shared/kata/" + name)
			if os.IsNotExist(err) {
				t.Skip("the captures of real pods are not available")
			}
			require.NoError(t, err)
			captured, simulated := parse(t, string(data)), parse(t, metrics(t, addPod(t, options)))
			for name, family := range captured {
				if assert.Contains(t, simulated, name) {
					assert.Equal(t, family.GetType(), simulated[name].GetType(), name)
					assert.Len(t, simulated[name].Metric, len(family.Metric), name)
				}
			}
			assert.Len(t, simulated, len(captured))
		})
	}
}

func TestUnitsDifferBetweenTheRuntimes(t *testing.T) {
	resident := func(options Options, family string) float64 {
		for _, metric := range parse(t, metrics(t, addPod(t, options)))[family].Metric {
			if metric.Label[0].GetValue() == "vmrss" {
				return metric.Gauge.GetValue()
			}
		}
		return 0
	}
	assert.Greater(t, resident(Options{}, "kata_shim_proc_status"), 5e7, "bytes")
	rust := resident(Options{Rust: true}, "kata_shim_proc_status")
	assert.Greater(t, rust, 1e4, "KiB")
	assert.Less(t, rust, 1e6, "KiB")
	assert.Less(t, resident(Options{}, "kata_agent_proc_status"), 1e6, "KiB")
}

func TestPodWithoutGuestSendsTheHostPart(t *testing.T) {
	text := metrics(t, addPod(t, Options{NoGuest: true}))
	assert.NotContains(t, text, "kata_guest_")
	assert.InEpsilon(t, 39_400, len(text), 0.06, "bytes")
	assert.Len(t, parse(t, text), 58)
}

func TestProcessMetricsAreThoseOfThisProcess(t *testing.T) {
	var m processMetrics
	goFamilies, processFamilies, err := m.families()
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(goFamilies, []byte("# HELP go_")))
	assert.True(t, bytes.HasPrefix(processFamilies, []byte("# HELP process_")))
	assert.Len(t, familyNames(string(goFamilies)), 29)
	assert.Len(t, familyNames(string(processFamilies)), 9)
	again, _, err := m.families()
	require.NoError(t, err)
	assert.Same(t, &goFamilies[0], &again[0], "gathered once for many pods")
}

func TestMalformedFamiliesPanic(t *testing.T) {
	const head = "# HELP a A.\n# TYPE a gauge\n"
	for _, text := range []string{"a 1\n", head + "a\n", head + "a many\n", head + "a +1*many/64\n", head + "a ~1.5\n"} {
		assert.Panics(t, func() { parseFamilies(text) }, text)
	}
}

func BenchmarkGoShimText(b *testing.B) {
	p := addPod(b, Options{})
	var body parts
	b.ReportAllocs()
	for b.Loop() {
		if err := body.fill(p, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(body.host) + len(body.guest)))
}

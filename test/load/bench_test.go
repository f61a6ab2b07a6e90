package main

import (
	"bytes"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBenchFlags(t *testing.T) {
	var stderr bytes.Buffer
	o, err := parseBenchFlags([]string{"-gvisor=5,10", "-kata=", "-interval=2s", "-cycles=1"}, &stderr)
	require.NoError(t, err)
	assert.Equal(t, []int{5, 10}, o.gvisor)
	assert.Empty(t, o.kata)
	assert.Equal(t, 2*time.Second, o.interval)
	for _, args := range [][]string{
		{"-gvisor=x"}, {"-gvisor=0"}, {"-kata=-1"}, {"-usage=-1"}, {"-cycles=0"}, {"-interval=1ms"}, {"argument"}, {"-unknown"},
	} {
		_, err := parseBenchFlags(args, &stderr)
		require.Error(t, err, args)
	}
	_, err = parseBenchFlags([]string{"-h"}, &stderr)
	require.ErrorIs(t, err, flag.ErrHelp)
	assert.ErrorContains(t, run(t.Context(), []string{"unknown"}, &stderr, &stderr), `invalid command "unknown"`)
}

// goodRows returns values within all limits.
func goodRows() []*row {
	good := receiveResult{
		First: time.Second, CPU: 40 * time.Millisecond, Points: 60_000, Allocations: 6.3, PDataAllocations: 6.2,
		PeakMemory: 60 << 20, Heap: 4 << 20, Stop: time.Second,
	}
	small := good
	small.Heap, small.Allocations, small.Points = 1<<20, 20, 600
	return []*row{
		{gvisor: 10, receiver: small, baseline: discardResult{CPU: time.Millisecond}},
		{
			gvisor: referenceLoad, receiver: good,
			persistent: discardResult{CPU: 10 * time.Millisecond}, baseline: discardResult{CPU: 12 * time.Millisecond},
			metricServer: &metricServerResult{CPU: 1700 * time.Millisecond},
		},
		{kata: 50, receiver: good, baseline: discardResult{CPU: 4 * time.Millisecond}},
	}
}

func TestChecks(t *testing.T) {
	var output bytes.Buffer
	require.NoError(t, printChecks(&output, checks(goodRows()), true))
	assert.NotContains(t, output.String(), "NOT MET")
	for name, c := range map[string]struct {
		exceed func(rows []*row)
		noisy  bool
	}{
		"never delivered":                    {func(rows []*row) { rows[0].receiver.Missing = 1 }, false},
		"goroutines left":                    {func(rows []*row) { rows[2].receiver.Goroutines = 1 }, false},
		"descriptors left":                   {func(rows []*row) { rows[1].receiver.Descriptors = 1 }, false},
		"allocations per point":              {func(rows []*row) { rows[1].receiver.Allocations = 6.45 }, false},
		"heap per sandbox":                   {func(rows []*row) { rows[1].receiver.Heap = 15 << 20 }, false},
		"peak memory":                        {func(rows []*row) { rows[1].receiver.PeakMemory = 121 << 20 }, false},
		"time to stop":                       {func(rows []*row) { rows[0].receiver.Stop = 3 * time.Second }, true},
		"multiple of persistent connections": {func(rows []*row) { rows[1].persistent.CPU = 7 * time.Millisecond }, true},
		"multiple of the baseline":           {func(rows []*row) { rows[1].baseline.CPU = 7 * time.Millisecond }, true},
		"all have delivered":                 {func(rows []*row) { rows[1].receiver.First = 3 * time.Second }, true},
		"50 Kata: CPU":                       {func(rows []*row) { rows[2].receiver.CPU = 51 * time.Millisecond }, true},
	} {
		t.Run(name, func(t *testing.T) {
			rows := goodRows()
			c.exceed(rows)
			output.Reset()
			require.ErrorContains(t, printChecks(&output, checks(rows), true), name)
			assert.Regexp(t, `NOT MET  .*`+name, output.String())
			output.Reset()
			assert.Equal(t, c.noisy, printChecks(&output, checks(rows), false) == nil, "noisy values fail only if strict")
		})
	}
}

func TestTableContainsAllLoadsAndUpstream(t *testing.T) {
	var output bytes.Buffer
	printTable(&output, benchOptions{points: 60}, goodRows())
	for _, text := range []string{
		"10 gVisor", "1000 gVisor", "50 Kata", "receiver CPU", "6.30", "3.1 KB",
		"1.70 s per scrape (42 × the receiver's)",
		"The same ratio on this machine is 1.04 s, 26 × the receiver's CPU time",
	} {
		assert.Contains(t, output.String(), text)
	}
}

func TestLegendExplainsAllColumns(t *testing.T) {
	for _, header := range headers[1:] {
		assert.Contains(t, legend, "\n"+header+" ")
	}
	assert.Len(t, goodRows()[0].cells("-"), len(headers))
}

func TestHeapPerSandboxExcludesSharedMemory(t *testing.T) {
	per := heapPerSandbox(goodRows())
	assert.Len(t, per, 1)
	for r, bytes := range per {
		assert.Equal(t, referenceLoad, r.gvisor)
		assert.InDelta(t, float64(3<<20)/990, bytes, 1)
	}
	assert.Empty(t, heapPerSandbox(goodRows()[1:]), "there is no smaller load to compare with")
}

func TestBench(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var stdout, stderr bytes.Buffer
	args := []string{"bench", "-gvisor=20", "-kata=", "-usage=10", "-interval=1s", "-cycles=1", "-profiles", t.TempDir()}
	require.NoError(t, run(t.Context(), args, &stdout, &stderr))
	assert.Regexp(t, `20 gVisor +0\.2 MB .* 1[0-9]{3} `, stdout.String(), "bytes read and points of a cycle")
	assert.Contains(t, stdout.String(), "met      20 gVisor: sandboxes that never delivered")
	for _, v := range newVariants() {
		assert.Regexp(t, `(?m)^ *`+v.name+` +[0-9]+`, stdout.String())
		assert.Contains(t, stdout.String(), "met      "+v.name+": sandboxes that never delivered")
	}
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	assert.Empty(t, left)
}

package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// goodVariants returns values within all limits.
func goodVariants() []*variant {
	variants := newVariants()
	for _, v := range variants {
		v.result = receiveResult{CPU: 100 * time.Millisecond, PeakMemory: 80 << 20, Series: 20, UsageSeries: 20}
		if v.settings.Usage {
			v.result.CPU = 130 * time.Millisecond
		}
	}
	return variants
}

func TestVariantChecks(t *testing.T) {
	var output bytes.Buffer
	require.NoError(t, printChecks(&output, variantChecks(goodVariants()), true))
	assert.NotContains(t, output.String(), "NOT MET")
	for name, c := range map[string]struct {
		exceed func(byName map[string]*receiveResult)
		noisy  bool
	}{
		"usage on: CPU per cycle":                  {func(r map[string]*receiveResult) { r[usageOff].CPU = 99 * time.Millisecond }, true},
		"usage on: peak memory":                    {func(r map[string]*receiveResult) { r[usageOn].PeakMemory = 121 << 20 }, false},
		"usage off: sandboxes that never":          {func(r map[string]*receiveResult) { r[usageOff].Missing = 1 }, false},
		"preset minimal: points per sandbox":       {func(r map[string]*receiveResult) { r[presetMinimal].Series = 21 }, false},
		"preset default: points of usage":          {func(r map[string]*receiveResult) { r[presetDefault].UsageSeries = 21 }, false},
		"preset all: goroutines left":              {func(r map[string]*receiveResult) { r[presetAll].Goroutines = 1 }, false},
		"preset all: descriptors left after the s": {func(r map[string]*receiveResult) { r[presetAll].Descriptors = 1 }, false},
	} {
		variants := goodVariants()
		byName := make(map[string]*receiveResult)
		for _, v := range variants {
			byName[v.name] = &v.result
		}
		c.exceed(byName)
		output.Reset()
		require.ErrorContains(t, printChecks(&output, variantChecks(variants), true), name)
		assert.Equal(t, c.noisy, printChecks(&output, variantChecks(variants), false) == nil, name)
	}
}

func TestSettingsAreApplied(t *testing.T) {
	for _, v := range newVariants() {
		config, err := receiverConfig(v.settings.Preset, "/root", []string{"/storage"}, 10*time.Second)
		require.NoError(t, err)
		v.settings.UsageInterval, v.settings.CgroupRoot = 30*time.Second, "/cgroup"
		v.settings.apply(config)
		assert.Equal(t, v.settings.Usage, config.Usage.Enabled, v.name)
		assert.Equal(t, 30*time.Second, config.Usage.Interval)
		assert.Equal(t, "/cgroup", config.Usage.CgroupRoot)
		assert.Equal(t, []string{"/root"}, config.GVisor.Roots, "a preset does not reset it")
		assert.Equal(t, v.name == presetAll, config.Metrics.SandboxMemoryPeak.Enabled, v.name)
		assert.Equal(t, v.name != presetMinimal, config.Metrics.SandboxMemoryLimit.Enabled, v.name)
	}
}

func TestIntervalsAreMeasuredInGroups(t *testing.T) {
	task := receiveTask{Interval: 10 * time.Second}
	duration, intervals := task.group()
	assert.Equal(t, 10*time.Second, duration)
	assert.Equal(t, 1, intervals)
	task.UsageInterval = 30 * time.Second
	duration, intervals = task.group()
	assert.Equal(t, 30*time.Second, duration)
	assert.Equal(t, 3, intervals)
}

func TestSeriesCounts(t *testing.T) {
	data := pmetric.NewMetrics()
	add := func(container string, names ...string) {
		resource := data.ResourceMetrics().AppendEmpty()
		resource.Resource().Attributes().PutStr("sandbox.id", "a")
		if container != "" {
			resource.Resource().Attributes().PutStr("container.id", container)
		}
		metrics := resource.ScopeMetrics().AppendEmpty().Metrics()
		for _, name := range names {
			metric := metrics.AppendEmpty()
			metric.SetName(name)
			points := metric.SetEmptySum().DataPoints()
			points.AppendEmpty().Attributes().PutStr("cpu.mode", "user")
			points.AppendEmpty().Attributes().PutStr("cpu.mode", "system")
		}
	}
	add("", "sandbox.cpu.time", "gvisor.fs.opens")
	add("", "sandbox.cpu.time")
	add("c1", "container.cpu.time")
	add("c2", "container.cpu.time")
	histogram := data.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().AppendEmpty()
	histogram.SetEmptyHistogram().DataPoints().AppendEmpty()
	counts := &seriesCounts{bySandbox: make(map[string]map[string]bool), usage: usageNames()}
	counts.add(data)
	var result receiveResult
	result.countSeries(counts, 2)
	assert.InDelta(t, 5.5, result.Emitted, 0)
	assert.Equal(t, 9, result.Series)
	assert.Equal(t, 6, result.UsageSeries)
}

func TestDeliveredByIgnoresUsage(t *testing.T) {
	data := dataOf(5, "a")
	for _, metric := range data.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().All() {
		metric.SetName("sandbox.memory.usage")
	}
	assert.Empty(t, deliveredBy(data))
}

package main

import (
	"bytes"
	"encoding/json"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

func TestExport(t *testing.T) {
	h := newMixedHost(t)
	for name, id := range map[string]string{
		"gvisor": "web", "unregistered": "batch", "pod": "default/simulated-" + podID[:8], "kata": kataID[:6],
	} {
		t.Run(name, func(t *testing.T) {
			r := h.execute(t, "export", id)
			_, err := parser().TextToMetricFamilies(bytes.NewBufferString(r.stdout))
			require.NoError(t, err)
			r.stdout = withoutValues(r.stdout)
			assertGolden(t, "export/"+name, r.String())
		})
	}
	// What is known on the host depends on the host.
	r := h.execute(t, "export", qemuID)
	assert.Equal(t, exitOK, r.status)
	assert.Contains(t, r.stdout, "kata_shim_threads{sandbox_id=\""+qemuID)
	assert.Contains(t, r.stderr, "The shim is not contacted (unsafe_hypervisor), so only what is known on the host is printed. ")
	r = h.execute(t, "export", "-o", "otlp-json", qemuID)
	assert.Equal(t, exitOK, r.status)
	assert.Contains(t, r.stdout, `"sandbox.cpu.time"`)
	for _, pod := range h.Kata() {
		calls := 0
		if pod.ID() == kataID {
			calls = 1
		}
		assert.EqualValues(t, calls, pod.Load().Calls, pod.ID())
		assert.False(t, pod.Crashed())
	}
}

func parser() *expfmt.TextParser {
	p := expfmt.NewTextParser(model.UTF8Validation)
	return &p
}

func TestExportOTLP(t *testing.T) {
	h := newMixedHost(t)
	for name, id := range map[string]string{"gvisor": "web", "pod": podID} {
		t.Run(name, func(t *testing.T) {
			r := h.execute(t, "export", "-o", "otlp-json", id)
			var indented bytes.Buffer
			require.NoError(t, json.Indent(&indented, []byte(r.stdout), "", "  "))
			r.stdout = withoutValues(indented.String())
			assertGolden(t, "export/otlp."+name, r.String())
		})
	}
}

func TestExportErrors(t *testing.T) {
	h := newMixedHost(t)
	stalled, err := h.AddGVisor(gvisor.Options{ID: "stalled", Mode: gvisor.Stall})
	require.NoError(t, err)
	for name, test := range map[string]struct {
		args   []string
		status int
		text   string
	}{
		"no such sandbox": {[]string{"nothing"}, exitNothing, `find sandbox "nothing": no sandbox has this ID: run sandboxctl list`},
		"ambiguous":       {[]string{"c0de"}, exitUsage, `sandbox "c0de" is ambiguous: it matches /simulated/kata/` + rustID},
		"skipped":         {[]string{"other.state"}, exitNothing, "/simulated/runsc/other.state is not collected: foreign: "},
		"excluded": {
			[]string{podID, "--config=yaml:receivers::sandbox::exclude::namespaces: [{strict: default}]"},
			exitNothing, "is not collected: excluded: ",
		},
		"no argument":   {nil, exitUsage, "accepts 1 arg(s), received 0"},
		"two arguments": {[]string{"web", "batch"}, exitUsage, "accepts 1 arg(s), received 2"},
		"format":        {[]string{"web", "-o", "table"}, exitUsage, "must be one of prometheus, otlp-json"},
		"no response": {
			[]string{"stalled", "--config=yaml:receivers::sandbox::timeout: 200ms"},
			exitError, "read metrics of sandbox stalled: timeout: ",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := h.execute(t, append([]string{"export"}, test.args...)...)
			assert.Equal(t, test.status, r.status)
			assert.Contains(t, r.stderr, "sandboxctl: ")
			assert.Contains(t, r.stderr, test.text)
			assert.Empty(t, r.stdout)
		})
	}
	assert.Positive(t, stalled.Load().Connections+int(stalled.Load().Calls))
}

func TestExposition(t *testing.T) {
	label := sandbox.Family{Prometheus: sandbox.Descriptor{
		Name: "a_total", Description: "A \\ counter\nwith lines.", Kind: sandbox.Counter, LabelKeys: []string{"x", "", "z"},
		Attributes: []sandbox.Attribute{{Key: "fixed", Value: "1"}}, Scale: 0.5,
	}}
	gauge := sandbox.Family{Prometheus: sandbox.Descriptor{Name: "g", Kind: sandbox.UpDownCounter}}
	histogram := sandbox.Family{Prometheus: sandbox.Descriptor{Name: "h", Kind: sandbox.Histogram, Scale: 2}}
	summary := sandbox.Family{Prometheus: sandbox.Descriptor{Name: "s", Kind: sandbox.Summary}}
	var r sandbox.Reading
	r.Time = fixedTime
	r.AddLabeled(&label, sandbox.Int(3), "\"quoted\"", "omitted")
	r.Add(&gauge, sandbox.Float(-1.5))
	r.Add(&sandbox.Family{OTel: sandbox.Descriptor{Name: "other.naming"}}, sandbox.Int(1))
	r.AddLabeled(&label, sandbox.Int(4), "b", "", "c")
	r.Points = append(r.Points,
		sandbox.Point{Family: &histogram, Distribution: &sandbox.Distribution{
			Count: 6, Sum: 10, Bounds: []float64{1, 2}, Buckets: []uint64{1, 2, 3},
		}},
		sandbox.Point{Family: &summary, Distribution: &sandbox.Distribution{
			Count: 2, Sum: 3, Quantiles: []sandbox.Quantile{{Quantile: 0.5, Value: 1}},
		}})
	id := &sandbox.Identity{UpstreamLabels: []sandbox.Attribute{{Key: "sandbox", Value: "web"}}}
	var text bytes.Buffer
	require.NoError(t, writeExposition(&text, id, &r, true))
	require.NoError(t, writeExposition(&text, &sandbox.Identity{}, &r, false))
	assertGolden(t, "exposition", text.String())
	_, err := parser().TextToMetricFamilies(&text)
	require.Error(t, err, "the same families twice")
	assert.Equal(t, dto.MetricType_GAUGE, prometheusTypes[sandbox.Gauge])
}

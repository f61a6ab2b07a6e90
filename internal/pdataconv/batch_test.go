package pdataconv

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/xpdata/entity"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	taken   = time.Unix(1_700_000_100, 0)
	began   = time.Unix(1_700_000_000, 0)
	watched = time.Unix(1_700_000_050, 0)
)

func identity() *sandbox.Identity {
	return &sandbox.Identity{
		Runtime: sandbox.RuntimeGVisor, RuntimeVersion: "release-1", Root: "/run/runsc",
		ID: "web", Iteration: "1zo45", Trust: sandbox.Registered,
		Pod:            sandbox.Pod{Name: "web-0", Namespace: "shop", UID: "u-1"},
		UpstreamLabels: []sandbox.Attribute{{Key: "sandbox", Value: "web"}, {Key: "iteration", Value: "1zo45"}},
	}
}

// both makes a family with the same descriptor in both namings, but for the name.
func both(origin sandbox.Origin, otel, prometheus string, descriptor sandbox.Descriptor) *sandbox.Family {
	family := &sandbox.Family{Origin: origin, OTel: descriptor, Prometheus: descriptor}
	family.OTel.Name, family.Prometheus.Name = otel, prometheus
	family.Prometheus.Unit = ""
	return family
}

// everything is a reading with one point of each kind, and more where points
// share a metric.
func everything() *sandbox.Reading {
	r := &sandbox.Reading{Time: taken, Start: began, Discovered: watched}
	opens := both(sandbox.Host, "gvisor.fs.opens", "runsc_fs_opens", sandbox.Descriptor{Kind: sandbox.Counter, Description: "Opens.", Unit: "{open}"})
	r.Add(opens, sandbox.Int(7))
	calls := both(sandbox.Host, "gvisor.calls", "runsc_calls", sandbox.Descriptor{Kind: sandbox.Counter, LabelKeys: []string{"number"}})
	r.AddLabeled(calls, sandbox.Int(3), "334")
	r.AddLabeled(calls, sandbox.Int(4), "335")
	r.Add(both(sandbox.Host, "gvisor.now", "runsc_now", sandbox.Descriptor{Kind: sandbox.Gauge}), sandbox.Float(1.5))
	r.Add(both(sandbox.Guest, "kata.guest.load", "kata_guest_load", sandbox.Descriptor{Kind: sandbox.UpDownCounter}), sandbox.Int(-2))
	// One name in one naming, two in the other; a label that only one keeps.
	user := both(sandbox.Guest, "kata.guest.cpu.time", "kata_guest_cpu_time", sandbox.Descriptor{Kind: sandbox.Gauge})
	user.OTel = sandbox.Descriptor{
		Name: "kata.guest.cpu.time", Unit: "s", Kind: sandbox.Counter, Scale: 0.001,
		LabelKeys: []string{"cpu"}, Attributes: []sandbox.Attribute{{Key: "cpu.mode", Value: "user"}},
	}
	user.Prometheus.LabelKeys = []string{"cpu"}
	user.Prometheus.Attributes = []sandbox.Attribute{{Key: "item", Value: "user"}}
	r.AddLabeled(user, sandbox.Int(1500), "0")
	memory := both(sandbox.Host, "kata.shim.memory", "kata_shim_status", sandbox.Descriptor{Kind: sandbox.Gauge})
	memory.OTel.Scale, memory.OTel.LabelKeys, memory.Prometheus.LabelKeys = 1024, []string{""}, []string{"item"}
	r.AddLabeled(memory, sandbox.Int(3), "vmrss")
	r.Add(both(sandbox.Host, "", "runsc_only_prometheus", sandbox.Descriptor{}), sandbox.Int(1))
	r.Add(both(sandbox.Receiver, "sandbox.state", "", sandbox.Descriptor{Kind: sandbox.UpDownCounter}), sandbox.Int(1))
	r.Points = append(r.Points, sandbox.Point{
		Family: both(sandbox.Host, "kata.rpc", "kata_rpc_ms", sandbox.Descriptor{Kind: sandbox.Histogram}),
		Distribution: &sandbox.Distribution{
			Count: 6, Sum: 50, HasRange: true, Min: 1, Max: 30,
			Bounds: []float64{1, 10}, Buckets: []uint64{1, 2, 3},
		},
	}, sandbox.Point{
		Family:       both(sandbox.Host, "kata.gc", "kata_gc", sandbox.Descriptor{Kind: sandbox.Summary}),
		Distribution: &sandbox.Distribution{Count: 2, Sum: 0.5, Quantiles: []sandbox.Quantile{{Quantile: 0.5, Value: 0.25}}},
	})
	r.Points[len(r.Points)-2].Family.OTel.Scale = 0.001
	return r
}

func converter(naming sandbox.Naming) *Converter {
	return New(Settings{Naming: naming, Attributes: metadata.DefaultResourceAttributesConfig(), Version: "1.2.3"})
}

func golden(t *testing.T, name string, metrics pmetric.Metrics) {
	t.Helper()
	text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(metrics)
	require.NoError(t, err)
	var pretty bytes.Buffer
	require.NoError(t, json.Indent(&pretty, text, "", " "))
	pretty.WriteByte('\n')
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, pretty.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), pretty.String())
}

func TestConversion(t *testing.T) {
	for _, naming := range sandbox.Namings {
		t.Run(string(naming), func(t *testing.T) {
			b := converter(naming).NewBatch()
			b.Append(identity(), everything())
			points := b.Points()
			metrics := b.Take()
			assert.Equal(t, metrics.DataPointCount(), points)
			assert.Zero(t, b.Points())
			golden(t, string(naming)+".json", metrics)
		})
		t.Run(string(naming)+" end", func(t *testing.T) {
			b := converter(naming).NewBatch()
			b.AppendEnd(identity(), everything())
			golden(t, string(naming)+"-end.json", b.Take())
		})
	}
}

// TestEndsHaveAMetricEach: see [Batch.AppendEnd].
func TestEndsHaveAMetricEach(t *testing.T) {
	b := converter(sandbox.OTel).NewBatch()
	b.AppendEnd(identity(), everything())
	metrics := b.Take()
	assert.Equal(t, metrics.MetricCount(), metrics.DataPointCount())
}

func TestReadingAboutNoSandbox(t *testing.T) {
	b := converter(sandbox.Prometheus).NewBatch()
	r := &sandbox.Reading{Time: taken}
	r.Add(both(sandbox.Host, "", "runsc_meta_count", sandbox.Descriptor{}), sandbox.Int(2))
	b.Append(nil, r)
	resource := b.Take().ResourceMetrics().At(0)
	assert.Zero(t, resource.Resource().Attributes().Len())
	point := resource.ScopeMetrics().At(0).Metrics().At(0).Gauge().DataPoints().At(0)
	assert.Zero(t, point.Attributes().Len())
}

func TestReadingWithoutPointsInTheNamingAddsNothing(t *testing.T) {
	b := converter(sandbox.OTel).NewBatch()
	r := &sandbox.Reading{Time: taken}
	r.Add(both(sandbox.Host, "", "only_prometheus", sandbox.Descriptor{}), sandbox.Int(2))
	b.Append(identity(), r)
	assert.Zero(t, b.Take().ResourceMetrics().Len())
}

func TestStartAfterTheValuesIsLeftOut(t *testing.T) {
	b := converter(sandbox.OTel).NewBatch()
	r := &sandbox.Reading{Time: began, Start: taken}
	r.Add(both(sandbox.Host, "a", "a", sandbox.Descriptor{Kind: sandbox.Counter}), sandbox.Int(2))
	b.Append(identity(), r)
	point := b.Take().ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0)
	assert.Zero(t, point.StartTimestamp())
	assert.Equal(t, pcommon.NewTimestampFromTime(began), point.Timestamp())
}

func TestResourceAttributesAndEntities(t *testing.T) {
	config := metadata.DefaultResourceAttributesConfig()
	config.K8sPodUID.Enabled = false
	b := New(Settings{Naming: sandbox.OTel, Attributes: config}).NewBatch()
	id := identity()
	id.RuntimeVersion = ""
	r := &sandbox.Reading{Time: taken}
	r.Add(both(sandbox.Host, "a", "a", sandbox.Descriptor{}), sandbox.Int(2))
	b.Append(id, r)
	resource := b.Take().ResourceMetrics().At(0).Resource()
	assert.Equal(t, map[string]any{
		"sandbox.id": "web", "sandbox.iteration": "1zo45", "sandbox.runtime.name": "gvisor",
		"sandbox.trust": "registered", "k8s.pod.name": "web-0", "k8s.namespace.name": "shop",
	}, resource.Attributes().AsRaw(), "disabled and empty attributes are left out")
	assert.Equal(t, 1, entityCount(resource), "no entity k8s.pod without its UID")
}

func TestFiltersOnResourceAttributes(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*metadata.ResourceAttributesConfig)
		keeps  bool
	}{
		"no filter": {func(*metadata.ResourceAttributesConfig) {}, true},
		"included": {func(c *metadata.ResourceAttributesConfig) {
			c.K8sNamespaceName.MetricsInclude = []filter.Config{{Strict: "shop"}}
		}, true},
		"not included": {func(c *metadata.ResourceAttributesConfig) {
			c.K8sNamespaceName.MetricsInclude = []filter.Config{{Strict: "other"}}
		}, false},
		"excluded": {func(c *metadata.ResourceAttributesConfig) {
			c.SandboxID.MetricsExclude = []filter.Config{{Regex: "w.*"}}
		}, false},
		"not excluded, though disabled": {func(c *metadata.ResourceAttributesConfig) {
			c.SandboxID.Enabled = false
			c.SandboxID.MetricsExclude = []filter.Config{{Strict: "db"}}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			config := metadata.DefaultResourceAttributesConfig()
			test.change(&config)
			assert.Equal(t, test.keeps, New(Settings{Naming: sandbox.OTel, Attributes: config}).Keeps(identity()))
		})
	}
}

// typical is what a busy gVisor sandbox yields: 60 families without labels.
func typical() *sandbox.Reading {
	r := &sandbox.Reading{Time: taken, Start: began}
	for i := range 60 {
		kind := sandbox.Counter
		if i%10 == 0 {
			kind = sandbox.Gauge
		}
		r.Add(both(sandbox.Host, fmt.Sprintf("gvisor.f%d", i), fmt.Sprintf("runsc_f%d", i), sandbox.Descriptor{Kind: kind}), sandbox.Int(int64(i)))
	}
	return r
}

// bare builds the pdata of a typical reading with nothing around it, as a
// measure of what pdata itself costs.
func bare(metrics pmetric.Metrics, r *sandbox.Reading) {
	resource := metrics.ResourceMetrics().AppendEmpty()
	scope := resource.ScopeMetrics().AppendEmpty()
	scope.Metrics().EnsureCapacity(len(r.Points))
	for i := range r.Points {
		descriptor := &r.Points[i].Family.OTel
		metric := scope.Metrics().AppendEmpty()
		metric.SetName(descriptor.Name)
		var point pmetric.NumberDataPoint
		if descriptor.Kind == sandbox.Counter {
			point = metric.SetEmptySum().DataPoints().AppendEmpty()
		} else {
			point = metric.SetEmptyGauge().DataPoints().AppendEmpty()
		}
		point.SetIntValue(r.Points[i].Value.AsInt())
	}
}

// TestConversionAllocatesWhatPdataDoes: a resource costs some allocations for
// its attributes and entities; the points must cost none of ours.
func TestConversionAllocatesWhatPdataDoes(t *testing.T) {
	r, id := typical(), identity()
	b := converter(sandbox.OTel).NewBatch()
	ours := testing.AllocsPerRun(100, func() {
		b.Append(id, r)
		b.Take()
	})
	theirs := testing.AllocsPerRun(100, func() {
		metrics := pmetric.NewMetrics()
		bare(metrics, r)
	})
	const resource = 45
	assert.LessOrEqual(t, ours, theirs+resource)
}

func BenchmarkAppend(b *testing.B) {
	r, id := typical(), identity()
	for _, naming := range sandbox.Namings {
		b.Run(string(naming), func(b *testing.B) {
			batch := converter(naming).NewBatch()
			b.ReportAllocs()
			for b.Loop() {
				batch.Append(id, r)
				if batch.Points() > 8000 {
					batch.Take()
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(r.Points)), "ns/point")
		})
	}
	b.Run("bare", func(b *testing.B) {
		metrics := pmetric.NewMetrics()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			bare(metrics, r)
			if i%130 == 0 {
				metrics = pmetric.NewMetrics()
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(r.Points)), "ns/point")
	})
}

func entityCount(resource pcommon.Resource) int {
	return entity.ResourceEntityRefs(resource).Len()
}

// TestInfoFamilies checks that info families are emitted with some readings only, but
// always ended.
func TestInfoFamilies(t *testing.T) {
	family := &sandbox.Family{
		OTel:       sandbox.Descriptor{Name: "gvisor.build", Info: true},
		Prometheus: sandbox.Descriptor{Name: "runsc_build"},
	}
	for _, test := range []struct {
		naming sandbox.Naming
		info   bool
		end    bool
		want   int
	}{
		{sandbox.OTel, false, false, 0},
		{sandbox.OTel, true, false, 1},
		{sandbox.OTel, false, true, 1},
		{sandbox.Prometheus, false, false, 1},
		{sandbox.Prometheus, true, false, 1},
	} {
		batch := New(Settings{Naming: test.naming, Attributes: metadata.DefaultResourceAttributesConfig()}).NewBatch()
		r := &sandbox.Reading{Time: taken, Info: test.info}
		r.Add(family, sandbox.Int(1))
		if test.end {
			batch.AppendEnd(identity(), r)
		} else {
			batch.Append(identity(), r)
		}
		assert.Equal(t, test.want, batch.Points(), "%+v", test)
	}
}

// TestPartsHaveResourcesOfTheirOwn converts a reading about a sandbox and one of its
// containers.
func TestPartsHaveResourcesOfTheirOwn(t *testing.T) {
	family := both(sandbox.Host, "gvisor.opens", "runsc_opens", sandbox.Descriptor{Kind: sandbox.Counter})
	container := identity()
	container.Container = sandbox.Container{ID: "c1", Name: "app"}
	r := &sandbox.Reading{Time: taken}
	r.Add(family, sandbox.Int(1))
	r.Resource(container)
	r.Add(family, sandbox.Int(2))
	b := converter(sandbox.OTel).NewBatch()
	b.Append(identity(), r)
	metrics := b.Take()
	require.Equal(t, 2, metrics.ResourceMetrics().Len())
	for i, want := range []int64{1, 2} {
		resource := metrics.ResourceMetrics().At(i)
		id, found := resource.Resource().Attributes().Get("container.id")
		assert.Equal(t, want == 2, found && id.Str() == "c1")
		assert.Equal(t, want, resource.ScopeMetrics().At(0).Metrics().At(0).Sum().DataPoints().At(0).IntValue())
	}
}

func TestAttributesOfTheRuntimeAreOptional(t *testing.T) {
	id := identity()
	id.Attributes = []sandbox.Attribute{{Key: "gvisor.platform", Value: "kvm"}, {Key: "not.configured", Value: "x"}}
	config := metadata.DefaultResourceAttributesConfig()
	for _, enabled := range []bool{false, true} {
		config.GvisorPlatform.Enabled = enabled
		b := New(Settings{Naming: sandbox.OTel, Attributes: config}).NewBatch()
		b.Append(id, typical())
		attributes := b.Take().ResourceMetrics().At(0).Resource().Attributes()
		platform, found := attributes.Get("gvisor.platform")
		assert.Equal(t, enabled, found && platform.Str() == "kvm")
		_, found = attributes.Get("not.configured")
		assert.False(t, found, "only attributes in metadata.yaml are exported")
	}
}

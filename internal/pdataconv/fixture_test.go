package pdataconv

import (
	"fmt"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Times of readings.
var (
	started    = time.Unix(1_700_000_000, 0)
	discovered = time.Unix(1_700_000_050, 0)
	pulled     = time.Unix(1_700_000_100, 0)
)

func newConverter(naming sandbox.Naming) *Converter {
	return New(Settings{Naming: naming, Attributes: metadata.DefaultResourceAttributesConfig(), Version: "1.2.3"})
}

func identity() *sandbox.Identity {
	return &sandbox.Identity{
		Runtime: sandbox.RuntimeGVisor, RuntimeVersion: "release-1", Root: "/run/runsc",
		ID: "web", Iteration: "1zo45", Trust: sandbox.Registered,
		Pod:            sandbox.Pod{Name: "web-0", Namespace: "shop", UID: "u-1"},
		UpstreamLabels: []sandbox.Attribute{{Key: "sandbox", Value: "web"}, {Key: "iteration", Value: "1zo45"}},
	}
}

// newFamily returns a family with the same descriptor in both namings, except for the
// name and the unit, which the naming "prometheus" does not have.
func newFamily(origin sandbox.Origin, otel, prometheus string, descriptor sandbox.Descriptor) *sandbox.Family {
	family := &sandbox.Family{Origin: origin, OTel: descriptor, Prometheus: descriptor}
	family.OTel.Name, family.Prometheus.Name = otel, prometheus
	family.Prometheus.Unit = ""
	return family
}

// completeReading returns a reading with points of each kind and of each origin, some
// of which share a metric.
func completeReading() *sandbox.Reading {
	r := &sandbox.Reading{Time: pulled, Start: started, Discovered: discovered}
	addNumbers(r)
	addPointsThatDifferByNaming(r)
	addDistributions(r)
	return r
}

func addNumbers(r *sandbox.Reading) {
	opens := sandbox.Descriptor{Kind: sandbox.Counter, Description: "Opens.", Unit: "{open}"}
	r.Add(newFamily(sandbox.Host, "gvisor.fs.opens", "runsc_fs_opens", opens), sandbox.Int(7))
	calls := newFamily(sandbox.Host, "gvisor.calls", "runsc_calls",
		sandbox.Descriptor{Kind: sandbox.Counter, LabelKeys: []string{"number"}})
	r.AddLabeled(calls, sandbox.Int(3), "334")
	r.AddLabeled(calls, sandbox.Int(4), "335")
	r.Add(newFamily(sandbox.Host, "gvisor.now", "runsc_now", sandbox.Descriptor{Kind: sandbox.Gauge}), sandbox.Float(1.5))
	load := sandbox.Descriptor{Kind: sandbox.UpDownCounter}
	r.Add(newFamily(sandbox.Guest, "kata.guest.load", "kata_guest_load", load), sandbox.Int(-2))
}

func addPointsThatDifferByNaming(r *sandbox.Reading) {
	user := newFamily(sandbox.Guest, "kata.guest.cpu.time", "kata_guest_cpu_time", sandbox.Descriptor{Kind: sandbox.Gauge})
	user.OTel = sandbox.Descriptor{
		Name: "kata.guest.cpu.time", Unit: "s", Kind: sandbox.Counter, Scale: 0.001,
		LabelKeys: []string{"cpu"}, Attributes: []sandbox.Attribute{{Key: "cpu.mode", Value: "user"}},
	}
	user.Prometheus.LabelKeys = []string{"cpu"}
	user.Prometheus.Attributes = []sandbox.Attribute{{Key: "item", Value: "user"}}
	r.AddLabeled(user, sandbox.Int(1500), "0")
	// The naming "otel" omits the label.
	memory := newFamily(sandbox.Host, "kata.shim.memory", "kata_shim_status", sandbox.Descriptor{Kind: sandbox.Gauge})
	memory.OTel.Scale, memory.OTel.LabelKeys, memory.Prometheus.LabelKeys = 1024, []string{""}, []string{"item"}
	r.AddLabeled(memory, sandbox.Int(3), "vmrss")
	r.Add(newFamily(sandbox.Host, "", "runsc_only_prometheus", sandbox.Descriptor{}), sandbox.Int(1))
	r.Add(newFamily(sandbox.Receiver, "sandbox.state", "", sandbox.Descriptor{Kind: sandbox.UpDownCounter}), sandbox.Int(1))
}

func addDistributions(r *sandbox.Reading) {
	rpc := newFamily(sandbox.Host, "kata.rpc", "kata_rpc_ms", sandbox.Descriptor{Kind: sandbox.Histogram})
	rpc.OTel.Scale = 0.001
	r.Points = append(r.Points, sandbox.Point{
		Family: rpc,
		Distribution: &sandbox.Distribution{
			Count: 6, Sum: 50, HasRange: true, Min: 1, Max: 30,
			Bounds: []float64{1, 10}, Buckets: []uint64{1, 2, 3},
		},
	}, sandbox.Point{
		Family:       newFamily(sandbox.Host, "kata.gc", "kata_gc", sandbox.Descriptor{Kind: sandbox.Summary}),
		Distribution: &sandbox.Distribution{Count: 2, Sum: 0.5, Quantiles: []sandbox.Quantile{{Quantile: 0.5, Value: 0.25}}},
	})
}

// typicalReading returns a reading like that of a busy gVisor sandbox: 60 families
// without labels.
func typicalReading() *sandbox.Reading {
	r := &sandbox.Reading{Time: pulled, Start: started}
	for i := range 60 {
		kind := sandbox.Counter
		if i%10 == 0 {
			kind = sandbox.Gauge
		}
		family := newFamily(sandbox.Host, fmt.Sprintf("gvisor.f%d", i), fmt.Sprintf("runsc_f%d", i), sandbox.Descriptor{Kind: kind})
		r.Add(family, sandbox.Int(int64(i)))
	}
	return r
}

package catalog

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Short names of the kinds, for the table.
const (
	gauge     = sandbox.Gauge
	counter   = sandbox.Counter
	upDown    = sandbox.UpDownCounter
	histogram = sandbox.Histogram
	summary   = sandbox.Summary
)

// Factors by which values of the text are multiplied.
const (
	tick    = 1. / 100 // clock ticks to seconds
	milli   = 1. / 1000
	micro   = 1. / 1000000
	percent = 1. / 100
	kibi    = 1 << 10
	sector  = 512
)

// family is an entry of the table: items that share one name in the text.
type family struct {
	name      string
	kind      sandbox.Kind // as the text declares it
	sources   sources
	component component
	labels    []Label
	only      string // value of the only label that the items apply to
	items     []item
	help      string // as in the text
}

// sources is the set of sources that a family is read from.
type sources uint8

const (
	goText   sources = 1 << iota // the text of a Go shim
	rustText                     // the text of a runtime-rs shim
	passive                      // readings taken on the host without the shim

	anyText = goText | rustText
)

// component is the process or system that a family describes.
type component struct {
	prefix  string // of metric names with naming "otel"
	subject string // replaces {} in descriptions
	section Section
}

var (
	shim        = component{"kata.shim.", "the shim", Shim}
	hypervisor  = component{"kata.hypervisor.", "the hypervisor", Hypervisor}
	virtiofsd   = component{"kata.virtiofsd.", "virtiofsd", Shim}
	firecracker = component{"kata.firecracker.", "Firecracker", Shim}
	cgroup      = component{"kata.cgroup.", "the sandbox cgroup", Shim}
	agent       = component{"kata.agent.", "the guest agent", Guest}
	guest       = component{"kata.guest.", "the guest", Guest}
)

// item describes one value of the label "item".
type item struct {
	name       string // value of the label, empty in families without it
	metric     metric
	scale      float64 // 0 means 1
	attributes string  // constant, with naming "otel": "cpu.mode=user …"
	inDefault  bool    // whether it belongs to the default families
	adjustment Adjustment
}

// metric describes the metric of an item with naming "otel". Items that share a
// metric differ in their attributes.
type metric struct {
	name        string // without the prefix of the component
	unit        string // UCUM
	kind        sandbox.Kind
	description string // {} stands for the component
}

// omitted marks items that have no metric with naming "otel".
func omitted(reason string) metric { return metric{description: reason} }

// Labels other than item.
var (
	byInterface  = []Label{{"interface", "network.interface.name", AnyText}}
	byDisk       = []Label{{"disk", "system.device", AnyText}}
	byFilesystem = []Label{{"device", "system.device", AnyText}, {"mount", "system.filesystem.mountpoint", AnyText}}
	byCPU        = []Label{{"cpu", "cpu.logical_number", CPUNumber}}
	byVCPU       = []Label{{"cpu_id", "cpu.logical_number", CPUNumber}}
	byAction     = []Label{{"action", "rpc.method", MethodName}}
	byVMStatKey  = []Label{{"item", "kata.vmstat.key", AnyText}}
	byVersion    = []Label{{"version", "process.runtime.version", AnyText}}
)

package catalog

import "github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"

// Short names for the columns of the table.
const (
	gauge     = sandbox.Gauge
	counter   = sandbox.Counter
	upDown    = sandbox.UpDownCounter
	histogram = sandbox.Histogram
	summary   = sandbox.Summary
)

// What values of the text are multiplied by.
const (
	tick    = 1. / 100 // clock ticks to seconds
	milli   = 1. / 1000
	micro   = 1. / 1000000
	percent = 1. / 100
	kibi    = 1 << 10
	sector  = 512
)

// metric is what items become in the naming "otel". In its description, {}
// stands for the component.
type metric struct {
	name string // behind the component's prefix
	unit string
	kind sandbox.Kind
	text string
}

// instead says why rows have no metric in the naming "otel".
func instead(reason string) metric { return metric{text: reason} }

// preset is the smallest choice of families that a row belongs to.
type preset bool

const (
	usual preset = true
	full  preset = false
)

// item is a row of the table: one value of the label "item". The text is empty
// in families without that label.
type item struct {
	text   string
	metric metric
	scale  float64 // 0 means 1
	// attributes are constant in the naming "otel": "cpu.mode=user …".
	attributes string
	preset     preset
	fix        Fix
}

// component is who or what a family is about.
type component struct {
	prefix  string // of metric names in the naming "otel"
	subject string // for descriptions
	section Section
}

var (
	shim        = component{"kata.shim.", "the shim", Shim}
	hypervisor  = component{"kata.hypervisor.", "the virtual machine monitor", Hypervisor}
	virtiofsd   = component{"kata.virtiofsd.", "virtiofsd", Shim}
	firecracker = component{"kata.firecracker.", "Firecracker", Shim}
	cgroup      = component{"kata.cgroup.", "the sandbox's control group", Shim}
	agent       = component{"kata.agent.", "the agent in the guest", Guest}
	guest       = component{"kata.guest.", "the guest", Guest}
)

// writers tell where a family comes from.
type writers uint8

const (
	goText   writers = 1 << iota // the text of the runtime written in Go
	rustText                     // the text of runtime-rs
	passive                      // readings taken on the host without the shim
)

// family is the part of the table that has one name in the text.
type family struct {
	name      string
	kind      sandbox.Kind // as the text declares it
	writers   writers
	component component
	labels    []Label
	only      string // the only text of the only label that these items are for
	items     []item
	help      string // as the text has it
}

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

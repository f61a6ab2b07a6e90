package sandbox

import "time"

// Names of the supported runtimes, the values of the resource attribute
// sandbox.runtime.name.
const (
	RuntimeGVisor = "gvisor"
	RuntimeKata   = "kata"
)

// Identity tells one life of one sandbox from every other. It never changes:
// the same id created again is a new sandbox with a new iteration.
//
// All of it comes from files that the runtime wrote on the host, never from
// the sandbox itself.
type Identity struct {
	// Runtime is one of the Runtime constants.
	Runtime string
	// RuntimeVersion is the runtime's own version text, empty when unknown.
	RuntimeVersion string
	// Place is the runtime root or storage path the sandbox was found in.
	Place string
	// ID is the sandbox id as the runtime knows it.
	ID string
	// Iteration tells lives of the same id apart.
	Iteration string
	// Created is when this life began.
	Created time.Time
	// Pod is the Kubernetes pod around the sandbox; empty fields are unknown.
	Pod Pod
	// Container is set only when the sandbox is exactly one OCI container.
	Container Container
	// UpstreamLabels identify the sandbox the way the runtime's own exporter does,
	// for example sandbox="web" iteration="1zo45mry6r0nd". The naming
	// "prometheus" puts them on every point.
	UpstreamLabels []Attribute
	// Trust is how its data is verified; empty where data carries no such mark.
	Trust Trust
}

// Trust tells where the description came from that a snapshot was verified
// against.
type Trust string

const (
	// Registered data was verified against what the runtime wrote on the host
	// before the workload started.
	Registered Trust = "registered"
	// FirstUse data was verified against what the sandbox itself said first.
	FirstUse Trust = "first_use"
)

// Pod names a Kubernetes pod.
type Pod struct {
	Name      string
	Namespace string
	UID       string
}

// Container names an OCI container.
type Container struct {
	ID   string
	Name string
}

// Attribute is one key with its text.
type Attribute struct {
	Key   string
	Value string
}

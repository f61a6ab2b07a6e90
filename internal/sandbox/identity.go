package sandbox

import "time"

// Names of runtimes, which are values of the resource attribute
// sandbox.runtime.name.
const (
	RuntimeGVisor = "gvisor"
	RuntimeKata   = "kata"
)

// Identity identifies one instance of a sandbox. It is immutable: a sandbox that
// is created again with the same ID is a new instance with a new iteration.
//
// All of it comes from files that the runtime wrote on the host, and the pod
// possibly from the container runtime; never from the sandbox itself.
type Identity struct {
	// Runtime is the name of the runtime.
	Runtime string
	// RuntimeVersion is the runtime's own version string, empty if unknown.
	RuntimeVersion string
	// Root is the runtime root or storage path in which the sandbox was found.
	Root string
	// ID is the sandbox ID as used by the runtime.
	ID string
	// Iteration distinguishes instances with the same ID.
	Iteration string
	// Created is when the instance was created.
	Created time.Time
	// Pod is the Kubernetes pod of the sandbox; empty fields are unknown.
	Pod Pod
	// PodConflict reports whether the host's files contradict each other about the
	// pod. Pod then contains at most a UID.
	PodConflict bool
	// Container is set only if the identity is that of exactly one OCI container.
	Container Container
	// Annotations are the annotations of the sandbox whose keys are configured, sorted
	// by key. Unlike everything else, a tenant may have set them.
	Annotations []Attribute
	// Attributes describe the instance in terms of its runtime and become
	// resource attributes, for example gvisor.platform="systrap".
	Attributes []Attribute
	// UpstreamLabels identify the sandbox the way the runtime's upstream exporter
	// does, for example sandbox="web" iteration="1zo45mry6r0nd". The naming
	// "prometheus" sets them on every point.
	UpstreamLabels []Attribute
	// Trust is what the metrics are verified against; empty for runtimes without
	// registrations.
	Trust Trust
}

// Trust is the origin of the registration that snapshots are verified against.
type Trust string

const (
	// Registered means that the runtime wrote the registration on the host
	// before the workload started.
	Registered Trust = "registered"
	// FirstUse means that the sandbox itself sent the registration when it was
	// first pulled.
	FirstUse Trust = "first_use"
)

// Trusts lists all values of [Trust], the stricter one last.
var Trusts = [...]Trust{FirstUse, Registered}

// Pod identifies a Kubernetes pod.
type Pod struct {
	Name      string
	Namespace string
	UID       string
}

// Container identifies an OCI container.
type Container struct {
	ID string
	// Name is the name in the pod spec, empty outside of pods.
	Name string
	// NameInRuntime is the name in the container runtime, such as that of
	// "docker run --name".
	NameInRuntime string
	// Image is the image as the container runtime names it, possibly with a tag and a
	// digest.
	Image string
}

// Attribute is a key with its value.
type Attribute struct {
	Key   string
	Value string
}

// Annotation returns the value of an annotation, and whether the sandbox has it.
func (id *Identity) Annotation(key string) (value string, found bool) {
	for i := range id.Annotations {
		if id.Annotations[i].Key == key {
			return id.Annotations[i].Value, true
		}
	}
	return "", false
}

// Value returns the value of a runtime-specific attribute, empty if it is not
// set.
func (id *Identity) Value(key string) string {
	for i := range id.Attributes {
		if id.Attributes[i].Key == key {
			return id.Attributes[i].Value
		}
	}
	return ""
}

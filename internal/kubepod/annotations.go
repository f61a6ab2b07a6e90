package kubepod

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// maxTextLength is the maximum length of an annotation that is kept. Names in
// Kubernetes have at most 253 characters.
const maxTextLength = 1024

// Annotations are the annotations that can name a pod or a container, by who claims
// to have written them.
type Annotations struct {
	containerd, crio, labels claim
	// nerdctlName is the name of a container of nerdctl.
	nerdctlName string
}

// claim is a pod and a container that annotations name.
type claim struct {
	// kind is "sandbox" or "container".
	kind      string
	container string
	image     string
	pod       sandbox.Pod
	// cpuQuota, cpuPeriod, cpuShares and memory are decimal numbers.
	cpuQuota, cpuPeriod, cpuShares, memory string
}

// Read reads the value of an annotation if the annotation is one of these, and
// reports whether it did so.
func (a *Annotations) Read(key []byte, s *jsonscan.Scanner) bool {
	field := a.field(key)
	if field == nil {
		return false
	}
	*field = readText(s)
	return true
}

// Put is [Annotations.Read] for a value that has been read.
func (a *Annotations) Put(key string, value []byte) {
	if field := a.field([]byte(key)); field != nil {
		*field = name(value)
	}
}

// field returns where the value of an annotation belongs, nil if it is not kept.
func (a *Annotations) field(key []byte) *string {
	switch string(key) {
	case "io.kubernetes.cri.container-type":
		return &a.containerd.kind
	case "io.kubernetes.cri.container-name":
		return &a.containerd.container
	case "io.kubernetes.cri.image-name":
		return &a.containerd.image
	case "io.kubernetes.cri.sandbox-name":
		return &a.containerd.pod.Name
	case "io.kubernetes.cri.sandbox-namespace":
		return &a.containerd.pod.Namespace
	case "io.kubernetes.cri.sandbox-uid":
		return &a.containerd.pod.UID
	case "io.kubernetes.cri.sandbox-cpu-quota":
		return &a.containerd.cpuQuota
	case "io.kubernetes.cri.sandbox-cpu-period":
		return &a.containerd.cpuPeriod
	case "io.kubernetes.cri.sandbox-cpu-shares":
		return &a.containerd.cpuShares
	case "io.kubernetes.cri.sandbox-memory":
		return &a.containerd.memory
	case "io.kubernetes.cri-o.ImageName":
		return &a.crio.image
	case "nerdctl/name":
		return &a.nerdctlName
	case "io.kubernetes.cri-o.KubeName":
		return &a.crio.pod.Name
	case "io.kubernetes.cri-o.Namespace":
		return &a.crio.pod.Namespace
	case "io.kubernetes.container.name":
		return &a.labels.container
	case "io.kubernetes.pod.name":
		return &a.labels.pod.Name
	case "io.kubernetes.pod.namespace":
		return &a.labels.pod.Namespace
	case "io.kubernetes.pod.uid":
		return &a.labels.pod.UID
	}
	return nil
}

// readText reads a string or null as a name.
func readText(s *jsonscan.Scanner) string {
	if s.Null() {
		return ""
	}
	return name(s.String())
}

// name returns an empty string for text that is too long or contains control
// characters, which no name does.
func name(text []byte) string {
	if len(text) > maxTextLength {
		return ""
	}
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return ""
		}
	}
	return string(text)
}

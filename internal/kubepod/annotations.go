package kubepod

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// maxTextLength is the maximum length of an annotation that is kept. Names in
// Kubernetes have at most 253 characters.
const maxTextLength = 1024

// Annotations are the annotations that can name a pod, by who claims to have
// written them.
type Annotations struct {
	containerd, crio, labels claim
}

// claim is a pod and a container that annotations name.
type claim struct {
	// kind is "sandbox" or "container".
	kind      string
	container string
	pod       sandbox.Pod
}

// Read reads the value of an annotation if the annotation can name a pod, and
// reports whether it did so.
func (a *Annotations) Read(key []byte, s *jsonscan.Scanner) bool {
	field := a.field(key)
	if field == nil {
		return false
	}
	*field = readText(s)
	return true
}

// field returns where the value of an annotation belongs, nil if it is not kept.
func (a *Annotations) field(key []byte) *string {
	switch string(key) {
	case "io.kubernetes.cri.container-type":
		return &a.containerd.kind
	case "io.kubernetes.cri.container-name":
		return &a.containerd.container
	case "io.kubernetes.cri.sandbox-name":
		return &a.containerd.pod.Name
	case "io.kubernetes.cri.sandbox-namespace":
		return &a.containerd.pod.Namespace
	case "io.kubernetes.cri.sandbox-uid":
		return &a.containerd.pod.UID
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

// readText reads a string or null. It returns an empty string for text that is
// too long or contains control characters, which no name does.
func readText(s *jsonscan.Scanner) string {
	if s.Null() {
		return ""
	}
	text := s.String()
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

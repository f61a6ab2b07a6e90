package statefile

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// Annotation keys, and keys of the labels inside an annotation.
const (
	containerdContainerType = "io.kubernetes.cri.container-type"
	containerdContainerName = "io.kubernetes.cri.container-name"
	containerdPodName       = "io.kubernetes.cri.sandbox-name"
	containerdPodNamespace  = "io.kubernetes.cri.sandbox-namespace"
	containerdPodUID        = "io.kubernetes.cri.sandbox-uid"

	crioContainerType = "io.kubernetes.cri-o.ContainerType"
	crioPodName       = "io.kubernetes.cri-o.KubeName"
	crioPodNamespace  = "io.kubernetes.cri-o.Namespace"
	// crioLabels contains the kubelet's labels as a JSON object in a string.
	crioLabels         = "io.kubernetes.cri-o.Labels"
	labelContainerName = "io.kubernetes.container.name"
	labelPodUID        = "io.kubernetes.pod.uid"

	annotationNVProxy  = "dev.gvisor.internal.nvproxy"
	annotationTPUProxy = "dev.gvisor.internal.tpuproxy"
	annotationTrue     = "true"
)

// annotations reads the annotations of the spec. It keeps only the known ones,
// because the others may contain secrets.
//
// The creator of a pod can add annotations with any key. The annotations of
// containerd and those of CRI-O are therefore never mixed: only those of the
// container manager that declares the container type are used. If both do,
// containerd takes precedence, as in runsc.
func (p *parser) annotations(a *Annotations) {
	if p.Null() {
		return
	}
	var containerd, crio Annotations
	p.OpenObject()
	for {
		key, more := p.NextKey()
		if !more {
			break
		}
		switch string(key) {
		case containerdContainerType:
			containerd.InPod = true
			p.Skip()
		case containerdContainerName:
			containerd.ContainerName = p.annotation()
		case containerdPodName:
			containerd.Pod.Name = p.annotation()
		case containerdPodNamespace:
			containerd.Pod.Namespace = p.annotation()
		case containerdPodUID:
			containerd.Pod.UID = p.annotation()
		case crioContainerType:
			crio.InPod = true
			p.Skip()
		case crioPodName:
			crio.Pod.Name = p.annotation()
		case crioPodNamespace:
			crio.Pod.Namespace = p.annotation()
		case crioLabels:
			p.labels(&crio)
		case annotationNVProxy:
			a.NVProxy = p.annotation() == annotationTrue
		case annotationTPUProxy:
			a.TPUProxy = p.annotation() == annotationTrue
		default:
			p.Skip()
		}
	}
	source := containerd
	if !containerd.InPod {
		source = crio
	}
	if source.InPod {
		a.InPod, a.ContainerName, a.Pod = true, source.ContainerName, source.Pod
	}
}

func (p *parser) annotation() string { return p.text("spec.annotations", maxName) }

// labels reads a JSON string that itself contains a JSON object such as
// {"io.kubernetes.pod.uid":"…",…}. A string with other content is ignored; it
// does not make the state file invalid.
func (p *parser) labels(a *Annotations) {
	var inner parser
	var containerName, podUID string
	inner.ResetBytes(p.String(), jsonscan.Limits{})
	inner.OpenObject()
	for {
		key, more := inner.NextKey()
		if !more {
			break
		}
		switch string(key) {
		case labelContainerName:
			containerName = inner.annotation()
		case labelPodUID:
			podUID = inner.annotation()
		default:
			inner.Skip()
		}
	}
	inner.End()
	if inner.Err() == nil {
		a.ContainerName, a.Pod.UID = containerName, podUID
	}
}

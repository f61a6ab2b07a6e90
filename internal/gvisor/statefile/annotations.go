package statefile

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// Keys of annotations.
const (
	containerdContainerType = "io.kubernetes.cri.container-type"
	containerdContainerName = "io.kubernetes.cri.container-name"
	containerdPodName       = "io.kubernetes.cri.sandbox-name"
	containerdPodNamespace  = "io.kubernetes.cri.sandbox-namespace"
	containerdPodUID        = "io.kubernetes.cri.sandbox-uid"

	crioContainerType = "io.kubernetes.cri-o.ContainerType"
	crioPodName       = "io.kubernetes.cri-o.KubeName"
	crioPodNamespace  = "io.kubernetes.cri-o.Namespace"
	// crioLabels holds the kubelet's labels: a JSON object in a string.
	crioLabels         = "io.kubernetes.cri-o.Labels"
	labelContainerName = "io.kubernetes.container.name"
	labelPodUID        = "io.kubernetes.pod.uid"
	annotationNVProxy  = "dev.gvisor.internal.nvproxy"
	annotationTPUProxy = "dev.gvisor.internal.tpuproxy"
	annotationTrue     = "true"
)

// annotations reads the spec's annotations, of which only few are kept: the
// others may hold anything.
//
// Who creates a pod may give it annotations with any key. So what containerd
// and what CRI-O writes is never mixed: only the manager that declared the
// container's type is believed, containerd first, as runsc does it.
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
	manager := containerd
	if !containerd.InPod {
		manager = crio
	}
	if manager.InPod {
		a.InPod, a.ContainerName, a.Pod = true, manager.ContainerName, manager.Pod
	}
}

func (p *parser) annotation() string { return p.text("spec.annotations", maxName) }

// labels reads {"io.kubernetes.pod.uid":"…",…}, itself a string in JSON. What
// is not such an object is of no use, and no reason to refuse the file.
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

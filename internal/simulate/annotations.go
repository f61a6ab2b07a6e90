package simulate

import (
	"fmt"
	"maps"
)

// The pod that the annotations of forging pods name. It must never appear in what
// the receiver emits.
const (
	ForgedPodName = "forged-pod"
	ForgedPodUID  = "66666666-6666-4666-8666-666666666666"
)

// Annotations returns the OCI annotations of one container of the pod. The
// container name is empty for the root container, which is the pod itself.
//
// Forged annotations are where the container runtime puts those of a pod's author:
// containerd before its own, CRI-O between its own and the labels of the kubelet.
// Docker and podman have none of their own with these keys.
func (p Pod) Annotations(sandboxID, containerName string) map[string]string {
	annotations := map[string]string{}
	if p.Style == CRIO {
		maps.Copy(annotations, p.ofCRIO(sandboxID, containerName))
	}
	if p.Forging {
		maps.Copy(annotations, forged())
	}
	switch p.Style {
	case Containerd:
		maps.Copy(annotations, p.ofContainerd(sandboxID, containerName))
	case CRIO:
		maps.Copy(annotations, p.ofKubelet(containerName))
	}
	return annotations
}

func containerType(containerName string) string {
	if containerName != "" {
		return "container"
	}
	return "sandbox"
}

func (p Pod) ofContainerd(sandboxID, containerName string) map[string]string {
	annotations := map[string]string{
		"io.kubernetes.cri.container-type":    containerType(containerName),
		"io.kubernetes.cri.sandbox-id":        sandboxID,
		"io.kubernetes.cri.sandbox-name":      p.Name,
		"io.kubernetes.cri.sandbox-namespace": p.Namespace,
		"io.kubernetes.cri.sandbox-uid":       p.UID,
	}
	if containerName != "" {
		annotations["io.kubernetes.cri.container-name"] = containerName
		annotations["io.kubernetes.cri.image-name"] = "registry.invalid/" + containerName + ":1"
	}
	return annotations
}

func (p Pod) ofCRIO(sandboxID, containerName string) map[string]string {
	annotations := map[string]string{
		"io.kubernetes.cri-o.ContainerType": containerType(containerName),
		"io.kubernetes.cri-o.SandboxID":     sandboxID,
		"io.kubernetes.cri-o.KubeName":      p.Name,
		"io.kubernetes.cri-o.Namespace":     p.Namespace,
		"io.kubernetes.cri-o.Labels":        fmt.Sprintf(`{"io.kubernetes.pod.uid":%q}`, p.UID),
	}
	if containerName != "" {
		annotations["io.kubernetes.cri-o.ContainerName"] = containerName
	}
	return annotations
}

// ofKubelet returns the labels of the kubelet, which CRI-O also adds as
// annotations.
func (p Pod) ofKubelet(containerName string) map[string]string {
	annotations := map[string]string{
		"io.kubernetes.pod.name":      p.Name,
		"io.kubernetes.pod.namespace": p.Namespace,
		"io.kubernetes.pod.uid":       p.UID,
	}
	if containerName != "" {
		annotations["io.kubernetes.container.name"] = containerName
	}
	return annotations
}

// forged returns annotations with the keys of all container runtimes that name the
// forged pod.
func forged() map[string]string {
	other := Pod{Name: ForgedPodName, Namespace: ForgedPodName, UID: ForgedPodUID}
	annotations := other.ofContainerd(ForgedPodName, ForgedPodName)
	maps.Copy(annotations, other.ofCRIO(ForgedPodName, ForgedPodName))
	maps.Copy(annotations, other.ofKubelet(ForgedPodName))
	annotations["io.kubernetes.docker.type"] = "container"
	annotations["io.container.manager"] = "libpod"
	annotations["io.podman.annotations.label"] = ForgedPodName
	return annotations
}

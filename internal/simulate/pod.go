package simulate

import "fmt"

// DecoySecret is in the environment of every simulated workload. It must never
// appear in anything that the receiver emits or logs.
const DecoySecret = "decoy-2f61c0d4-do-not-export"

// PodStyle selects the container runtime that created the pod of a sandbox.
type PodStyle string

const (
	// NoPod is for sandboxes that were started by hand or by Docker.
	NoPod PodStyle = ""
	// Containerd names pods in annotations like io.kubernetes.cri.sandbox-name.
	Containerd PodStyle = "containerd"
	// CRIO names pods in annotations like io.kubernetes.cri-o.KubeName.
	CRIO PodStyle = "cri-o"
)

// Pod is the Kubernetes pod of a sandbox. The zero value is no pod.
type Pod struct {
	Style                PodStyle
	Name, Namespace, UID string
}

// NewPod returns the pod of a sandbox, with a UID that derives from the number.
func NewPod(style PodStyle, sandboxID string, number uint64) Pod {
	return Pod{Style: style, Name: "simulated-" + sandboxID[:min(8, len(sandboxID))], Namespace: "default", UID: uuid(number)}
}

// Annotations returns the OCI annotations of one container of the pod. The
// container name is empty for the root container, which is the pod itself.
func (p Pod) Annotations(sandboxID, containerName string) map[string]string {
	kind := "sandbox"
	if containerName != "" {
		kind = "container"
	}
	var annotations map[string]string
	switch p.Style {
	case Containerd:
		annotations = map[string]string{
			"io.kubernetes.cri.container-type":    kind,
			"io.kubernetes.cri.sandbox-id":        sandboxID,
			"io.kubernetes.cri.sandbox-name":      p.Name,
			"io.kubernetes.cri.sandbox-namespace": p.Namespace,
			"io.kubernetes.cri.sandbox-uid":       p.UID,
		}
		if containerName != "" {
			annotations["io.kubernetes.cri.container-name"] = containerName
			annotations["io.kubernetes.cri.image-name"] = "registry.invalid/" + containerName + ":1"
		}
	case CRIO:
		annotations = map[string]string{
			"io.kubernetes.cri-o.ContainerType": kind,
			"io.kubernetes.cri-o.SandboxID":     sandboxID,
			"io.kubernetes.cri-o.KubeName":      p.Name,
			"io.kubernetes.cri-o.Namespace":     p.Namespace,
			"io.kubernetes.cri-o.Labels":        fmt.Sprintf(`{"io.kubernetes.pod.uid":%q}`, p.UID),
			// The labels of the kubelet, which CRI-O also adds as annotations.
			"io.kubernetes.pod.name":      p.Name,
			"io.kubernetes.pod.namespace": p.Namespace,
			"io.kubernetes.pod.uid":       p.UID,
		}
		if containerName != "" {
			annotations["io.kubernetes.cri-o.ContainerName"] = containerName
			annotations["io.kubernetes.container.name"] = containerName
		}
	}
	return annotations
}

// CgroupPath returns the path of a container's cgroup with the driver cgroupfs.
func (p Pod) CgroupPath(containerID string) string {
	parent := "/kubepods/burstable/pod" + p.UID + "/"
	switch p.Style {
	case Containerd:
		return parent + containerID
	case CRIO:
		return parent + "crio-" + containerID
	}
	return "/" + containerID
}

// BundlePath returns the directory of a container's bundle, which does not exist.
// It is empty if there is no pod.
func (p Pod) BundlePath(containerID string) string {
	switch p.Style {
	case Containerd:
		return "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + containerID
	case CRIO:
		return "/run/containers/storage/overlay-containers/" + containerID + "/userdata"
	}
	return ""
}

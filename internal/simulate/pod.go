package simulate

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
	// Docker and Podman create containers without a pod of Kubernetes.
	Docker PodStyle = "docker"
	Podman PodStyle = "podman"
	// Contradictory has a cgroup of CRI-O and a bundle of containerd, as no container
	// runtime creates them.
	Contradictory PodStyle = "contradictory"
)

// PodStyles are all styles except [NoPod].
var PodStyles = []PodStyle{Containerd, CRIO, Docker, Podman, Contradictory}

// Pod is the Kubernetes pod of a sandbox. The zero value is no pod.
type Pod struct {
	Style                PodStyle
	Name, Namespace, UID string
	// Forging pods also have annotations that name another pod, see
	// [ForgedPodName].
	Forging bool
}

// NewPod returns the pod of a sandbox, with a UID that derives from the number.
func NewPod(style PodStyle, sandboxID string, number uint64) Pod {
	return Pod{Style: style, Name: "simulated-" + sandboxID[:min(8, len(sandboxID))], Namespace: "default", UID: uuid(number)}
}

// CgroupPath returns the path of a container's cgroup with the driver cgroupfs.
func (p Pod) CgroupPath(containerID string) string {
	parent := "/kubepods/burstable/pod" + p.UID + "/"
	switch p.Style {
	case Containerd:
		return parent + containerID
	case CRIO, Contradictory:
		return parent + "crio-" + containerID
	case Docker:
		return "/docker/" + containerID
	case Podman:
		return "/libpod_parent/libpod-" + containerID
	}
	return "/" + containerID
}

// BundlePath returns the directory of a container's bundle, which does not exist.
// It is empty if there is no pod.
func (p Pod) BundlePath(containerID string) string {
	switch p.Style {
	case Containerd, Contradictory:
		return "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + containerID
	case Docker:
		return "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/" + containerID
	case Podman:
		return "/var/lib/containers/storage/overlay-containers/" + containerID + "/userdata"
	case CRIO:
		return "/run/containers/storage/overlay-containers/" + containerID + "/userdata"
	}
	return ""
}

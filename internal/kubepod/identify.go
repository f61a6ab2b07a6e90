package kubepod

import (
	"cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Evidence is what the runtime recorded about one container.
type Evidence struct {
	ContainerID string
	// CgroupPath is the path of the cgroup in the OCI spec, in the notation of
	// either cgroup driver.
	CgroupPath string
	// BundlePath is the directory of the OCI bundle, empty if unknown.
	BundlePath  string
	Annotations Annotations
}

// Identity is what the evidence proves.
type Identity struct {
	Manager Manager
	// InPod reports whether that runtime created the container for a pod.
	InPod bool
	// ContainerName is the name of the container in its pod.
	ContainerName string
	// NameInRuntime is the name of the container in the container runtime, where that
	// writes it in an annotation: nerdctl does, Docker and podman do not.
	NameInRuntime string
	// Image is the image of the container as the container runtime names it, such as
	// docker.io/library/nginx:1.29.
	Image string
	// Requested are the resources of the whole pod that the kubelet requested from the
	// container runtime.
	Requested Resources
	Pod       sandbox.Pod
	// Conflict reports whether the evidence conflicts. Pod then contains at most
	// a UID.
	Conflict bool
}

// Identify returns what the evidence proves.
func (e *Evidence) Identify() Identity {
	id := Identity{Manager: managerOf(e.ContainerID, e.CgroupPath, e.BundlePath)}
	switch id.Manager {
	case Contradictory:
		// The cgroup path is not trusted either.
		id.Conflict = true
		return id
	case Containerd:
		id.addContainerd(&e.Annotations.containerd)
	case CRIO:
		id.addCRIO(&e.Annotations)
	case OtherClient:
		id.NameInRuntime = e.Annotations.nerdctlName
	}
	uid := podUID(e.CgroupPath)
	if differ(uid, id.Pod.UID) {
		id.Conflict = true
	}
	if id.Conflict {
		id.ContainerName, id.Image, id.Pod, id.Requested = "", "", sandbox.Pod{}, Resources{}
	}
	id.Pod.UID = cmp.Or(uid, id.Pod.UID)
	return id
}

// addContainerd applies the annotations of containerd's CRI plugin. A container
// without a type was created in its namespace by another client.
func (id *Identity) addContainerd(c *claim) {
	if c.kind == "" {
		return
	}
	id.InPod, id.Pod = true, c.pod
	switch c.kind {
	case "container":
		// containerd does not set these on other containers, so a pod could.
		id.ContainerName, id.Image = c.container, c.image
	case "sandbox":
		id.Requested = c.resources()
	}
}

// addCRIO applies the labels of the kubelet. They are missing from pods that
// were created without a kubelet, and so without annotations of a tenant.
func (id *Identity) addCRIO(a *Annotations) {
	// CRI-O has no label for the image. A pod can override the annotation, but then it
	// states a wrong image of its own containers only.
	id.InPod, id.ContainerName, id.Image = true, a.labels.container, a.crio.image
	id.Pod = sandbox.Pod{
		Name:      cmp.Or(a.labels.pod.Name, a.crio.pod.Name),
		Namespace: cmp.Or(a.labels.pod.Namespace, a.crio.pod.Namespace),
		UID:       a.labels.pod.UID,
	}
	id.Conflict = differ(a.labels.pod.Name, a.crio.pod.Name) || differ(a.labels.pod.Namespace, a.crio.pod.Namespace)
}

// differ reports whether both texts are known and differ.
func differ(a, b string) bool { return a != "" && b != "" && a != b }

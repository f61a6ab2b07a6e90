// Package kubepod determines the Kubernetes pod of a container from what the
// runtime recorded on the host: the path of its cgroup, the path of its bundle
// and the annotations of its OCI spec.
//
// # What the author of a pod can forge
//
// The author of a pod can add annotations with any key, and CRI-O copies all of
// them into the spec, after its own. containerd copies those that its
// configuration lists, before its own. An annotation alone therefore proves
// nothing. The paths are chosen by the container runtime and the kubelet:
//
//	cgroup  kubepods-burstable-pod51cf5a9b_0d2f_4a3c_8f6e_0123456789ab.slice:cri-containerd:8f2c…
//	        /kubepods/burstable/pod51cf5a9b-0d2f-4a3c-8f6e-0123456789ab/crio-8f2c…
//	        /docker/8f2c…
//	bundle  /run/containerd/io.containerd.runtime.v2.task/k8s.io/8f2c…
//	        /run/containers/storage/overlay-containers/8f2c…/userdata
//
// # How a pod is identified
//
// The paths determine the container runtime. Only the annotations that this
// runtime writes last, and that nobody else can override, are read:
//
//   - containerd: io.kubernetes.cri.*, which replace copied annotations.
//   - CRI-O: the labels io.kubernetes.pod.* of the kubelet, which CRI-O adds as
//     annotations after those of the pod. Its own io.kubernetes.cri-o.* can be
//     overridden by the pod, and must only agree.
//   - Docker and podman: none.
//   - Clients of containerd such as nerdctl: only nerdctl/name, the name of the
//     container.
//   - An unknown runtime: none.
//
// The image of a container is the exception: CRI-O has no label for it, so the author
// of a pod can override io.kubernetes.cri-o.ImageName of the containers of that pod.
//
// The UID is taken from the cgroup path if that contains one. Where evidence
// conflicts, the pod has no name rather than a wrong one; a UID from the cgroup
// path remains, so that forging an annotation does not make a pod anonymous.
package kubepod

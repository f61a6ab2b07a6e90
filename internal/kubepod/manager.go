package kubepod

import (
	"path"
	"strings"
)

// Manager is the container runtime that created a container.
type Manager int

const (
	// Unknown means that neither path is that of a known runtime. runsc on the
	// command line is an example.
	Unknown Manager = iota
	// Containerd is the CRI plugin of containerd.
	Containerd
	// CRIO is CRI-O.
	CRIO
	// Docker is Docker, possibly behind cri-dockerd.
	Docker
	// OtherClient is a client of containerd other than its CRI plugin and Docker, such
	// as nerdctl.
	OtherClient
	// Other is another runtime without pods of Kubernetes, or one that does not name
	// them in annotations.
	Other
	// Contradictory means that the paths are those of different runtimes.
	Contradictory
)

// managers is a set of container runtimes that are possible after a look at one path.
type managers uint

const (
	containerdCRI managers = 1 << iota
	crio
	docker
	podman
	// nonCRI is a client of containerd other than its CRI plugin and Docker.
	nonCRI
	anyManager managers = 1<<iota - 1
)

// managerOf determines the container runtime from both paths.
func managerOf(containerID, cgroupPath, bundlePath string) Manager {
	switch managersOfCgroup(containerID, cgroupPath) & managersOfBundle(containerID, bundlePath) {
	case anyManager:
		return Unknown
	case 0:
		return Contradictory
	case containerdCRI, containerdCRI | docker:
		// The two name cgroups alike if the kubelet uses cgroupfs. Docker copies no
		// annotations of pods.
		return Containerd
	case crio:
		return CRIO
	case docker:
		return Docker
	case nonCRI:
		return OtherClient
	}
	return Other
}

// managersOfBundle returns the container runtimes that create bundles at a path:
//
//	/run/containerd/io.containerd.runtime.v2.task/<namespace>/<container ID>
//	/run/containers/storage/overlay-containers/<container ID>/userdata
//
// The namespace of containerd's CRI plugin is always k8s.io, that of Docker moby.
func managersOfBundle(containerID, bundlePath string) managers {
	parent, name := path.Split(bundlePath)
	parent, parentName := path.Split(path.Clean(parent))
	switch kind := path.Base(parent); {
	case name == containerID && strings.HasPrefix(kind, "io.containerd.runtime."):
		switch parentName {
		case "k8s.io":
			return containerdCRI
		case "moby":
			return docker
		}
		return nonCRI
	case name == "userdata" && parentName == containerID && strings.HasSuffix(kind, "-containers"):
		return crio | podman
	}
	return anyManager
}

// cgroupPrefixes are the names that container runtimes put before the container ID.
var cgroupPrefixes = map[string]managers{
	"cri-containerd": containerdCRI,
	"crio":           crio,
	"docker":         docker,
	"libpod":         podman,
	"nerdctl":        nonCRI,
}

// managersOfCgroup returns the container runtimes that create cgroups at a path. The
// notation depends on the cgroup driver:
//
//	kubepods-pod51cf5a9b_….slice:crio:<container ID>
//	/kubepods/pod51cf5a9b-…/crio-<container ID>
//
// With cgroupfs, containerd and Docker use no prefix, but a parent of their own
// outside of Kubernetes. Kata Containers can put kata_ before the name.
func managersOfCgroup(containerID, cgroupPath string) managers {
	if parts := strings.Split(cgroupPath, ":"); len(parts) == 3 {
		return prefixed(parts[1])
	}
	parent, name := path.Split(cgroupPath)
	name = strings.TrimPrefix(name, "kata_")
	if prefix, found := strings.CutSuffix(name, "-"+containerID); found {
		return prefixed(prefix)
	}
	if name != containerID {
		return anyManager
	}
	switch {
	case parent == "/k8s.io/":
		return containerdCRI
	case parent == "/docker/":
		return docker
	case podUID(parent) != "":
		return containerdCRI | docker
	}
	return anyManager
}

func prefixed(prefix string) managers {
	if known, ok := cgroupPrefixes[prefix]; ok {
		return known
	}
	return anyManager
}

package kubepod

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	id           = "8f2c51cf5a9b0d2f4a3c8f6e0123456789abcdef8f2c51cf5a9b0d2f4a3c8f6e"
	podID        = "51cf5a9b-0d2f-4a3c-8f6e-0123456789ab"
	podIDInSlice = "51cf5a9b_0d2f_4a3c_8f6e_0123456789ab"
	victimID     = "66cf5a9b-0d2f-4a3c-8f6e-0123456789ab"

	slice    = "kubepods-burstable-pod" + podIDInSlice + ".slice:"
	cgroupfs = "/kubepods/burstable/pod" + podID + "/"

	containerdBundle = "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" + id
	dockerBundle     = "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/" + id
	nerdctlBundle    = "/run/containerd/io.containerd.runtime.v2.task/default/" + id
	crioBundle       = "/run/containers/storage/overlay-containers/" + id + "/userdata"
	podmanBundle     = "/var/lib/containers/storage/overlay-containers/" + id + "/userdata"
)

type annotations = map[string]string

// The honest annotations of both managers, and the same keys as a tenant forges
// them.
var (
	containerdKeys = annotations{
		"io.kubernetes.cri.container-type": "sandbox", "io.kubernetes.cri.sandbox-name": "web-0",
		"io.kubernetes.cri.sandbox-namespace": "shop", "io.kubernetes.cri.sandbox-uid": podID,
	}
	kubeletLabels = annotations{
		"io.kubernetes.pod.name": "web-0", "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": podID,
		"io.kubernetes.container.name": "POD",
	}
	crioKeys = annotations{
		"io.kubernetes.cri-o.ContainerType": "sandbox", "io.kubernetes.cri-o.KubeName": "web-0", "io.kubernetes.cri-o.Namespace": "shop",
	}
	forgedContainerdKeys = annotations{
		"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "victim",
		"io.kubernetes.cri.sandbox-name":      "victim",
		"io.kubernetes.cri.sandbox-namespace": "victim", "io.kubernetes.cri.sandbox-uid": victimID,
	}
	forgedCRIOKeys = annotations{
		"io.kubernetes.cri-o.ContainerType": "container", "io.kubernetes.cri-o.KubeName": "victim",
		"io.kubernetes.cri-o.Namespace": "victim",
		"io.kubernetes.cri-o.Labels":    `{"io.kubernetes.pod.uid":"` + victimID + `"}`,
	}
	forgedLabels = annotations{
		"io.kubernetes.pod.name": "victim", "io.kubernetes.pod.namespace": "victim", "io.kubernetes.pod.uid": victimID,
		"io.kubernetes.container.name": "victim",
	}
)

// merge returns all annotations; later ones take precedence.
func merge(all ...annotations) annotations {
	merged := annotations{}
	for _, one := range all {
		maps.Copy(merged, one)
	}
	return merged
}

var web = sandbox.Pod{Name: "web-0", Namespace: "shop", UID: podID}

type identifyTest struct {
	cgroup, bundle string
	annotations    annotations
	want           Identity
}

var containerdTests = map[string]identifyTest{
	"systemd": {slice + "cri-containerd:" + id, containerdBundle, containerdKeys, Identity{Manager: Containerd, InPod: true, Pod: web}},
	"cgroupfs": {
		cgroupfs + id, "/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/" + id, containerdKeys,
		Identity{Manager: Containerd, InPod: true, Pod: web},
	},
	"Kata": {cgroupfs + "kata_" + id, containerdBundle, containerdKeys, Identity{Manager: Containerd, InPod: true, Pod: web}},
	"without a kubelet": {
		"/k8s.io/" + id, containerdBundle, merge(containerdKeys, annotations{"io.kubernetes.cri.sandbox-uid": "uid-web-0"}),
		Identity{Manager: Containerd, InPod: true, Pod: sandbox.Pod{Name: "web-0", Namespace: "shop", UID: "uid-web-0"}},
	},
	"without a bundle":           {cgroupfs + id, "", containerdKeys, Identity{Manager: Containerd, InPod: true, Pod: web}},
	"without a bundle or a pod":  {"/k8s.io/" + id, "", containerdKeys, Identity{Manager: Containerd, InPod: true, Pod: web}},
	"bundle only":                {"", containerdBundle, containerdKeys, Identity{Manager: Containerd, InPod: true, Pod: web}},
	"another client, same space": {"/k8s.io/" + id, containerdBundle, nil, Identity{Manager: Containerd}},
	"container": {
		cgroupfs + id, containerdBundle,
		merge(containerdKeys, annotations{"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "app"}),
		Identity{Manager: Containerd, InPod: true, ContainerName: "app", Pod: web},
	},
	"pass-through of foreign keys": {
		slice + "cri-containerd:" + id, containerdBundle, merge(containerdKeys, forgedCRIOKeys, forgedLabels),
		Identity{Manager: Containerd, InPod: true, Pod: web},
	},
	"pass-through of its own keys": {
		slice + "cri-containerd:" + id, containerdBundle, merge(forgedContainerdKeys, containerdKeys),
		Identity{Manager: Containerd, InPod: true, Pod: web},
	},
	"pass-through of a UID to a release that writes none": {
		slice + "cri-containerd:" + id, containerdBundle, merge(containerdKeys, annotations{"io.kubernetes.cri.sandbox-uid": victimID}),
		Identity{Manager: Containerd, InPod: true, Pod: sandbox.Pod{UID: podID}, Conflict: true},
	},
}

var crioTests = map[string]identifyTest{
	"systemd": {
		slice + "crio:" + id, crioBundle, merge(crioKeys, kubeletLabels),
		Identity{Manager: CRIO, InPod: true, ContainerName: "POD", Pod: web},
	},
	"cgroupfs": {
		cgroupfs + "crio-" + id, crioBundle, merge(crioKeys, kubeletLabels),
		Identity{Manager: CRIO, InPod: true, ContainerName: "POD", Pod: web},
	},
	"Kata": {
		cgroupfs + "kata_crio-" + id, crioBundle, merge(crioKeys, kubeletLabels),
		Identity{Manager: CRIO, InPod: true, ContainerName: "POD", Pod: web},
	},
	"without a bundle": {
		slice + "crio:" + id, "", merge(crioKeys, kubeletLabels),
		Identity{Manager: CRIO, InPod: true, ContainerName: "POD", Pod: web},
	},
	"without a kubelet": {slice + "crio:" + id, crioBundle, crioKeys, Identity{Manager: CRIO, InPod: true, Pod: web}},
	"keys of containerd": {
		slice + "crio:" + id, crioBundle, merge(crioKeys, forgedContainerdKeys, kubeletLabels),
		Identity{Manager: CRIO, InPod: true, ContainerName: "POD", Pod: web},
	},
	"labels forged as annotations": {
		slice + "crio:" + id, crioBundle, merge(crioKeys, forgedLabels, kubeletLabels),
		Identity{Manager: CRIO, InPod: true, ContainerName: "POD", Pod: web},
	},
	"its own keys overridden": {
		slice + "crio:" + id, crioBundle, merge(crioKeys, forgedCRIOKeys, kubeletLabels),
		Identity{Manager: CRIO, InPod: true, Pod: sandbox.Pod{UID: podID}, Conflict: true},
	},
	"only its namespace overridden": {
		slice + "crio:" + id, crioBundle, merge(crioKeys, annotations{"io.kubernetes.cri-o.Namespace": "victim"}, kubeletLabels),
		Identity{Manager: CRIO, InPod: true, Pod: sandbox.Pod{UID: podID}, Conflict: true},
	},
	"UID of another pod": {
		slice + "crio:" + id, crioBundle, merge(crioKeys, kubeletLabels, annotations{"io.kubernetes.pod.uid": victimID}),
		Identity{Manager: CRIO, InPod: true, Pod: sandbox.Pod{UID: podID}, Conflict: true},
	},
}

// forged are all forged keys at once.
var forged = merge(forgedContainerdKeys, forgedCRIOKeys, forgedLabels)

var contradiction = Identity{Manager: Contradictory, Conflict: true}

var otherTests = map[string]identifyTest{
	"Docker":               {"/docker/" + id, dockerBundle, forged, Identity{Manager: Docker}},
	"Docker with systemd":  {"system.slice:docker:" + id, dockerBundle, forged, Identity{Manager: Docker}},
	"Docker, cgroup only":  {"/docker/" + id, "", forged, Identity{Manager: Docker}},
	"Docker in Kubernetes": {cgroupfs + id, dockerBundle, forged, Identity{Manager: Docker, Pod: sandbox.Pod{UID: podID}}},
	"Docker in Kubernetes, systemd": {
		slice + "docker:" + id, dockerBundle, forged,
		Identity{Manager: Docker, Pod: sandbox.Pod{UID: podID}},
	},
	"podman":              {"/libpod_parent/libpod-" + id, podmanBundle, forged, Identity{Manager: Other}},
	"podman with systemd": {"machine.slice:libpod:" + id, podmanBundle, forged, Identity{Manager: Other}},
	"CRI-O or podman":     {"/" + id, crioBundle, forged, Identity{Manager: Other}},
	"nerdctl":             {"system.slice:nerdctl:" + id, nerdctlBundle, forged, Identity{Manager: OtherClient}},
	"ctr":                 {"/default/" + id, nerdctlBundle, forged, Identity{Manager: OtherClient}},
	"by hand":             {"/" + id, "/bundles/web", forged, Identity{}},
	"nothing":             {"", "", forged, Identity{}},
	"by hand, in the cgroup of a pod": {
		cgroupfs + "x", "", forged, Identity{Pod: sandbox.Pod{UID: podID}},
	},
	"cgroup of CRI-O, bundle of containerd": {slice + "crio:" + id, containerdBundle, forged, contradiction},
	"cgroup of containerd, bundle of CRI-O": {slice + "cri-containerd:" + id, crioBundle, forged, contradiction},
	"cgroup of podman, bundle of Docker":    {"machine.slice:libpod:" + id, dockerBundle, forged, contradiction},
}

func TestIdentify(t *testing.T) {
	for group, tests := range map[string]map[string]identifyTest{"containerd": containerdTests, "CRI-O": crioTests, "other": otherTests} {
		for name, test := range tests {
			t.Run(group+"/"+name, func(t *testing.T) {
				evidence := Evidence{
					ContainerID: id, CgroupPath: test.cgroup, BundlePath: test.bundle, Annotations: read(t, test.annotations),
				}
				assert.Equal(t, test.want, evidence.Identify())
			})
		}
	}
}

// TestIdentifyNeedsTheContainerID covers IDs and paths that contain the names that
// managers use.
func TestIdentifyNeedsTheContainerID(t *testing.T) {
	for name, evidence := range map[string]Evidence{
		"ID with the prefix of CRI-O": {ContainerID: "crio-x", CgroupPath: "/crio-x"},
		"bundle of another container": {ContainerID: "x", BundlePath: containerdBundle},
		"user data of another one":    {ContainerID: "x", BundlePath: crioBundle},
		"ID like a pod":               {ContainerID: "pod" + podID, CgroupPath: "/pod" + podID},
		"unknown prefix":              {ContainerID: "x", CgroupPath: "system.slice:y:x"},
		"unknown cgroupfs prefix":     {ContainerID: "x", CgroupPath: "/y-x"},
		"directory of another kind":   {ContainerID: "x", BundlePath: "/run/y/k8s.io/x"},
	} {
		evidence.Annotations = read(t, forged)
		assert.Zero(t, evidence.Identify(), name)
	}
}

func TestAnnotationsOfNoName(t *testing.T) {
	long := make([]byte, maxTextLength+1)
	for i := range long {
		long[i] = 'x'
	}
	for _, value := range []string{string(long), "a\nb", "a\x7fb"} {
		assert.Zero(t, read(t, annotations{"io.kubernetes.cri.sandbox-name": value}))
	}
	var s jsonscan.Scanner
	s.ResetBytes([]byte("null"), jsonscan.Limits{})
	var a Annotations
	assert.True(t, a.Read([]byte("io.kubernetes.pod.name"), &s))
	assert.Zero(t, a)
	assert.False(t, a.Read([]byte("io.kubernetes.cri-o.Labels"), &s))
}

// read returns the annotations as read from JSON.
func read(t *testing.T, values annotations) (a Annotations) {
	t.Helper()
	data, err := json.Marshal(values)
	require.NoError(t, err)
	var s jsonscan.Scanner
	s.ResetBytes(data, jsonscan.Limits{})
	if values == nil {
		return a
	}
	s.OpenObject()
	for {
		key, more := s.NextKey()
		if !more {
			s.End()
			require.NoError(t, s.Err())
			return a
		}
		if !a.Read(key, &s) {
			s.Skip()
		}
	}
}

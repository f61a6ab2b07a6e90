package kubepod

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Annotations of containers and of their resources, and the same keys as a tenant
// forges them.
var (
	imageKeys = annotations{
		"io.kubernetes.cri.container-type": "container", "io.kubernetes.cri.container-name": "app",
		"io.kubernetes.cri.image-name": "docker.io/library/nginx:1.29",
	}
	resourceKeys = annotations{
		"io.kubernetes.cri.sandbox-cpu-quota": "50000", "io.kubernetes.cri.sandbox-cpu-period": "100000",
		"io.kubernetes.cri.sandbox-cpu-shares": "512", "io.kubernetes.cri.sandbox-memory": "268435456",
	}
	nerdctlKeys = annotations{"nerdctl/name": "web"}
)

type containerTest struct {
	cgroup, bundle string
	annotations    annotations
	image, name    string
	requested      Resources
}

// TestIdentifyReadsContainers covers images, names and resources, each under the
// container runtime that writes the annotation, and under others, where anybody could.
func TestIdentifyReadsContainers(t *testing.T) {
	all := merge(resourceKeys, nerdctlKeys, imageKeys, annotations{"io.kubernetes.cri-o.ImageName": "quay.io/shop/web:2"})
	for name, test := range map[string]containerTest{
		"container of containerd": {
			cgroupfs + id, containerdBundle, merge(containerdKeys, all), "docker.io/library/nginx:1.29", "", Resources{},
		},
		"sandbox of containerd": {
			cgroupfs + id, containerdBundle, merge(all, containerdKeys), "", "",
			Resources{CPUQuota: 50000, CPUPeriod: 100000, CPUShares: 512, Memory: 268435456},
		},
		"container of CRI-O": {slice + "crio:" + id, crioBundle, merge(all, kubeletLabels), "quay.io/shop/web:2", "", Resources{}},
		"nerdctl":            {"system.slice:nerdctl:" + id, nerdctlBundle, all, "", "web", Resources{}},
		"Docker":             {"/docker/" + id, dockerBundle, all, "", "", Resources{}},
		"podman":             {"machine.slice:libpod:" + id, podmanBundle, all, "", "", Resources{}},
		"unknown":            {"/" + id, "/bundles/web", all, "", "", Resources{}},
		"conflict": {
			slice + "cri-containerd:" + id, containerdBundle,
			merge(all, containerdKeys, annotations{"io.kubernetes.cri.sandbox-uid": victimID}), "", "",
			Resources{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			evidence := Evidence{
				ContainerID: id, CgroupPath: test.cgroup, BundlePath: test.bundle, Annotations: read(t, test.annotations),
			}
			got := evidence.Identify()
			assert.Equal(t, test.image, got.Image)
			assert.Equal(t, test.name, got.NameInRuntime)
			assert.Equal(t, test.requested, got.Requested)
		})
	}
}

func TestLimit(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "0": 0, "-1": 0, "x": 0, "1e3": 0, "99999999999999999999": 0,
		"1": 1, "9223372036854775807": 9223372036854775807,
	} {
		assert.Equal(t, want, limit(text), text)
	}
}

func TestPut(t *testing.T) {
	var put Annotations
	for key, value := range merge(containerdKeys, crioKeys, kubeletLabels, resourceKeys, nerdctlKeys, imageKeys) {
		put.Put(key, []byte(value))
	}
	want := read(t, merge(containerdKeys, crioKeys, kubeletLabels, resourceKeys, nerdctlKeys, imageKeys))
	assert.Equal(t, want, put)
	put.Put("io.kubernetes.pod.name", []byte("a\nb"))
	put.Put("com.example/team", []byte("search"))
	want.labels.pod.Name = ""
	assert.Equal(t, want, put)
}

package storage

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestParsePersist(t *testing.T) {
	tests := []struct {
		name  string
		input string
		want  State
	}{
		{
			"containerd", testdata(t, "persist-containerd.json"),
			State{
				Hypervisor: "qemu", Cgroup: "/kubepods/burstable/pod" + podID + "/kata_" + webID, HypervisorPID: 4242, Virtiofsd: 4250,
				Pod: sandbox.Pod{Name: "web-0", Namespace: "shop", UID: podID},
			},
		},
		{
			"CRI-O", testdata(t, "persist-crio.json"),
			State{
				Hypervisor: "clh", Cgroup: "kubepods-besteffort-pod" + podIDInSlice + ".slice:crio:" + webID, HypervisorPID: 77,
				Pod: sandbox.Pod{Name: "db-1", Namespace: "shop", UID: podID},
			},
		},
		{
			"pod of another container",
			`{"Config":{"ContainerConfigs":[{"ID":"x","Annotations":{"io.kubernetes.cri.sandbox-name":"a"}}]}}`,
			State{},
		},
		{
			"annotations before the id",
			`{"Config":{"ContainerConfigs":[{"Annotations":{"io.kubernetes.cri.container-type":"sandbox",` +
				`"io.kubernetes.cri.sandbox-name":"a"},"ID":"` + webID + `"}]},"SandboxCgroupPath":"/k8s.io/` + webID + `"}`,
			State{Cgroup: "/k8s.io/" + webID, Pod: sandbox.Pod{Name: "a"}},
		},
		{
			"configured hypervisor", `{"HypervisorState":{"Type":""},"Config":{"HypervisorType":"firecracker"}}`,
			State{Hypervisor: "firecracker"},
		},
		{
			"running hypervisor takes precedence", `{"Config":{"HypervisorType":"firecracker"},"HypervisorState":{"Type":"qemu"}}`,
			State{Hypervisor: "qemu"},
		},
		{"no pid", `{"HypervisorState":{"Pid":0,"VirtiofsDaemonPid":-1}}`, State{}},
		{"pid out of range", `{"HypervisorState":{"Pid":4194304}}`, State{}},
		{"nulls", `{"SandboxCgroupPath":null,"Config":{"ContainerConfigs":null}}`, State{}},
		{"hypervisor with a control character", `{"HypervisorState":{"Type":"a\nb"}}`, State{}},
		{"hypervisor with a space", `{"HypervisorState":{"Type":"a b"}}`, State{Hypervisor: "other"}},
		{"long hypervisor", `{"HypervisorState":{"Type":"` + strings.Repeat("q", 33) + `"}}`, State{Hypervisor: "other"}},
		{"long path", `{"SandboxCgroupPath":"` + strings.Repeat("q", maxTextLength+1) + `"}`, State{}},
		{"empty", `{}`, State{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parsePersist([]byte(test.input), webID)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

func TestParsePersistUsage(t *testing.T) {
	for _, test := range []struct {
		name, input string
		want        State
	}{
		{"part in another cgroup", `{"OverheadCgroupPath":"/kata_overhead/x"}`, State{CgroupIsPartial: true}},
		{"all in one cgroup", `{"OverheadCgroupPath":""}`, State{}},
		{"unknown cgroup", `{"OverheadCgroupPath":null}`, State{}},
		{
			"requested resources",
			`{"Config":{"ContainerConfigs":[{"ID":"` + webID + `","Annotations":{"io.kubernetes.cri.container-type":"sandbox",` +
				`"io.kubernetes.cri.sandbox-cpu-quota":"50000","io.kubernetes.cri.sandbox-memory":"4096"}}]},` +
				`"SandboxCgroupPath":"/k8s.io/` + webID + `"}`,
			State{Cgroup: "/k8s.io/" + webID, Requested: kubepod.Resources{CPUQuota: 50_000, Memory: 4096}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parsePersist([]byte(test.input), webID)
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

// TestPodOfPersistCannotBeForged covers pods whose annotations contain the keys of
// another container runtime, or of their own where it can be overridden.
func TestPodOfPersistCannotBeForged(t *testing.T) {
	const (
		forged = `"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"victim",` +
			`"io.kubernetes.cri.sandbox-namespace":"victim","io.kubernetes.cri.sandbox-uid":"victim"`
		forgedCRIO = `"io.kubernetes.cri-o.KubeName":"victim","io.kubernetes.cri-o.Namespace":"victim"`
		labels     = `"io.kubernetes.pod.name":"web-0","io.kubernetes.pod.namespace":"shop","io.kubernetes.pod.uid":"` + podID + `"`
		containerd = `"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web-0",` +
			`"io.kubernetes.cri.sandbox-namespace":"shop"`
		tasks = "/run/containerd/io.containerd.runtime.v2.task/"
		slice = "kubepods-pod" + podIDInSlice + ".slice:"
	)
	web := sandbox.Pod{Name: "web-0", Namespace: "shop", UID: podID}
	for name, test := range map[string]struct {
		cgroup, bundle, annotations string
		pod                         sandbox.Pod
		conflict                    bool
	}{
		"containerd":             {slice + "cri-containerd:" + webID, tasks + "k8s.io/" + webID, containerd + "," + forgedCRIO, web, false},
		"containerd, cgroupfs":   {"/kubepods/pod" + podID + "/" + webID, "", containerd + "," + forgedCRIO, web, false},
		"CRI-O":                  {slice + "crio:" + webID, "", forged + "," + labels, web, false},
		"CRI-O, keys overridden": {slice + "crio:" + webID, "", forged + "," + forgedCRIO + "," + labels, sandbox.Pod{UID: podID}, true},
		"Docker":                 {"/docker/" + webID, tasks + "moby/" + webID, forged, sandbox.Pod{}, false},
		"podman":                 {"machine.slice:libpod:" + webID, "", forged, sandbox.Pod{}, false},
		"nerdctl":                {"/default/" + webID, tasks + "default/" + webID, forged, sandbox.Pod{}, false},
		"contradiction":          {slice + "crio:" + webID, tasks + "k8s.io/" + webID, forged, sandbox.Pod{}, true},
		"unknown":                {"/" + webID, "", forged + "," + forgedCRIO, sandbox.Pod{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			const format = `{"Config":{"ContainerConfigs":[{"ID":%q,"Annotations":` +
				`{"io.katacontainers.pkg.oci.bundle_path":%q,%s}}]},"SandboxCgroupPath":%q}`
			got, err := parsePersist(fmt.Appendf(nil, format, webID, test.bundle, test.annotations, test.cgroup), webID)
			want := State{Cgroup: test.cgroup, Pod: test.pod, PodConflict: test.conflict}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

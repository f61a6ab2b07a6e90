package storage

import (
	"strings"
	"testing"

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
			`{"Config":{"ContainerConfigs":[{"Annotations":{"io.kubernetes.cri.sandbox-name":"a"},"ID":"` + webID + `"}]}}`,
			State{Pod: sandbox.Pod{Name: "a"}},
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
			if err != nil || got != test.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

package storage

import (
	"reflect"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestParseState(t *testing.T) {
	tests := []struct {
		name  string
		input string
		want  State
	}{
		{
			"dragonball", testdata(t, "state-dragonball.json"),
			State{
				Hypervisor: "dragonball", Cgroup: "kubepods-burstable-pod" + podIDInSlice + ".slice:cri-containerd:" + webID,
				Pod: sandbox.Pod{UID: podID},
			},
		},
		{
			"qemu", testdata(t, "state-qemu.json"),
			State{
				Hypervisor: "qemu", Cgroup: "kubepods/pod" + podID + "/" + webID + "/sandbox", Virtiofsd: 4250,
				Pod: sandbox.Pod{UID: podID},
			},
		},
		{"nulls", `{"resource":null,"hypervisor":null}`, State{}},
		{"nested nulls", `{"resource":{"cgroup_state":null},"hypervisor":{"hypervisor_type":null,"pid":null}}`, State{}},
		{"no path", `{"resource":{"cgroup_state":{"path":null}}}`, State{}},
		{"part in another cgroup", `{"resource":{"cgroup_state":{"sandbox_cgroup_only":false}}}`, State{CgroupIsPartial: true}},
		{"all in one cgroup", `{"resource":{"cgroup_state":{"overhead_path":"x","sandbox_cgroup_only":true}}}`, State{}},
		{"unknown cgroup", `{"resource":{"cgroup_state":{"sandbox_cgroup_only":null}}}`, State{}},
		{"empty", `{}`, State{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseState([]byte(test.input))
			if err != nil || !reflect.DeepEqual(got, test.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

func TestParseStateValuesAtTheirLimits(t *testing.T) {
	long := strings.Repeat("q", 32)
	for name, want := range map[string]string{"": "", "q": "q", "-": "other", "-q": "other", long: long, long + "q": "other"} {
		state, err := parseState([]byte(`{"hypervisor":{"hypervisor_type":"` + name + `"}}`))
		if err != nil || state.Hypervisor != want {
			t.Errorf("hypervisor %q: got %q, %v; want %q", name, state.Hypervisor, err, want)
		}
	}
	for pid, want := range map[string]int{"-1": 0, "0": 0, "1": 1, "4194303": 4194303, "4194304": 0} {
		state, err := parseState([]byte(`{"hypervisor":{"virtiofs_daemon_pid":` + pid + `}}`))
		if err != nil || state.Virtiofsd != want {
			t.Errorf("pid %s: got %d, %v; want %d", pid, state.Virtiofsd, err, want)
		}
	}
}

func TestParseStateMalformed(t *testing.T) {
	for name, input := range map[string]string{
		"array":                      `[]`,
		"two objects":                `{}{}`,
		"duplicate key":              `{"hypervisor":{"hypervisor_type":"dragonball","hypervisor_type":"qemu"}}`,
		"duplicate section":          `{"hypervisor":{"hypervisor_type":"qemu"},"hypervisor":{"hypervisor_type":"dragonball"}}`,
		"key in another case":        `{"hypervisor":{"hypervisor_type":"dragonball","Hypervisor_Type":"qemu"}}`,
		"string instead of object":   `{"hypervisor":"dragonball"}`,
		"number instead of string":   `{"hypervisor":{"hypervisor_type":1}}`,
		"deep nesting":               `{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
		"trailing data after object": `{"hypervisor":{"hypervisor_type":"dragonball"}} x`,
	} {
		t.Run(name, func(t *testing.T) {
			if state, err := parseState([]byte(input)); err == nil {
				t.Errorf("got %+v, want an error", state)
			}
		})
	}
}

package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// secret stands for what must never leave a state file.
const secret = "hunter2-do-not-tell"

func testdata(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestParsePersist(t *testing.T) {
	tests := []struct {
		name  string
		input string
		want  State
	}{
		{
			"containerd", testdata(t, "persist-containerd.json"),
			State{
				Hypervisor: "qemu", Cgroup: "/kubepods/burstable/pod" + podID + "/kata_" + webID, VMM: 4242, Virtiofsd: 4250,
				Pod: sandbox.Pod{Name: "web-0", Namespace: "shop", UID: podID},
			},
		},
		{
			"CRI-O", testdata(t, "persist-crio.json"),
			State{
				Hypervisor: "clh", Cgroup: "kubepods-besteffort-pod" + podID_ + ".slice:crio:" + webID, VMM: 77,
				Pod: sandbox.Pod{Name: "db-1", Namespace: "shop", UID: podID},
			},
		},
		{"another container's pod", `{"Config":{"ContainerConfigs":[{"ID":"x","Annotations":{"io.kubernetes.cri.sandbox-name":"a"}}]}}`, State{}},
		{
			"annotations before the id",
			`{"Config":{"ContainerConfigs":[{"Annotations":{"io.kubernetes.cri.sandbox-name":"a"},"ID":"` + webID + `"}]}}`,
			State{Pod: sandbox.Pod{Name: "a"}},
		},
		{"configured hypervisor", `{"HypervisorState":{"Type":""},"Config":{"HypervisorType":"firecracker"}}`, State{Hypervisor: "firecracker"}},
		{"running hypervisor first", `{"Config":{"HypervisorType":"firecracker"},"HypervisorState":{"Type":"qemu"}}`, State{Hypervisor: "qemu"}},
		{"no pid", `{"HypervisorState":{"Pid":0,"VirtiofsDaemonPid":-1}}`, State{}},
		{"impossible pid", `{"HypervisorState":{"Pid":4194304}}`, State{}},
		{"nulls", `{"SandboxCgroupPath":null,"Config":{"ContainerConfigs":null}}`, State{}},
		{"hypervisor that is no name", `{"HypervisorState":{"Type":"a\nb"}}`, State{}},
		{"hypervisor that is a sentence", `{"HypervisorState":{"Type":"a b"}}`, State{Hypervisor: "other"}},
		{"long hypervisor", `{"HypervisorState":{"Type":"` + strings.Repeat("q", 33) + `"}}`, State{Hypervisor: "other"}},
		{"long path", `{"SandboxCgroupPath":"` + strings.Repeat("q", textLimit+1) + `"}`, State{}},
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

func TestParseState(t *testing.T) {
	tests := []struct {
		name  string
		input string
		want  State
	}{
		{
			"dragonball", testdata(t, "state-dragonball.json"),
			State{
				Hypervisor: "dragonball", Cgroup: "kubepods-burstable-pod" + podID_ + ".slice:cri-containerd:" + webID,
				Pod: sandbox.Pod{UID: podID},
			},
		},
		{
			"qemu", testdata(t, "state-qemu.json"),
			State{Hypervisor: "qemu", Cgroup: "kubepods/pod" + podID + "/" + webID + "/sandbox", Virtiofsd: 4250, Pod: sandbox.Pod{UID: podID}},
		},
		{"nulls", `{"resource":null,"hypervisor":null}`, State{}},
		{"inner nulls", `{"resource":{"cgroup_state":null},"hypervisor":{"hypervisor_type":null,"pid":null}}`, State{}},
		{"no path", `{"resource":{"cgroup_state":{"path":null}}}`, State{}},
		{"empty", `{}`, State{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseState([]byte(test.input))
			if err != nil || got != test.want {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, test.want)
			}
		})
	}
}

// A file that is being written must not be taken for a whole one, wherever it
// ends.
func TestHalfWritten(t *testing.T) {
	for name, parse := range map[string]func([]byte) (State, error){
		"state-qemu.json":         parseState,
		"persist-containerd.json": func(data []byte) (State, error) { return parsePersist(data, webID) },
	} {
		t.Run(name, func(t *testing.T) {
			whole := strings.TrimSpace(testdata(t, name))
			for end := range len(whole) {
				state, err := parse([]byte(whole[:end]))
				if err == nil || state != (State{}) {
					t.Fatalf("%d of %d bytes: %+v, %v", end, len(whole), state, err)
				}
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	for name, input := range map[string]string{
		"array":             `[]`,
		"two objects":       `{}{}`,
		"key twice":         `{"hypervisor":{"hypervisor_type":"dragonball","hypervisor_type":"qemu"}}`,
		"section twice":     `{"hypervisor":{"hypervisor_type":"qemu"},"hypervisor":{"hypervisor_type":"dragonball"}}`,
		"other case":        `{"hypervisor":{"hypervisor_type":"dragonball","Hypervisor_Type":"qemu"}}`,
		"text for object":   `{"hypervisor":"dragonball"}`,
		"number for text":   `{"hypervisor":{"hypervisor_type":1}}`,
		"deeply nested":     `{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`,
		"beyond the object": `{"hypervisor":{"hypervisor_type":"dragonball"}} x`,
	} {
		t.Run(name, func(t *testing.T) {
			if state, err := parseState([]byte(input)); err == nil {
				t.Errorf("parsed as %+v", state)
			}
		})
	}
}

// Neither what is read nor what goes wrong may carry anything but the listed
// fields.
func TestSecretsStayInTheFile(t *testing.T) {
	persist, state := testdata(t, "persist-containerd.json"), testdata(t, "state-qemu.json")
	for name, input := range map[string]string{"persist.json": persist, "state.json": state} {
		if !strings.Contains(input, secret) {
			t.Fatalf("%s holds no secret to keep", name)
		}
	}
	check := func(t *testing.T, state State, err error) {
		t.Helper()
		if text := fmt.Sprintf("%+v %v", state, err); strings.Contains(text, secret) || strings.Contains(text, secret[:6]) {
			t.Fatalf("a secret got out: %s", text)
		}
	}
	for end := range len(persist) {
		state, err := parsePersist([]byte(persist[:end]), webID)
		check(t, state, err)
		state, err = parsePersist([]byte(persist[:end]+"\x01"), webID)
		check(t, state, err)
	}
	for end := range len(state) {
		got, err := parseState([]byte(state[:end] + "\x01"))
		check(t, got, err)
	}
}

func TestReadState(t *testing.T) {
	const (
		dragonball = `{"hypervisor":{"hypervisor_type":"dragonball"}}`
		qemu       = `{"HypervisorState":{"Type":"qemu"}}`
	)
	tests := []struct {
		name       string
		base       string
		files      map[string]string
		flavor     catalog.Flavor
		hypervisor string
		err        error
	}{
		{"Go", "sbs", map[string]string{persistName: qemu}, catalog.Go, "qemu", nil},
		{"runtime-rs", "kata", map[string]string{stateName: dragonball}, catalog.Rust, "dragonball", nil},
		{"Go without a state file", "sbs", nil, catalog.Go, "", ErrNoState},
		{"runtime-rs without a state file", "kata", nil, catalog.Rust, "", ErrNoState},
		{"Go elsewhere", "else", map[string]string{persistName: qemu}, catalog.Go, "qemu", nil},
		{"runtime-rs elsewhere", "else", map[string]string{stateName: dragonball}, catalog.Rust, "dragonball", nil},
		{"unknown elsewhere", "else", nil, catalog.Rust, "", ErrNoState},
		{"runtime-rs in the place of Go", "sbs", map[string]string{stateName: dragonball}, catalog.Rust, "dragonball", nil},
		{"Go's file in the place of runtime-rs", "kata", map[string]string{persistName: qemu}, catalog.Rust, "", ErrNoState},
		{"both", "sbs", map[string]string{stateName: dragonball, persistName: qemu}, catalog.Rust, "dragonball", nil},
		{"half-written", "kata", map[string]string{stateName: dragonball[:30]}, catalog.Rust, "", jsonscan.ErrTruncated},
		{"half-written, Go", "sbs", map[string]string{persistName: qemu[:10]}, catalog.Go, "", jsonscan.ErrTruncated},
		{"half-written, both", "sbs", map[string]string{stateName: "", persistName: qemu}, catalog.Rust, "", jsonscan.ErrTruncated},
		{"too large", "kata", map[string]string{stateName: strings.Repeat(" ", stateLimit+1)}, catalog.Rust, "", host.ErrTooLarge},
		{"too large, Go", "sbs", map[string]string{persistName: strings.Repeat(" ", stateLimit+1)}, catalog.Go, "", host.ErrTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			place := newPlace(t, test.base)
			bind(t, filepath.Join(place, webID, socketName))
			directory, _, err := Examine(place, webID)
			if err != nil {
				t.Fatal(err)
			}
			for name, content := range test.files {
				write(t, filepath.Join(directory.Path(), name), content)
			}
			flavor, state, err := ReadState(directory)
			if flavor != test.flavor || state.Hypervisor != test.hypervisor || !errors.Is(err, test.err) {
				t.Errorf("got %v, %q, %v; want %v, %q, %v", flavor, state.Hypervisor, err, test.flavor, test.hypervisor, test.err)
			}
		})
	}
}

// After a crash, another sandbox may take the directory, with another
// hypervisor and the old state file still there.
func TestStateOfAnEarlierLife(t *testing.T) {
	place := newPlace(t, "kata")
	bind(t, filepath.Join(place, webID, socketName))
	directory, _, err := Examine(place, webID)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory.Path(), stateName)
	write(t, path, testdata(t, "state-dragonball.json"))
	before := directory.Life.Created().Add(-time.Second)
	if err := os.Chtimes(path, before, before); err != nil {
		t.Fatal(err)
	}
	flavor, state, err := ReadState(directory)
	if flavor != catalog.Rust || state != (State{}) || !errors.Is(err, ErrNoState) {
		t.Errorf("got %v, %+v, %v", flavor, state, err)
	}
}

func TestStateThatIsNoFile(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path string) error { return os.Symlink("/etc/passwd", path) },
	} {
		t.Run(name, func(t *testing.T) {
			place := newPlace(t, "kata")
			bind(t, filepath.Join(place, webID, socketName))
			directory, _, err := Examine(place, webID)
			if err != nil {
				t.Fatal(err)
			}
			if err := make(filepath.Join(directory.Path(), stateName)); err != nil {
				t.Fatal(err)
			}
			flavor, state, err := ReadState(directory)
			if flavor != catalog.Rust || state != (State{}) || !errors.Is(err, host.ErrNotRegular) {
				t.Errorf("got %v, %+v, %v", flavor, state, err)
			}
		})
	}
}

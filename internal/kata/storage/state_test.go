package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// secret is in the annotations of the test data and must never appear in a state
// or an error.
const secret = "hunter2-do-not-tell"

func testdata(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestIncompleteFile(t *testing.T) {
	for name, parse := range map[string]func([]byte) (State, error){
		"state-qemu.json":         parseState,
		"persist-containerd.json": func(data []byte) (State, error) { return parsePersist(data, webID) },
	} {
		t.Run(name, func(t *testing.T) {
			complete := strings.TrimSpace(testdata(t, name))
			for end := range len(complete) {
				state, err := parse([]byte(complete[:end]))
				if err == nil || !reflect.DeepEqual(state, State{}) {
					t.Fatalf("%d of %d bytes: got %+v, %v, want an error", end, len(complete), state, err)
				}
			}
		})
	}
}

func TestSecretsAreNotExposed(t *testing.T) {
	persist, state := testdata(t, "persist-containerd.json"), testdata(t, "state-qemu.json")
	for name, input := range map[string]string{"persist.json": persist, "state.json": state} {
		if !strings.Contains(input, secret) {
			t.Fatalf("%s does not contain the secret", name)
		}
	}
	check := func(t *testing.T, state State, err error) {
		t.Helper()
		if text := fmt.Sprintf("%+v %v", state, err); strings.Contains(text, secret) || strings.Contains(text, secret[:6]) {
			t.Fatalf("result contains the secret: %s", text)
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
	tooLarge := strings.Repeat(" ", maxStateSize+1)
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
		{"Go in another path", "else", map[string]string{persistName: qemu}, catalog.Go, "qemu", nil},
		{"runtime-rs in another path", "else", map[string]string{stateName: dragonball}, catalog.Rust, "dragonball", nil},
		{"no state file in another path", "else", nil, catalog.Rust, "", ErrNoState},
		{"runtime-rs in the path of Go", "sbs", map[string]string{stateName: dragonball}, catalog.Rust, "dragonball", nil},
		{"Go in the path of runtime-rs", "kata", map[string]string{persistName: qemu}, catalog.Rust, "", ErrNoState},
		{"both", "sbs", map[string]string{stateName: dragonball, persistName: qemu}, catalog.Rust, "dragonball", nil},
		{"incomplete", "kata", map[string]string{stateName: dragonball[:30]}, catalog.Rust, "", jsonscan.ErrTruncated},
		{"incomplete, Go", "sbs", map[string]string{persistName: qemu[:10]}, catalog.Go, "", jsonscan.ErrTruncated},
		{"incomplete, both", "sbs", map[string]string{stateName: "", persistName: qemu}, catalog.Rust, "", jsonscan.ErrTruncated},
		{"too large", "kata", map[string]string{stateName: tooLarge}, catalog.Rust, "", host.ErrTooLarge},
		{"too large, Go", "sbs", map[string]string{persistName: tooLarge}, catalog.Go, "", host.ErrTooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			storagePath := newStoragePath(t, test.base)
			bind(t, filepath.Join(storagePath, webID, socketName))
			directory, _, err := Examine(storagePath, webID)
			if err != nil {
				t.Fatal(err)
			}
			for name, content := range test.files {
				write(t, filepath.Join(directory.Path(), name), content)
			}
			flavor, state, err := NewStateFile(directory).Read()
			if flavor != test.flavor || state.Hypervisor != test.hypervisor || !errors.Is(err, test.err) {
				t.Errorf("got %v, %q, %v; want %v, %q, %v", flavor, state.Hypervisor, err, test.flavor, test.hypervisor, test.err)
			}
		})
	}
}

// After a crash, a sandbox with another hypervisor can reuse the directory while
// the old state file still exists.
func TestStateOfPreviousInstance(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	bind(t, filepath.Join(storagePath, webID, socketName))
	directory, _, err := Examine(storagePath, webID)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory.Path(), stateName)
	write(t, path, testdata(t, "state-dragonball.json"))
	before := directory.Instance.Created().Add(-time.Second)
	if err := os.Chtimes(path, before, before); err != nil {
		t.Fatal(err)
	}
	flavor, state, err := NewStateFile(directory).Read()
	if flavor != catalog.Rust || !reflect.DeepEqual(state, State{}) || !errors.Is(err, ErrNoState) {
		t.Errorf("got %v, %+v, %v; want ErrNoState", flavor, state, err)
	}
}

// TestLeftoverAfterAnError checks that a leftover that cannot be read at first is
// still recognized when it can be.
func TestLeftoverAfterAnError(t *testing.T) {
	storagePath := newStoragePath(t, "kata")
	bind(t, filepath.Join(storagePath, webID, socketName))
	directory, _, err := Examine(storagePath, webID)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(directory.Path(), stateName)
	if err := os.Symlink("/etc/passwd", path); err != nil {
		t.Fatal(err)
	}
	file := NewStateFile(directory)
	if _, _, err := file.Read(); !errors.Is(err, host.ErrNotRegular) {
		t.Fatalf("got %v, want host.ErrNotRegular", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	write(t, path, testdata(t, "state-dragonball.json"))
	before := directory.Instance.Created().Add(-time.Second)
	if err := os.Chtimes(path, before, before); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, state, err := file.Read(); !reflect.DeepEqual(state, State{}) || !errors.Is(err, ErrNoState) {
			t.Errorf("got %+v, %v; want ErrNoState", state, err)
		}
	}
}

func TestStateIsNotRegularFile(t *testing.T) {
	for name, create := range map[string]func(path string) error{
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path string) error { return os.Symlink("/etc/passwd", path) },
	} {
		t.Run(name, func(t *testing.T) {
			storagePath := newStoragePath(t, "kata")
			bind(t, filepath.Join(storagePath, webID, socketName))
			directory, _, err := Examine(storagePath, webID)
			if err != nil {
				t.Fatal(err)
			}
			if err := create(filepath.Join(directory.Path(), stateName)); err != nil {
				t.Fatal(err)
			}
			flavor, state, err := NewStateFile(directory).Read()
			if flavor != catalog.Rust || !reflect.DeepEqual(state, State{}) || !errors.Is(err, host.ErrNotRegular) {
				t.Errorf("got %v, %+v, %v; want host.ErrNotRegular", flavor, state, err)
			}
		})
	}
}

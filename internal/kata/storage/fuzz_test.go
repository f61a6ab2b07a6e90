package storage

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// addFiles adds each matching file, and its first half, to the seed corpus.
func addFiles(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		f.Fatalf("no test data matches %s: %v", pattern, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
}

// checkState checks what must be true for every state that was parsed without an
// error.
func checkState(t *testing.T, state State) {
	t.Helper()
	for _, text := range []string{state.Hypervisor, state.Cgroup, state.Pod.Name, state.Pod.Namespace, state.Pod.UID} {
		if len(text) > maxTextLength || !utf8.ValidString(text) {
			t.Errorf("text %q is too long or not UTF-8", text)
		}
		for _, c := range []byte(text) {
			if c < ' ' || c == 0x7f {
				t.Errorf("control character in %q", text)
			}
		}
	}
	for _, annotation := range state.Annotations {
		if len(annotation.Value) > sandbox.MaxAnnotationLength {
			t.Errorf("annotation %q is too long", annotation.Key)
		}
	}
	if len(state.Hypervisor) > 32 {
		t.Errorf("hypervisor %q is too long", state.Hypervisor)
	}
	if state.HypervisorPID < 0 || state.HypervisorPID >= 1<<22 || state.Virtiofsd < 0 || state.Virtiofsd >= 1<<22 {
		t.Errorf("pids %d, %d are out of range", state.HypervisorPID, state.Virtiofsd)
	}
}

// The decision to contact the shim depends on the type of the hypervisor, so
// encoding/json must read the same one.
func FuzzParseState(f *testing.F) {
	addFiles(f, "state-*.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		state, err := parseState(data)
		if err != nil {
			if !reflect.DeepEqual(state, State{}) {
				t.Errorf("got %+v with error %v", state, err)
			}
			return
		}
		checkState(t, state)
		var reference struct {
			Hypervisor struct {
				Type string `json:"hypervisor_type"`
			} `json:"hypervisor"`
		}
		if err := json.Unmarshal(data, &reference); err != nil {
			t.Fatalf("encoding/json returns an error: %v", err)
		}
		if state.Hypervisor != "" && state.Hypervisor != "other" && state.Hypervisor != reference.Hypervisor.Type {
			t.Errorf("hypervisor %q, want %q as from encoding/json", state.Hypervisor, reference.Hypervisor.Type)
		}
	})
}

func FuzzParsePersist(f *testing.F) {
	addFiles(f, "persist-*.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		state, err := parsePersist(data, webID, "io.kubernetes.cri.sandbox-name", bundlePath)
		if err != nil {
			if !reflect.DeepEqual(state, State{}) {
				t.Errorf("got %+v with error %v", state, err)
			}
			return
		}
		checkState(t, state)
		if !json.Valid(data) {
			t.Error("not valid for encoding/json")
		}
	})
}

func FuzzValidID(f *testing.F) {
	f.Fuzz(func(t *testing.T, id string) {
		if ValidID(id) && (filepath.Base(id) != id || !filepath.IsLocal(id) || id == ".") {
			t.Errorf("%q is a valid id but not a valid file name", id)
		}
	})
}

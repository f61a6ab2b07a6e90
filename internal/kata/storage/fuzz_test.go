package storage

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

func addFiles(f *testing.F, pattern string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
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

// checkState holds for every state that was parsed without an error.
func checkState(t *testing.T, state State) {
	t.Helper()
	for _, text := range []string{state.Hypervisor, state.Cgroup, state.Pod.Name, state.Pod.Namespace, state.Pod.UID} {
		if len(text) > textLimit || !utf8.ValidString(text) {
			t.Errorf("text %q", text)
		}
		for _, c := range []byte(text) {
			if c < ' ' || c == 0x7f {
				t.Errorf("control character in %q", text)
			}
		}
	}
	if len(state.Hypervisor) > 32 {
		t.Errorf("hypervisor %q", state.Hypervisor)
	}
	if state.VMM < 0 || state.VMM >= 1<<22 || state.Virtiofsd < 0 || state.Virtiofsd >= 1<<22 {
		t.Errorf("pids %d, %d", state.VMM, state.Virtiofsd)
	}
}

// The standard library must agree on the one field that safety depends on.
func FuzzParseState(f *testing.F) {
	addFiles(f, "state-*.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		state, err := parseState(data)
		if err != nil {
			if state != (State{}) {
				t.Errorf("%+v with %v", state, err)
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
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		if state.Hypervisor != "" && state.Hypervisor != "other" && state.Hypervisor != reference.Hypervisor.Type {
			t.Errorf("hypervisor %q, encoding/json says %q", state.Hypervisor, reference.Hypervisor.Type)
		}
	})
}

func FuzzParsePersist(f *testing.F) {
	addFiles(f, "persist-*.json")
	f.Fuzz(func(t *testing.T, data []byte) {
		state, err := parsePersist(data, webID)
		if err != nil {
			if state != (State{}) {
				t.Errorf("%+v with %v", state, err)
			}
			return
		}
		checkState(t, state)
		if !json.Valid(data) {
			t.Error("encoding/json refuses it")
		}
	})
}

func FuzzPodUID(f *testing.F) {
	f.Fuzz(func(t *testing.T, path string) {
		if uid := podUID(path); uid != "" && !isPodUID(uid) {
			t.Errorf("%q yields %q", path, uid)
		}
	})
}

func FuzzValidID(f *testing.F) {
	f.Fuzz(func(t *testing.T, id string) {
		if ValidID(id) && (filepath.Base(id) != id || !filepath.IsLocal(id) || id == ".") {
			t.Errorf("%q is not the name of an entry", id)
		}
	})
}

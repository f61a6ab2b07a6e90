package statefile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		original := bytes.Clone(data)
		state, err := Parse(data, "io.kubernetes.cri.sandbox-name", "com.example/note")
		if !bytes.Equal(original, data) {
			t.Fatal("Parse modified its input")
		}
		if (state == nil) == (err == nil) {
			t.Fatalf("Parse returned state %v and error %v, want exactly one of them", state, err)
		}
		if err != nil {
			return
		}
		if !ValidID(state.ContainerID) || !ValidID(state.Sandbox.ID) || state.Created.IsZero() || state.Sandbox.PID < 0 {
			t.Fatalf("Parse accepted the invalid state %+v", state)
		}
		for _, annotation := range state.Listed {
			if len(annotation.Value) > sandbox.MaxAnnotationLength || !utf8.ValidString(annotation.Value) {
				t.Fatalf("annotation %q has an invalid value", annotation.Key)
			}
		}
		if len(state.Sandbox.Cgroup) > maxPath || len(state.Filestore) > maxPath+len(filestorePrefix)+len(state.Sandbox.ID)+1 {
			t.Fatalf("path exceeds its limit: %+v", state)
		}
		if r := state.Resources; min(r.CPUQuota, r.CPUPeriod, r.CPUShares, r.Memory, r.Processes) < 0 {
			t.Fatalf("negative limit: %+v", r)
		}
		for i, attribute := range state.Sandbox.Metadata {
			if i > 0 && state.Sandbox.Metadata[i-1].Key >= attribute.Key {
				t.Fatalf("metadata is not sorted: %q", attribute.Key)
			}
		}
	})
}

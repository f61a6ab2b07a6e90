package main

import (
	"bytes"
	"encoding/json"
	"os"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDescribe(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.25.0", Deps: []*debug.Module{
		{Path: "example.com/a", Version: "v1.2.3+incompatible"},
		{Path: "example.com/b", Version: "v1.0.0", Replace: &debug.Module{Path: "example.com/fork", Version: "v1.0.1", Sum: "h1:x"}},
		{Path: "example.com/own", Version: "v0.0.0", Replace: &debug.Module{Path: "../..", Version: "(devel)"}},
	}}
	got := describe(info, "program", "0.1.0", "abc")
	var purls []string
	for _, used := range got.Components {
		purls = append(purls, used.PURL)
	}
	assert.Equal(t, []string{
		"pkg:golang/std@go1.25.0", "pkg:golang/example.com/a@v1.2.3+incompatible",
		"pkg:golang/example.com/fork@v1.0.1", "pkg:golang/example.com/own@v0.1.0",
	}, purls)
	assert.Equal(t, "0.1.0", got.Metadata.Component.Version)
}

// The bill of a real program, here the test itself, is JSON of the specified format.
func TestRun(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	var output bytes.Buffer
	require.NoError(t, run(&output, "0.1.0", program))
	var got map[string]any
	require.NoError(t, json.Unmarshal(output.Bytes(), &got))
	assert.Equal(t, "CycloneDX", got["bomFormat"])
	assert.Contains(t, output.String(), "pkg:golang/std@go")
	require.Error(t, run(&output, "0.1.0", "main.go"))
}

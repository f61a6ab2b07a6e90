package runtimes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/sandbox-telemetry/sandboxreceiver"

// toyLines is everything outside its own folder that a further runtime takes, each
// with the line of runtimes.go that it follows. In metadata.yaml it is a value of
// sandbox.runtime.name, which only documentation is generated from.
var toyLines = map[string]string{
	"\t\"" + module + "/internal/sandbox\"\n":          "\t\"" + module + "/internal/toy\"\n",
	"\tKata   kata.Config   `mapstructure:\"kata\"`\n": "\tToy    toy.Config    `mapstructure:\"toy\"`\n",
	"\t\t{sandbox.RuntimeKata, &c.Kata},\n":            "\t\t{toy.Name, &c.Toy},\n",
}

// TestFurtherRuntime adds a runtime to the receiver, which is compiled with its
// folder, a field and a row, and then configured, started and stopped. The files are
// added in an overlay, so the checkout stays as it is.
func TestFurtherRuntime(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	testdata, err := filepath.Abs(filepath.Join("testdata", "toy"))
	require.NoError(t, err)
	source, err := os.ReadFile("runtimes.go")
	require.NoError(t, err)
	registry := string(source)
	for after, line := range toyLines {
		require.Equal(t, 1, strings.Count(registry, after), "runtimes.go must have this line once: %s", after)
		registry = strings.Replace(registry, after, after+line, 1)
	}
	directory := t.TempDir()
	registryPath := filepath.Join(directory, "runtimes.go")
	require.NoError(t, os.WriteFile(registryPath, []byte(registry), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(root, "internal", "toy", "toy.go"):           filepath.Join(testdata, "toy.go"),
		filepath.Join(root, "internal", "runtimes", "runtimes.go"): registryPath,
		filepath.Join(root, "toy_test.go"):                         filepath.Join(testdata, "receiver_test.go"),
	}})
	require.NoError(t, err)
	overlayPath := filepath.Join(directory, "overlay.json")
	require.NoError(t, os.WriteFile(overlayPath, overlay, 0o600))

	command := exec.CommandContext(t.Context(), "go", "test",
		"-overlay="+overlayPath, "-vet=off", "-count=1", "-v", "-run=^TestToyRuntime$", ".")
	command.Dir = root
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: TestToyRuntime")
}

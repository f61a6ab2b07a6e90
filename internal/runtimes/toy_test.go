package runtimes

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/sandbox-telemetry/sandboxreceiver"

// toyLines is everything outside its own folder that a further runtime takes, each
// after a pattern of the line of runtimes.go that it follows. In metadata.yaml it is
// also a value of the enumerations of runtimes, which only documentation is generated
// from.
var toyLines = []struct {
	after *regexp.Regexp
	line  string
}{
	{regexp.MustCompile(`(?m)^\t"` + module + `/internal/sandbox"\n`), "\t\"" + module + "/internal/toy\"\n"},
	{regexp.MustCompile(`(?m)^\tKata +kata\.Config .*\n`), "\tToy toy.Config `mapstructure:\"toy\"`\n"},
	{regexp.MustCompile(`(?m)^\t\t\{sandbox\.RuntimeKata, .*\n`), "\t\t{toy.Name, &c.Toy},\n"},
}

// TestFurtherRuntime adds a runtime to the receiver, which is compiled with its
// folder, a field and a row, and then configured, started and stopped. The tests of
// configuration and registry must pass with it, too. The files are added in an overlay,
// so the checkout stays as it is.
func TestFurtherRuntime(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	testdata, err := filepath.Abs(filepath.Join("testdata", "toy"))
	require.NoError(t, err)
	source, err := os.ReadFile("runtimes.go")
	require.NoError(t, err)
	registry := string(source)
	for _, row := range toyLines {
		require.Len(t, row.after.FindAllString(registry, -1), 1, "runtimes.go must match this once: %s", row.after)
		registry = row.after.ReplaceAllStringFunc(registry, func(found string) string { return found + row.line })
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
		"-overlay="+overlayPath, "-vet=off", "-count=1", "-v", "-run=Toy|Config|Registry|CheckEnabled|TestNew",
		".", "./internal/runtimes")
	command.Dir = root
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: TestToyRuntime")
}

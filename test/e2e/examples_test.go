//go:build linux

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// examples is the directory of the example configurations.
const examples = "../../examples"

func TestExamplesAreValid(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there are no examples")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			process.Run(t, process.Built(t, "otelcol-sandbox"), "validate", "--config", file)
		})
	}
}

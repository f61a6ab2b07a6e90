//go:build linux

package docker

import (
	"fmt"
	"os"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// newBridge creates a network bridge for the containers of a daemon, and returns its name.
func newBridge(t *testing.T) string {
	t.Helper()
	program := process.Installed(t, "ip")
	name := fmt.Sprintf("e2e%d", os.Getpid()%1_000_000)
	process.Run(t, program, "link", "add", name, "type", "bridge")
	t.Cleanup(func() {
		if _, err := process.Try(program, "link", "delete", name); err != nil {
			t.Error(err)
		}
	})
	process.Run(t, program, "address", "add", "10.213.7.1/24", "dev", name)
	process.Run(t, program, "link", "set", name, "up")
	return name
}

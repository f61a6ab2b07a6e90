//go:build linux

package e2e

import (
	"os"
	"regexp"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// docs/compatibility.md lists the versions that this machine has. On another machine
// the tests are run with others, which is worth a line.
func TestCompatibilityListsPrograms(t *testing.T) {
	text, err := os.ReadFile("../../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, program := range map[string]string{"Docker": "dockerd", "containerd": "containerd", "Prometheus": "prometheus"} {
		t.Run(name, func(t *testing.T) {
			listed := regexp.MustCompile(`(?m)^` + name + ` \| ([0-9]+\.[0-9]+) \|`).FindSubmatch(text)
			if listed == nil {
				t.Fatal("the program is not listed")
			}
			// Docker version 20.10.24+dfsg1, build 5d6db84
			printed := process.Run(t, process.Installed(t, program), "--version")
			version := regexp.MustCompile(`\b[0-9]+\.[0-9]+`).FindString(printed)
			if version != string(listed[1]) {
				t.Skipf("version %s is installed, docs/compatibility.md lists %s: update it", version, listed[1])
			}
		})
	}
}

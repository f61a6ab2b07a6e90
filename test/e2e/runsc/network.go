//go:build linux

package runsc

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Addresses of the network namespaces of [Link].
const (
	FirstAddress  = "192.0.2.1"
	SecondAddress = "192.0.2.2"
)

// Link creates two network namespaces with an interface eth0 each, which are connected
// to each other and to nothing else, and returns their paths.
func Link(t *testing.T) (first, second string) {
	t.Helper()
	ip := process.Installed(t, "ip")
	one, two := newNamespace(t), newNamespace(t)
	process.Run(t, ip, "-n", one, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", two)
	for name, address := range map[string]string{one: FirstAddress, two: SecondAddress} {
		process.Run(t, ip, "-n", name, "addr", "add", address+"/24", "dev", "eth0")
		for _, device := range []string{"lo", "eth0"} {
			process.Run(t, ip, "-n", name, "link", "set", device, "up")
		}
	}
	return namespacePath(one), namespacePath(two)
}

// LoopbackNamespace creates a network namespace that has only a loopback interface
// and returns its path.
func LoopbackNamespace(t *testing.T) string {
	t.Helper()
	name := newNamespace(t)
	process.Run(t, process.Installed(t, "ip"), "-n", name, "link", "set", "lo", "up")
	return namespacePath(name)
}

// newNamespace creates a network namespace and returns its name.
func newNamespace(t *testing.T) string {
	t.Helper()
	ip := process.Installed(t, "ip")
	name := fmt.Sprintf("e2e-%d-%d", os.Getpid(), time.Now().UnixNano()%1e6)
	process.Run(t, ip, "netns", "add", name)
	t.Cleanup(func() {
		if _, err := process.Try(ip, "netns", "del", name); err != nil {
			t.Error(err)
		}
	})
	return name
}

func namespacePath(name string) string { return "/run/netns/" + name }

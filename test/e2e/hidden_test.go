//go:build linux

package e2e

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// inOwnPIDNamespace runs a program in a PID namespace with its own /proc, as in a
// container.
func inOwnPIDNamespace(cmd *exec.Cmd) {
	cmd.Args = append([]string{"sh", "-c", `mount -t proc proc /proc && exec "$0" "$@"`}, cmd.Args...)
	cmd.Path = "/bin/sh"
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWPID
	// Unlike Cloneflags, this keeps the mount from being propagated to the host.
	cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNS
}

// A Collector in another PID namespace sees no process of a sandbox. It reports the
// state of sandboxes as unknown instead of stopped, names the remedy once, and sends
// requests only if verify_peer is off.
func TestHiddenProcesses(t *testing.T) {
	const sandboxes = 3
	for _, verify := range []bool{true, false} {
		t.Run(fmt.Sprintf("verify_peer=%t", verify), func(t *testing.T) {
			simulated := simulate(t, fmt.Sprintf("--gvisor=%d", sandboxes), fmt.Sprintf("--hostile=hidden-process=%d", sandboxes))
			served := collector.NewPage(t)
			config := []string{filepath.Join(examples, "prometheus.yaml"), receiverOf(simulated), fmt.Sprintf(`
receivers:
  sandbox:
    gvisor: {verify_peer: %t}
exporters:
  prometheus_scrape: {endpoint: %q}
`, verify, served.Address)}
			c := collector.StartWith(t, []process.Option{inOwnPIDNamespace}, config...)
			state, wrongPeer, measured := "unknown", 2*sandboxes, 0
			if !verify {
				state, wrongPeer, measured = "running", 0, 2*sandboxes
			}
			served.Eventually(func(got page.Page) error {
				for what, test := range map[string]struct {
					want     int
					selected func(page.Series) bool
				}{
					"states": {2 * sandboxes, func(s page.Series) bool { return s.Name == "sandbox_state" && s.Value == 1 }},
					"expected states": {2 * sandboxes, func(s page.Series) bool {
						return s.Name == "sandbox_state" && s.Labels["sandbox_state"] == state
					}},
					"failures":        {wrongPeer, func(s page.Series) bool { return s.Labels["error_type"] == "wrong_peer" }},
					"measured values": {measured, func(s page.Series) bool { return s.Name == "gvisor_fs_opens_total" }},
				} {
					if n := len(got.Select(test.selected)); n != test.want {
						return fmt.Errorf("%d %s, want %d", n, what, test.want)
					}
				}
				return nil
			})
			warnings := strings.Count(c.Output(), "State of gVisor sandboxes is unknown")
			if want := map[bool]int{true: 1, false: 0}[verify]; warnings != want {
				t.Errorf("%d warnings, want %d:\n%s", warnings, want, c.Output())
			}
			stopAll(t, c.Process, simulated.Process)
			if received := !strings.Contains(simulated.Output(), "received 0 requests"); received != (measured > 0) {
				t.Errorf("unexpected requests: %s", simulated.Output())
			}
		})
	}
}

// The same holds for a real sandbox.
func TestHiddenProcessOfRealSandbox(t *testing.T) {
	r := runsc.New(t)
	r.Start(runsc.Container{ID: "web", Script: runsc.Idle, MetricServer: metricServer})
	for verify, want := range map[bool]struct {
		state             string
		wrongPeer, series int
	}{true: {"unknown", 1, 0}, false: {"running", 0, 1}} {
		t.Run(fmt.Sprintf("verify_peer=%t", verify), func(t *testing.T) {
			served := collector.NewPage(t)
			collector.StartWith(t, []process.Option{inOwnPIDNamespace}, filepath.Join(examples, "prometheus.yaml"), fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    gvisor: {roots: [%q], verify_peer: %t}
    kata: {enabled: false}
exporters:
  prometheus_scrape: {endpoint: %q}
`, r.Root, verify, served.Address))
			served.Eventually(func(got page.Page) error {
				states := got.Select(func(s page.Series) bool { return s.Name == "sandbox_state" && s.Value == 1 })
				expected := states.Select(func(s page.Series) bool { return s.Labels["sandbox_state"] == want.state })
				wrongPeer := got.Select(func(s page.Series) bool { return s.Labels["error_type"] == "wrong_peer" })
				measured := got.Select(func(s page.Series) bool { return s.Name == "gvisor_fs_opens_total" })
				if len(states) != 1 || len(expected) != 1 || len(wrongPeer) != want.wrongPeer || len(measured) != want.series {
					return fmt.Errorf("%v, %d failures and %d measured values, want %+v", states, len(wrongPeer), len(measured), want)
				}
				return nil
			})
		})
	}
}

//go:build linux

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// listed is what sandboxctl list prints about a sandbox.
type listed struct {
	ID       string    `json:"id"`
	State    string    `json:"state"`
	Trust    string    `json:"trust"`
	Version  string    `json:"version"`
	Decision string    `json:"decision"`
	Created  time.Time `json:"created"`
	CPU      float64   `json:"cpu_seconds"`
	Memory   int64     `json:"memory_bytes"`
}

// sandboxctl runs a command for the sandboxes of a runtime root.
func sandboxctl(t *testing.T, runtime *runsc.Runtime, args ...string) string {
	t.Helper()
	return process.Run(t, process.Built(t, "sandboxctl"),
		append(args, "--gvisor-roots", runtime.Root, "--kata-storage-paths", "/nonexistent")...)
}

func list(t *testing.T, runtime *runsc.Runtime) map[string]listed {
	t.Helper()
	var rows []listed
	if err := json.Unmarshal([]byte(sandboxctl(t, runtime, "list", "-o", "json")), &rows); err != nil {
		t.Fatal(err)
	}
	byID := map[string]listed{}
	for _, row := range rows {
		byID[row.ID] = row
	}
	return byID
}

// TestSandboxctl checks what sandboxctl shows of real sandboxes, with and without a
// registration: usage, and the same metrics as runsc export-metrics.
func TestSandboxctl(t *testing.T) {
	runtime := runsc.New(t)
	registered := runtime.Start(runsc.Container{
		ID: "registered", Script: "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exec sleep 3600", MetricServer: metricServer,
	})
	unregistered := runtime.Start(runsc.Container{ID: "unregistered", Script: runsc.Idle})

	for id, want := range map[string]listed{
		"registered":   {State: "running", Trust: "registered", Decision: "collected"},
		"unregistered": {State: "running", Trust: "first_use", Decision: "collected"},
	} {
		got := list(t, runtime)[id]
		state := runtime.Sandbox(id).State()
		if got.State != want.State || got.Trust != want.Trust || got.Decision != want.Decision || !got.Created.Equal(state.Created) {
			t.Errorf("%s: got %+v, want %+v, created %v", id, got, want, state.Created)
		}
		if got.Memory < 1<<20 || got.Memory > 1<<32 {
			t.Errorf("%s: got %d bytes of memory", id, got.Memory)
		}
	}
	process.Eventually(t, collector.Timeout, func() error {
		if cpu := list(t, runtime)["registered"].CPU; cpu < 0.1 {
			return fmt.Errorf("got %v seconds of CPU time for a busy sandbox", cpu)
		}
		return nil
	})

	for _, sandbox := range []*runsc.Sandbox{registered, unregistered} {
		// Nothing in the sandbox changes while it is paused.
		sandbox.Pause()
		if state := list(t, runtime)[sandbox.ID].State; state != "paused" {
			t.Errorf("%s: got state %q, want paused", sandbox.ID, state)
		}
		process.Eventually(t, collector.Timeout, func() error {
			exported := sandbox.ExportSettled()
			got, err := page.Parse(strings.NewReader(sandboxctl(t, runtime, "export", sandbox.ID[:4])))
			if err != nil {
				return err
			}
			if len(got) == 0 {
				return errors.New("no series")
			}
			return page.Equal(exported, got)
		})
		sandbox.Resume()
	}
	checkOTLP(t, sandboxctl(t, runtime, "export", "-o", "otlp-json", "registered"))
	checkExitCodes(t, runtime)
}

// checkOTLP checks that OTLP contains metrics of gVisor and the usage.
func checkOTLP(t *testing.T, text string) {
	t.Helper()
	if !json.Valid([]byte(text)) {
		t.Fatal("sandboxctl printed invalid JSON")
	}
	for _, name := range []string{"gvisor.fs.opens", "sandbox.cpu.time", "sandbox.memory.usage", "sandbox.workload.cpu.time"} {
		if !strings.Contains(text, `"name":"`+name+`"`) {
			t.Errorf("the output lacks %s", name)
		}
	}
}

// checkExitCodes checks errors of real sandboxes, and of a user without rights.
func checkExitCodes(t *testing.T, runtime *runsc.Runtime) {
	t.Helper()
	program := process.Built(t, "sandboxctl")
	for name, test := range map[string]struct {
		args []string
		want int
	}{
		"agent of gVisor": {[]string{"agent-url", "registered"}, 3},
		"not found":       {[]string{"export", "nothing"}, 3},
		"ambiguous path":  {[]string{"export", ""}, 3},
		"usage":           {[]string{"export"}, 2},
	} {
		_, err := process.Try(program, append(test.args, "--gvisor-roots", runtime.Root)...)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != test.want {
			t.Errorf("%s: got %v, want exit code %d", name, err, test.want)
		}
	}
	copied := filepath.Join(process.ShortTempDir(t), "sandboxctl")
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, data, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err = process.Try("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", copied, "list", "--gvisor-roots", runtime.Root)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("without rights: got %v, want exit code 1 and the reason", err)
	}
}

package kata

import (
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// Identities, points, errors and logs contain nothing from state files except the
// fields of storage.State.
func TestSecretsAreNotExposed(t *testing.T) {
	fleet := newFleet(t)
	for _, options := range []simkata.Options{{}, {Rust: true}, {Rust: true, Hypervisor: "qemu"}, {Pod: simulate.CRIO}} {
		addPod(t, fleet, options)
	}
	bind(t, fleet.StoragePaths()[1], "incomplete-0")
	write(t, filepath.Join(fleet.StoragePaths()[1], "incomplete-0", "state.json"),
		`{"hypervisor":{"config":"`+simulate.DecoySecret+`\x"}}`)
	core, logs := observer.New(zapcore.DebugLevel)
	config := fleetConfig(fleet)
	runtime := New(&config, sandbox.Settings{Naming: sandbox.OTel}, zap.New(core))
	runtime.pace.identity = 0
	recorder, _ := watch(t, runtime)
	eventually(t, func() bool { return len(recorder.sandboxes()) == 5 })

	for _, s := range recorder.sandboxes() {
		id := s.Identity()
		for _, text := range []string{id.Pod.Name, id.Pod.Namespace, id.Pod.UID, s.facts.Load().state.Hypervisor} {
			checkSecret(t, "identity", text)
		}
		for _, attribute := range id.UpstreamLabels {
			checkSecret(t, "upstream label", attribute.Value)
		}
		r, err := pull(t, s)
		if err != nil {
			checkSecret(t, "error", err.Error())
		}
		checkContent(t, r)
	}
	for _, entry := range logs.All() {
		checkSecret(t, "log message", entry.Message)
		for key, value := range entry.ContextMap() {
			if text, isText := value.(string); isText {
				checkSecret(t, "log field "+key, text)
			}
		}
	}
	if logs.Len() == 0 {
		t.Error("nothing was logged, so no log was checked")
	}
}

func checkSecret(t *testing.T, where, text string) {
	t.Helper()
	if strings.Contains(text, simulate.DecoySecret) {
		t.Errorf("%s contains a secret: %q", where, text)
	}
}

package discovery

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// startSleep starts a process. kill kills it; it is called at the end of the test
// at the latest.
func startSleep(t *testing.T) (pid int, kill func()) {
	t.Helper()
	command := exec.Command("sleep", "600")
	require.NoError(t, command.Start())
	// The process is a zombie, which counts as exited, until Wait has been called.
	kill = sync.OnceFunc(func() { _ = command.Process.Kill() })
	t.Cleanup(func() {
		kill()
		_ = command.Wait()
	})
	return command.Process.Pid, kill
}

// startDiscovery runs a discovery with real events and processes until the end of
// the test.
func startDiscovery(t *testing.T, patterns ...string) *recorder {
	t.Helper()
	r := newRecorder(t)
	d := New(Settings{
		Roots:               patterns,
		Registrations:       registration.NewCache("runsc_", registration.Limits{}),
		VerifyProcesses:     true,
		Processes:           host.Processes{Root: "/proc"},
		MaxWatchedProcesses: 10,
		Logger:              zap.NewNop(),
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { d.Run(ctx, r) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return r
}

// TestRun uses real events. All changes must be detected well before the next scan
// of a watched root.
func TestRun(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "runsc")
	require.NoError(t, os.Mkdir(root, 0o755))
	pid, kill := startSleep(t)
	r := startDiscovery(t, filepath.Join(base, "*"))
	r.await("the empty root is scanned", func() bool { return r.scanned })

	web := Key{root, "web"}
	data := string(stateFile("web", "web", time.Now(), fmt.Sprintf(`,"pid":%d`, pid)))
	data = strings.Replace(data, `"pid":1,`, "", 1)
	require.NoError(t, os.WriteFile(web.StateFile(), []byte(data), 0o640))
	r.await("the sandbox is added", func() bool { return r.present[web] != nil && !r.present[web].Exited })

	paused := strings.Replace(data, "running", "paused", 1)
	require.NoError(t, os.WriteFile(web.StateFile(), []byte(paused), 0o640))
	r.await("the change is reported", func() bool { return r.present[web].Status == "paused" })

	kill()
	r.await("the exit is reported", func() bool { return r.present[web].Exited })

	require.NoError(t, os.WriteFile(web.StateFile(), []byte("{}"), 0o640))
	r.await("the malformed file is skipped", func() bool { return r.skipped[web.StateFile()] == Malformed })

	require.NoError(t, os.Remove(web.StateFile()))
	r.await("the sandbox is gone", func() bool { return r.present[web] == nil && len(r.skipped) == 0 })

	newRoot := filepath.Join(base, "late")
	require.NoError(t, os.Mkdir(newRoot, 0o755))
	writeState(t, newRoot, "db", "db", testTime)
	r.await("the new root is discovered", func() bool { return r.present[Key{newRoot, "db"}] != nil })
	require.NoError(t, os.RemoveAll(newRoot))
	r.await("the root is removed", func() bool { return len(r.present) == 0 })

	r.mu.Lock()
	defer r.mu.Unlock()
	assert.NoError(t, r.err)
}

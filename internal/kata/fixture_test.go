package kata

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) {
	if socket := os.Getenv(crashingShimVariable); socket != "" {
		serveCrashingShim(socket)
		return
	}
	if options := os.Getenv(spinningShimVariable); options != "" {
		serveSpinningShim(options)
		return
	}
	goleak.VerifyTestMain(m)
}

// maxWait limits the wait for what should happen immediately. No test asserts how
// long that takes.
const maxWait = 20 * time.Second

// eventually waits until a condition is true that another goroutine fulfills.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(maxWait); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("timed out")
		}
	}
}

// shortDirectory creates a directory whose path is short enough for a socket
// address.
func shortDirectory(tb testing.TB) string {
	tb.Helper()
	directory, err := os.MkdirTemp("", "k") //nolint:usetesting // t.TempDir is too long for a socket address
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(directory) })
	return directory
}

// storagePaths are the storage paths of the Go runtime and of runtime-rs.
type storagePaths struct{ golang, rust string }

func newStoragePaths(tb testing.TB) storagePaths {
	tb.Helper()
	parent := shortDirectory(tb)
	paths := storagePaths{golang: filepath.Join(parent, "vc", "sbs"), rust: filepath.Join(parent, "kata")}
	for _, path := range []string{paths.golang, paths.rust} {
		if err := os.MkdirAll(path, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	return paths
}

// bind creates the directory of a sandbox and its socket, on which nothing
// responds.
func bind(tb testing.TB, storagePath, id string) (socket string) {
	tb.Helper()
	directory := filepath.Join(storagePath, id)
	if err := os.MkdirAll(directory, 0o700); err != nil {
		tb.Fatal(err)
	}
	socket = filepath.Join(directory, "shim-monitor.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	return socket
}

// write creates or replaces a file, and the directories that lead to it.
func write(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// remove removes a file or a directory with its content.
func remove(tb testing.TB, path string) {
	tb.Helper()
	if err := os.RemoveAll(path); err != nil {
		tb.Fatal(err)
	}
}

// setModTime sets the modification time of a file to now plus an offset.
func setModTime(tb testing.TB, path string, offset time.Duration) {
	tb.Helper()
	modTime := time.Now().Add(offset)
	if err := os.Chtimes(path, modTime, modTime); err != nil {
		tb.Fatal(err)
	}
}

const podUID = "51cf5a9b-0d2f-4a3c-8f6e-0123456789ab"

// persistFile returns the content of a persist.json.
func persistFile(id, hypervisor, pod string) string {
	return fmt.Sprintf(`{"SandboxCgroupPath":"/kubepods/pod%s/%s","HypervisorState":{"Type":%q},`+
		`"Config":{"ContainerConfigs":[{"ID":%q,"Annotations":{"io.kubernetes.cri.container-type":"sandbox",`+
		`"io.kubernetes.cri.sandbox-name":%q,"io.kubernetes.cri.sandbox-namespace":"shop","io.kubernetes.cri.sandbox-uid":%q}}]}}`,
		podUID, id, hypervisor, id, pod, podUID)
}

// stateFile returns the content of a state.json.
func stateFile(id, hypervisor string) string {
	return fmt.Sprintf(`{"resource":{"cgroup_state":{"path":"/kubepods/pod%s/%s"}},"hypervisor":{"hypervisor_type":%q}}`,
		podUID, id, hypervisor)
}

func newConfig(paths storagePaths) Config {
	return Config{
		StoragePaths: []string{paths.golang, paths.rust}, Collection: guard.Auto,
		Families: reader.DefaultFamilies, UnknownFamilies: reader.DropUnknown, MaxResponseSize: 8 << 20,
	}
}

func newRuntime(tb testing.TB, config Config) *Runtime {
	tb.Helper()
	runtime := New(&config, sandbox.Settings{Naming: sandbox.OTel}, zap.NewNop())
	return runtime
}

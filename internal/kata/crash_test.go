package kata

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// crashingShimVariable is the environment variable that makes this test binary a
// shim of runtime-rs with QEMU. Its value is the path of the socket.
const crashingShimVariable = "SANDBOXRECEIVER_TEST_CRASHING_SHIM"

// exitCrashed is the exit code of a crashing shim after a request for metrics:
// 128 + SIGABRT.
const exitCrashed = 134

// serveCrashingShim behaves as the real shim does: it accepts connections, reads
// requests, and crashes, with the whole pod, when it receives a request for
// metrics.
func serveCrashingShim(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		os.Exit(1)
	}
	// The pipe is closed when the test ends, even if it crashes.
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			os.Exit(1)
		}
		go func() {
			defer conn.Close()
			request, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil && request.URL.Path == "/metrics" {
				os.Exit(exitCrashed)
			}
		}()
	}
}

// crashingShim is a crashing shim that runs as a separate process.
type crashingShim struct {
	command *exec.Cmd
	exited  chan struct{}
}

// startCrashingShim starts a crashing shim for the sandbox web-0.
func startCrashingShim(t *testing.T, storagePath string) *crashingShim {
	t.Helper()
	return startCrashingShimFrom(t, storagePath, os.Args[0])
}

// startCrashingShimFrom is startCrashingShim with a copy of this test binary.
func startCrashingShimFrom(t *testing.T, storagePath, executable string) *crashingShim {
	t.Helper()
	directory := filepath.Join(storagePath, "web-0")
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(directory, "shim-monitor.sock")
	shim := &crashingShim{command: exec.Command(executable), exited: make(chan struct{})}
	// The race detector would delay the exit by a second.
	shim.command.Env = append(os.Environ(), crashingShimVariable+"="+socket, "GORACE=atexit_sleep_ms=0")
	stdin, err := shim.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := shim.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = shim.command.Wait()
		close(shim.exited)
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		<-shim.exited
	})
	eventually(t, func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return shim
}

// running reports whether the shim has not exited.
func (shim *crashingShim) running() bool {
	select {
	case <-shim.exited:
		return false
	default:
		return true
	}
}

// A shim of runtime-rs with QEMU must not crash when it is pulled, which still reads
// what is available on the host. Without a complete state file, the hypervisor is unknown.
func TestReceiverDoesNotCrashUnsafeShim(t *testing.T) {
	for _, collection := range []guard.Collection{guard.Auto, guard.Passive} {
		for name, state := range map[string]string{
			"qemu":               stateFile("web-0", "qemu"),
			"firecracker":        stateFile("web-0", "firecracker"),
			"unknown hypervisor": stateFile("web-0", "new"),
			"incomplete state":   stateFile("web-0", "dragonball")[:90],
			"no state":           "",
		} {
			t.Run(string(collection)+" "+name, func(t *testing.T) { checkShimSurvives(t, collection, state) })
		}
	}
}

func checkShimSurvives(t *testing.T, collection guard.Collection, state string) {
	t.Helper()
	paths := newStoragePaths(t)
	shim := startCrashingShim(t, paths.rust)
	directory := filepath.Join(paths.rust, "web-0")
	setModTime(t, filepath.Join(directory, "shim-monitor.sock"), -time.Hour)
	if state != "" {
		write(t, filepath.Join(directory, "state.json"), state)
	}
	config := newConfig(paths)
	config.Collection = collection
	s := findOne(t, config)
	for range 3 {
		r, err := pull(t, s)
		if err != nil {
			t.Errorf("pull: %v", err)
		}
		if !hasFamily(r, "kata.shim.thread.count") {
			t.Errorf("got families %q, want those of the shim's process", familiesOf(r))
		}
	}
	if !shim.running() {
		t.Fatal("the shim has exited")
	}
}

// If the configuration allows the request, the same shim does crash, which proves
// that the test above would detect a request.
func TestRequestCrashesUnsafeShim(t *testing.T) {
	paths := newStoragePaths(t)
	shim := startCrashingShim(t, paths.rust)
	write(t, filepath.Join(paths.rust, "web-0", "state.json"), stateFile("web-0", "qemu"))
	config := newConfig(paths)
	config.Collection = guard.Shim
	s := findOne(t, config)
	if _, err := pull(t, s); sandbox.OutcomeOf(err) != sandbox.Disconnected {
		t.Errorf("pull: got error %v, want outcome %s", err, sandbox.Disconnected)
	}
	<-shim.exited
	if code := shim.command.ProcessState.ExitCode(); code != exitCrashed {
		t.Errorf("the shim exited with code %d, want %d", code, exitCrashed)
	}
	// The socket that the shim leaves behind refuses connections.
	for range 2 {
		if _, err := pull(t, s); sandbox.OutcomeOf(err) != sandbox.Unreachable {
			t.Errorf("pull after the exit: got error %v, want outcome %s", err, sandbox.Unreachable)
		}
	}
	if state := s.Status().State; state != sandbox.Stopped {
		t.Errorf("got state %s, want %s", state, sandbox.Stopped)
	}
}

// If another sandbox reuses the ID, a decision about the previous instance must
// not cause a request to the new shim.
func TestDecisionAppliesToOneInstance(t *testing.T) {
	paths := newStoragePaths(t)
	socket := bind(t, paths.rust, "web-0")
	setModTime(t, socket, -time.Minute)
	write(t, filepath.Join(paths.rust, "web-0", "state.json"), stateFile("web-0", "dragonball"))
	s := findOne(t, newConfig(paths))
	if state := s.Status().State; state != sandbox.Running {
		t.Fatalf("got state %s, want %s", state, sandbox.Running)
	}

	remove(t, filepath.Join(paths.rust, "web-0"))
	shim := startCrashingShim(t, paths.rust)
	if _, err := pull(t, s); sandbox.OutcomeOf(err) != sandbox.Gone {
		t.Errorf("pull: got error %v, want outcome %s", err, sandbox.Gone)
	}
	// If the pull had sent a request, the shim might not have processed it yet. It
	// gets the time until it has handled another, harmless request.
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /agent-url HTTP/1.1\r\nHost: shim\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(maxWait))
	_, _ = conn.Read(make([]byte, 1))
	if !shim.running() {
		t.Error("the new shim has exited")
	}
	if len(s.runtime.stale) != 1 {
		t.Error("the finder was not notified")
	}
}

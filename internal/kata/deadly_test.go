package kata

import (
	"bufio"
	"context"
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

// deadlyShim is the environment variable by which this test binary becomes a
// shim of runtime-rs with QEMU, and the path of its socket.
const deadlyShim = "SANDBOXRECEIVER_TEST_DEADLY_SHIM"

// exitAborted is what a deadly shim ends with when it is asked for metrics.
const exitAborted = 134

// serveDeadlyShim does as the real one does: it takes connections, reads
// requests, and ends with the whole pod when one is for metrics.
func serveDeadlyShim(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		os.Exit(1)
	}
	// The test, and with it its end of this pipe, may vanish.
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
				os.Exit(exitAborted)
			}
		}()
	}
}

// shimProcess is a deadly shim as a process of its own.
type shimProcess struct {
	command *exec.Cmd
	ended   chan struct{}
}

// startShim starts one for the sandbox web-0.
func startShim(t *testing.T, place string) *shimProcess {
	t.Helper()
	directory := filepath.Join(place, "web-0")
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(directory, "shim-monitor.sock")
	s := &shimProcess{command: exec.Command(os.Args[0]), ended: make(chan struct{})}
	// With the race detector, a process would linger for a second.
	s.command.Env = append(os.Environ(), deadlyShim+"="+socket, "GORACE=atexit_sleep_ms=0")
	stdin, err := s.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.command.Wait()
		close(s.ended)
	}()
	t.Cleanup(func() {
		_ = stdin.Close()
		<-s.ended
	})
	eventually(t, func() bool {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return s
}

func (s *shimProcess) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// findOne finds the only sandbox in a place.
func findOne(tb testing.TB, settings Config) *Sandbox {
	tb.Helper()
	s := newSteps(tb, settings)
	s.wait(time.Second)
	if len(s.candidates) > 0 {
		s.wait(s.runtime.pace.identity)
	}
	return s.recorder.last(tb)
}

// pull pulls as the collection does.
func pull(t *testing.T, s *Sandbox) (*sandbox.Reading, error) {
	t.Helper()
	r := &sandbox.Reading{}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := s.Pull(ctx, r)
	s.AppendInfo(r, err == nil)
	return r, err
}

// The shim of runtime-rs with QEMU must survive us, and we learn about it what
// can be learned nevertheless.
func TestDeadlyShimSurvives(t *testing.T) {
	for _, collection := range []guard.Collection{guard.Auto, guard.Passive} {
		for name, state := range map[string]string{
			"qemu": stateFile("web-0", "qemu"), "firecracker": stateFile("web-0", "firecracker"),
			"unknown": stateFile("web-0", "new"), "torn": stateFile("web-0", "dragonball")[:90], "none": "",
		} {
			t.Run(string(collection)+" "+name, func(t *testing.T) {
				p := newPlaces(t)
				shim := startShim(t, p.rust)
				directory := filepath.Join(p.rust, "web-0")
				long := time.Now().Add(-time.Hour)
				if err := os.Chtimes(filepath.Join(directory, "shim-monitor.sock"), long, long); err != nil {
					t.Fatal(err)
				}
				if state != "" {
					write(t, filepath.Join(directory, "state.json"), state)
				}
				with := settings(p)
				with.Collection = collection
				one := findOne(t, with)
				for range 3 {
					r, err := pull(t, one)
					if err != nil {
						t.Errorf("pull: %v", err)
					}
					if !hasFamily(r, "kata.shim.thread.count") {
						t.Errorf("no passive reading of the shim: %q", familiesOf(r))
					}
				}
				if !shim.alive() {
					t.Fatal("the shim is dead")
				}
			})
		}
	}
}

// The same shim does die where the user insists, so the test above tests
// something.
func TestDeadlyShimIsDeadly(t *testing.T) {
	p := newPlaces(t)
	shim := startShim(t, p.rust)
	write(t, filepath.Join(p.rust, "web-0", "state.json"), stateFile("web-0", "qemu"))
	with := settings(p)
	with.Collection = "shim"
	one := findOne(t, with)
	if _, err := pull(t, one); sandbox.OutcomeOf(err) != sandbox.Disconnected {
		t.Errorf("pull: %v", err)
	}
	<-shim.ended
	if code := shim.command.ProcessState.ExitCode(); code != exitAborted {
		t.Errorf("it ended with %d", code)
	}
	// Its socket is left behind, and found dead.
	for range 2 {
		if _, err := pull(t, one); sandbox.OutcomeOf(err) != sandbox.Unreachable {
			t.Errorf("pull: %v", err)
		}
	}
	if one.Status().State != sandbox.Stopped {
		t.Errorf("state %s", one.Status().State)
	}
}

// While another sandbox takes over the id, an old decision must not reach the
// new shim.
func TestDecisionIsForOneLifeOnly(t *testing.T) {
	p := newPlaces(t)
	socket := bind(t, p.rust, "web-0")
	before := time.Now().Add(-time.Minute)
	if err := os.Chtimes(socket, before, before); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(p.rust, "web-0", "state.json"), stateFile("web-0", "dragonball"))
	one := findOne(t, settings(p))
	if one.Status().State != sandbox.Running {
		t.Fatalf("state %s", one.Status().State)
	}

	if err := os.RemoveAll(filepath.Join(p.rust, "web-0")); err != nil {
		t.Fatal(err)
	}
	shim := startShim(t, p.rust)
	if _, err := pull(t, one); sandbox.OutcomeOf(err) != sandbox.Gone {
		t.Errorf("pull: %v", err)
	}
	// The connection alone does no harm, so a moment is given for a request
	// that came with it to do some.
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("GET /agent-url HTTP/1.1\r\nHost: shim\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	_, _ = conn.Read(make([]byte, 1))
	if !shim.alive() {
		t.Error("the new shim is dead")
	}
	if len(one.runtime.stale) != 1 {
		t.Error("the finder was not told")
	}
}

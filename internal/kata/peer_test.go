package kata

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func TestCheckPeer(t *testing.T) {
	s := newSimulated(t, simkata.Options{})
	s.runtime.rootOnly = true
	if err := s.checkPeer(host.Peer{PID: 7, UID: 1000}); err == nil {
		t.Error("a process that does not run as root was accepted")
	}
	for range 2 {
		if err := s.checkPeer(host.Peer{PID: 7}); err != nil {
			t.Error(err)
		}
	}
	if err := s.checkPeer(host.Peer{PID: 8}); err == nil {
		t.Error("a second process was accepted")
	}

	s.peer, s.runtime.rootOnly = 0, false
	if err := s.checkPeer(host.Peer{PID: 7, UID: 1000}); err != nil {
		t.Error(err)
	}
}

// The peer is checked before anything is sent.
func TestWrongPeerReceivesNoRequest(t *testing.T) {
	s := newSimulated(t, simkata.Options{})
	s.peer = os.Getpid() + 1
	if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.WrongPeer {
		t.Errorf("got error %v, want outcome %s", err, sandbox.WrongPeer)
	}
	if load := s.pod.Load(); load.Calls != 0 {
		t.Errorf("got load %+v, want no requests", load)
	}
}

// With a long ID, the path of the socket is too long for a socket address.
func TestLongSocketPath(t *testing.T) {
	paths := newStoragePaths(t)
	paths.rust = filepath.Join(paths.rust, strings.Repeat("x", 60), "kata")
	directory := filepath.Join(paths.rust, strings.Repeat("a", 64))
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	opened, err := os.Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	listener, err := net.Listen("unix", fmt.Sprintf("/proc/self/fd/%d/shim-monitor.sock", opened.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	write(t, filepath.Join(directory, "state.json"), stateFile("a", "qemu"))
	if r, err := pull(t, findOne(t, newConfig(paths))); err != nil {
		t.Errorf("got error %v, families %q", err, familiesOf(r))
	}
}

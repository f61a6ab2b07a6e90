package shim

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestUnreachable(t *testing.T) {
	directory := t.TempDir()
	dead := filepath.Join(directory, "dead.sock")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	_ = listener.Close()
	file := filepath.Join(directory, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, socket := range []string{dead, file, filepath.Join(directory, "missing")} {
		if _, err := fetch(t.Context(), &fake{socket: socket}, 100); sandbox.OutcomeOf(err) != sandbox.Unreachable {
			t.Errorf("Fetch from %s: got error %v, want %s", socket, err, sandbox.Unreachable)
		}
		if _, err := PeerOf(t.Context(), socket, anyPeer); sandbox.OutcomeOf(err) != sandbox.Unreachable {
			t.Errorf("PeerOf %s: got error %v, want %s", socket, err, sandbox.Unreachable)
		}
	}
}

func TestNothingIsSentToWrongPeer(t *testing.T) {
	unexpected := errors.New("unexpected peer")
	f := serve(t, respondWith(okHead+"\r\n"))
	err := Fetch(t.Context(), Request{
		Socket: f.socket, Endpoint: Metrics, MaxBytes: 100,
		CheckPeer: func(host.Peer) error { return unexpected },
		ReadBody:  func(io.Reader) error { t.Error("a response was read"); return nil },
	})
	if sandbox.OutcomeOf(err) != sandbox.WrongPeer || !errors.Is(err, unexpected) {
		t.Errorf("got error %v, want %s", err, sandbox.WrongPeer)
	}
	eventually(t, func() bool { return len(f.requests()) == 1 })
	if got := f.requests()[0]; got != "" {
		t.Errorf("sent %q, want nothing", got)
	}
}

func TestPeerOf(t *testing.T) {
	f := serve(t, func(net.Conn) { t.Error("received a request") })
	peer, err := PeerOf(t.Context(), f.socket, anyPeer)
	if err != nil || peer.PID != os.Getpid() || int(peer.UID) != os.Getuid() {
		t.Errorf("got peer %+v, error %v", peer, err)
	}
	eventually(t, func() bool { return len(f.requests()) == 1 })
	if got := f.requests()[0]; got != "" {
		t.Errorf("sent %q, want nothing", got)
	}
}

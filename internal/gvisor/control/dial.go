package control

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Dial connects to a sandbox, without waiting. The connection works as long as
// the context lasts, and has to be closed in any case.
func Dial(ctx context.Context, target Target) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, transportFailure(ctx, err)
	}
	var failure error
	for path := range target.paths() {
		socket, err := connect(path, target.PID)
		if err == nil {
			return newConn(ctx, socket), nil
		}
		failure = tellingFailure(failure, err)
	}
	return nil, failure
}

// connect connects to a socket and refuses a process that only pretends to be
// the sandbox.
func connect(path string, pid int) (host.Socket, error) {
	socket, peer, err := host.ConnectUnix(path)
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return host.Socket{}, sandbox.Failf(sandbox.Internal, "no file descriptor is left (raise the limit on open files): %w", err)
	case err != nil:
		return host.Socket{}, sandbox.Fail(sandbox.Unreachable, err)
	case pid == 0 || peer.PID == pid:
		return socket, nil
	}
	_ = socket.Close()
	if peer.PID == 0 {
		return host.Socket{}, sandbox.Failf(sandbox.WrongPeer, "%s: the process that listens is in a PID namespace that cannot be seen from here: "+
			"share the host's PID namespace, or set gvisor::verify_peer to false", path)
	}
	return host.Socket{}, sandbox.Failf(sandbox.WrongPeer, "%s: process %d listens, but the state file names process %d", path, peer.PID, pid)
}

// tellingFailure picks the failure that says more: that a path does not exist
// says least.
func tellingFailure(before, now error) error {
	if before == nil || errors.Is(before, fs.ErrNotExist) {
		return now
	}
	return before
}

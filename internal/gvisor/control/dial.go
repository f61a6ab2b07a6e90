package control

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Dial connects to a sandbox without blocking. The connection is usable until
// the context ends, and has to be closed in any case.
func Dial(ctx context.Context, target Target) (*Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, connFailure(ctx, err)
	}
	var failure error
	for path := range target.paths() {
		socket, err := connect(path, target.PID)
		if err == nil {
			return newConn(ctx, socket), nil
		}
		failure = moreSpecific(failure, err)
	}
	return nil, failure
}

// connect connects to a socket and rejects a process that impersonates the
// sandbox.
func connect(path string, pid int) (host.Socket, error) {
	socket, peer, err := host.ConnectUnix(path)
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return host.Socket{}, sandbox.Failf(sandbox.Internal,
			"connect to %s: %w: raise the limit on open files", path, err)
	case err != nil:
		return host.Socket{}, sandbox.Fail(sandbox.Unreachable, err)
	case pid == 0 || peer.PID == pid:
		return socket, nil
	}
	_ = socket.Close()
	if peer.PID == 0 {
		return host.Socket{}, sandbox.Failf(sandbox.WrongPeer,
			"verify peer of %s: the listening process is in a PID namespace that is not visible here: "+
				"share the host's PID namespace, or set gvisor::verify_peer to false", path)
	}
	return host.Socket{}, sandbox.Failf(sandbox.WrongPeer,
		"verify peer of %s: process %d is listening, but the state file records process %d", path, peer.PID, pid)
}

// moreSpecific returns the more specific of two errors. That a path does not
// exist is the least specific.
func moreSpecific(first, second error) error {
	if first == nil || errors.Is(first, fs.ErrNotExist) {
		return second
	}
	return first
}

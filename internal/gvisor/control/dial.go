package control

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"syscall"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// dial makes a new connection, after closing the old one.
func (c *Client) dial(ctx context.Context, target Target) error {
	c.Close()
	var failure error
	for _, path := range target.paths() {
		conn, err := dialPath(ctx, path, target.PID)
		if err == nil {
			c.conn, c.target = conn, target
			return nil
		}
		if ctx.Err() != nil {
			return transportFailure(ctx, err)
		}
		failure = tellingFailure(failure, err)
	}
	return failure
}

func dialPath(ctx context.Context, path string, pid int) (*net.UnixConn, error) {
	conn, err := host.DialUnix(ctx, path)
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return nil, sandbox.Failf(sandbox.Internal, "no file descriptor is left (raise the limit on open files): %w", err)
	case err != nil:
		return nil, sandbox.Fail(sandbox.Unreachable, err)
	case pid == 0:
		return conn, nil
	}
	if err := checkPeer(conn, path, pid); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// checkPeer refuses a process that only pretends to be the sandbox.
func checkPeer(conn *net.UnixConn, path string, pid int) error {
	peer, err := host.PeerOf(conn)
	switch {
	case err != nil:
		return sandbox.Fail(sandbox.Unreachable, err)
	case peer.PID == pid:
		return nil
	case peer.PID == 0:
		return sandbox.Failf(sandbox.WrongPeer, "%s: the process that listens is in a PID namespace that cannot be seen from here: "+
			"share the host's PID namespace, or set gvisor::verify_peer to false", path)
	}
	return sandbox.Failf(sandbox.WrongPeer, "%s: process %d listens, but the state file names process %d", path, peer.PID, pid)
}

// tellingFailure picks the failure that says more: that a path does not exist
// says least.
func tellingFailure(before, now error) error {
	if before == nil || errors.Is(before, fs.ErrNotExist) {
		return now
	}
	return before
}

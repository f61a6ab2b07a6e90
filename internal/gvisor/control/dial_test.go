package control

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestWrongPeer(t *testing.T) {
	directory := t.TempDir()
	listen(t, testTarget(directory).Socket, respond(`{"success":true,"err":"","result":"forged"}`))
	wrong := testTarget(directory)
	wrong.PID++
	var text string
	err := call(callContext(t), wrong, decodeString(&text))
	assert.Equal(t, sandbox.WrongPeer, sandbox.OutcomeOf(err), "%v", err)
	assert.Empty(t, text)

	wrong.PID = 0
	require.NoError(t, call(callContext(t), wrong, decodeString(&text)), "PID 0 accepts any peer")
}

func TestTargetPaths(t *testing.T) {
	for name, test := range map[string]struct {
		target Target
		want   []string
	}{
		"in its root": {
			Target{Root: "/run/runsc", ID: "web", Socket: "/run/runsc/runsc-web.sock"},
			[]string{"/run/runsc/runsc-web.sock"},
		},
		"root mounted elsewhere": {
			Target{Root: "/host/run/runsc", ID: "web", Socket: "/run/runsc/runsc-web.sock"},
			[]string{"/run/runsc/runsc-web.sock", "/host/run/runsc/runsc-web.sock"},
		},
		"fallback directory": {
			Target{Root: "/run/runsc", ID: "web", Socket: "/tmp/x.sock"},
			[]string{"/tmp/x.sock", "/run/runsc/x.sock", "/run/runsc/runsc-web.sock"},
		},
		"not recorded": {
			Target{Root: "/run/runsc", ID: "web"},
			[]string{"/run/runsc/runsc-web.sock"},
		},
		"recorded as a relative path": {
			Target{Root: "/run/runsc", ID: "web", Socket: "../runsc-web.sock"},
			[]string{"/run/runsc/runsc-web.sock"},
		},
	} {
		assert.Equal(t, test.want, slices.Collect(test.target.paths()), name)
	}
}

const fineResponse = `{"success":true,"err":"","result":"fine"}`

func TestDialFindsSocketInMountedRoot(t *testing.T) {
	directory := t.TempDir()
	listen(t, filepath.Join(directory, "runsc-web.sock"), respond(fineResponse))
	moved := testTarget(directory)
	moved.Socket = "/no/such/directory/runsc-web.sock"
	var text string
	require.NoError(t, call(callContext(t), moved, decodeString(&text)))
	assert.Equal(t, "fine", text)
}

func TestDialSkipsStaleSocketAtRecordedPath(t *testing.T) {
	directory := t.TempDir()
	stale := filepath.Join(directory, "stale.sock")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	require.NoError(t, err)
	listener.SetUnlinkOnClose(false)
	require.NoError(t, listener.Close())
	listen(t, filepath.Join(directory, "runsc-web.sock"), respond(fineResponse))
	moved := testTarget(directory)
	moved.Socket = stale
	var text string
	require.NoError(t, call(callContext(t), moved, decodeString(&text)))
}

func TestDialPathTooLongForSocketAddress(t *testing.T) {
	directory := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
	require.NoError(t, os.Mkdir(directory, 0o755))
	path := filepath.Join(directory, "runsc-web.sock")
	// The listener needs a short path, too.
	t.Chdir(directory)
	listen(t, "runsc-web.sock", respond(fineResponse))
	require.Greater(t, len(path), 107)
	var text string
	require.NoError(t, call(callContext(t), testTarget(directory), decodeString(&text)))
	assert.Equal(t, "fine", text)
}

func TestDialWithoutSocket(t *testing.T) {
	var text string
	err := call(callContext(t), testTarget(t.TempDir()), decodeString(&text))
	assert.Equal(t, sandbox.Unreachable, sandbox.OutcomeOf(err), "%v", err)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

func TestDialReportsMostSpecificError(t *testing.T) {
	directory := t.TempDir()
	listen(t, testTarget(directory).Socket, respond(fineResponse)).listener.SetUnlinkOnClose(false)
	p := listen(t, filepath.Join(directory, "other.sock"), respond(fineResponse))
	p.listener.SetUnlinkOnClose(false)
	p.stop()
	gone := testTarget(directory)
	gone.Socket = filepath.Join(directory, "other.sock")
	gone.ID = "other"
	var text string
	err := call(callContext(t), gone, decodeString(&text))
	assert.Equal(t, sandbox.Unreachable, sandbox.OutcomeOf(err), "%v", err)
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "more specific than that the other path does not exist")
}

package control

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// decodeString decodes a response whose result is a string.
func decodeString(text *string) func(io.Reader) error {
	return func(source io.Reader) error {
		return urpc.DecodeResult(source, 1<<16, func(s *jsonscan.Scanner) { *text = string(s.String()) })
	}
}

// call makes one call on a separate connection.
func call(ctx context.Context, target Target, decode func(io.Reader) error) error {
	conn, err := Dial(ctx, target)
	if err != nil {
		return err
	}
	return errors.Join(conn.Call(Export(""), decode), conn.Close())
}

func callContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestCallsOnOneConnection(t *testing.T) {
	directory := t.TempDir()
	listen(t, testTarget(directory).Socket, func(c *peerConn) {
		for _, want := range []struct{ method, arg string }{
			{"Metrics.GetRegisteredMetrics", `{}`},
			{"Metrics.Export", `{"only_metrics":"^(?:fs_.*)$"}`},
			{"containerManager.GetSavings", `null`},
		} {
			request, ok := c.receive()
			assert.True(c.t, ok)
			assert.Equal(c.t, want.method, request.Method)
			assert.JSONEq(c.t, want.arg, string(request.Arg))
			c.send(`{"success":true,"err":"","result":"` + want.method + `"}`)
		}
		_, ok := c.receive()
		assert.False(c.t, ok, "Close closes the connection")
	})
	conn, err := Dial(callContext(t), testTarget(directory))
	require.NoError(t, err)
	for _, test := range []struct {
		request Request
		want    string
	}{
		{RegisteredMetrics(), "Metrics.GetRegisteredMetrics"},
		{Export("fs_.*"), "Metrics.Export"},
		{Savings(), "containerManager.GetSavings"},
	} {
		var text string
		require.NoError(t, conn.Call(test.request, decodeString(&text)))
		assert.Equal(t, test.want, text)
	}
	require.NoError(t, conn.Close())
}

func TestRequests(t *testing.T) {
	for want, request := range map[string]Request{
		`{"method":"Metrics.Export","arg":{"only_metrics":""}}`:                     Export(""),
		`{"method":"Metrics.Export","arg":{"only_metrics":"^(?:a|\"b\"\\u003c)$"}}`: Export(`a|"b"<`),
		`{"method":"Metrics.GetRegisteredMetrics","arg":{}}`:                        RegisteredMetrics(),
		`{"method":"containerManager.GetSavings","arg":null}`:                       Savings(),
		`{"method":"containerManager.Event","arg":"a-\"b"}`:                         Event(`a-"b`),
	} {
		want = strings.ReplaceAll(want, `\\u003c`, `\u003c`)
		assert.Equal(t, want, string(request.body))
	}
}

func TestCallOutcomes(t *testing.T) {
	for name, test := range map[string]struct {
		response string
		want     sandbox.Outcome
	}{
		"call failed":           {`{"success":false,"err":"unknown method","result":null}`, sandbox.Refused},
		"not JSON":              {`<html>`, sandbox.Malformed},
		"trailing bytes":        {`{"success":true,"err":"","result":""}{"success":true}`, sandbox.Malformed},
		"success twice":         {`{"success":false,"success":true,"err":"","result":""}`, sandbox.Malformed},
		"wrong kind":            {`{"success":true,"err":"","result":1}`, sandbox.Malformed},
		"no success":            {`{}`, sandbox.Refused},
		"result before success": {`{"result":"x","success":true,"err":""}`, sandbox.OK},
		"too long":              {`{"success":true,"err":"` + strings.Repeat("x", 1<<17), sandbox.Oversize},
		"nested too deeply":     {`{"success":true,"x":` + strings.Repeat("[", 100), sandbox.Oversize},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			listen(t, testTarget(directory).Socket, func(c *peerConn) {
				c.receive()
				c.send(test.response)
				c.hold()
			})
			var text string
			err := call(callContext(t), testTarget(directory), decodeString(&text))
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			assert.Empty(t, text)
		})
	}
}

func TestConnectionClosedBySandbox(t *testing.T) {
	for name, script := range map[string]func(*peerConn){
		"before the request":  func(*peerConn) {},
		"after the request":   func(c *peerConn) { c.receive() },
		"within the response": func(c *peerConn) { c.receive(); c.send(`{"success":tr`) },
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			p := listen(t, testTarget(directory).Socket, script)
			var text string
			err := call(callContext(t), testTarget(directory), decodeString(&text))
			assert.Equal(t, sandbox.Disconnected, sandbox.OutcomeOf(err), "%v", err)
			assert.LessOrEqual(t, p.connections(), 1, "the call is not retried")
		})
	}
}

// TestAttachedDescriptorsAreDropped checks that file descriptors attached to a
// response never reach this process.
func TestAttachedDescriptorsAreDropped(t *testing.T) {
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	attached := syscall.UnixRights(slices.Repeat([]int{int(file.Fd())}, 200)...)
	directory := t.TempDir()
	listen(t, testTarget(directory).Socket, func(c *peerConn) {
		for {
			if _, ok := c.receive(); !ok {
				return
			}
			_, _, err := c.conn.WriteMsgUnix([]byte(`{"success":true,"err":"","result":"fine"}`), attached, nil)
			assert.NoError(c.t, err)
		}
	})
	conn, err := Dial(callContext(t), testTarget(directory))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	var text string
	require.NoError(t, conn.Call(Export(""), decodeString(&text)))
	before := openFiles(t)
	for range 3 {
		require.NoError(t, conn.Call(Export(""), decodeString(&text)))
		assert.Equal(t, "fine", text)
	}
	assert.Equal(t, before, openFiles(t))
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// TestDecodeErrorIsReturned checks that an error of decode takes precedence
// while the connection works.
func TestDecodeErrorIsReturned(t *testing.T) {
	directory := t.TempDir()
	listen(t, testTarget(directory).Socket, respond(`x`))
	violation := errors.New("a rule was broken")
	err := call(callContext(t), testTarget(directory), func(io.Reader) error {
		return sandbox.Fail(sandbox.Rejected, violation)
	})
	assert.Equal(t, sandbox.Rejected, sandbox.OutcomeOf(err))
	assert.ErrorIs(t, err, violation)
}

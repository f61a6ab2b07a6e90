package control

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// take decodes an answer whose result is a text.
func take(text *string) func(io.Reader) error {
	return func(source io.Reader) error {
		return DecodeResult(source, 1<<16, func(s *jsonscan.Scanner) { *text = string(s.String()) })
	}
}

// call makes one call on a connection of its own.
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
	listen(t, target(directory).Socket, func(c *caller) {
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
		assert.False(c.t, ok, "the connection is closed at the end")
	})
	conn, err := Dial(callContext(t), target(directory))
	require.NoError(t, err)
	for _, one := range []struct {
		request Request
		want    string
	}{
		{RegisteredMetrics(), "Metrics.GetRegisteredMetrics"},
		{Export("fs_.*"), "Metrics.Export"},
		{Savings(), "containerManager.GetSavings"},
	} {
		var text string
		require.NoError(t, conn.Call(one.request, take(&text)))
		assert.Equal(t, one.want, text)
	}
	require.NoError(t, conn.Close())
}

func TestRequests(t *testing.T) {
	for want, request := range map[string]Request{
		`{"method":"Metrics.Export","arg":{"only_metrics":""}}`:                     Export(""),
		`{"method":"Metrics.Export","arg":{"only_metrics":"^(?:a|\"b\"\\u003c)$"}}`: Export(`a|"b"<`),
		`{"method":"Metrics.GetRegisteredMetrics","arg":{}}`:                        RegisteredMetrics(),
		`{"method":"containerManager.GetSavings","arg":null}`:                       Savings(),
	} {
		want = strings.ReplaceAll(want, `\\u003c`, `\u003c`)
		assert.Equal(t, want, string(request.body))
	}
}

func TestCallFailures(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   sandbox.Outcome
	}{
		"refused":           {`{"success":false,"err":"unknown method","result":null}`, sandbox.Refused},
		"garbage":           {`<html>`, sandbox.Malformed},
		"trailing":          {`{"success":true,"err":"","result":""}{"success":true}`, sandbox.Malformed},
		"success twice":     {`{"success":false,"success":true,"err":"","result":""}`, sandbox.Malformed},
		"wrong kind":        {`{"success":true,"err":"","result":1}`, sandbox.Malformed},
		"no success":        {`{}`, sandbox.Refused},
		"success too late":  {`{"result":"x","success":true,"err":""}`, sandbox.OK},
		"too long":          {`{"success":true,"err":"` + strings.Repeat("x", 1<<17), sandbox.Oversize},
		"nested too deeply": {`{"success":true,"x":` + strings.Repeat("[", 100), sandbox.Oversize},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			listen(t, target(directory).Socket, func(c *caller) {
				c.receive()
				c.send(test.answer)
				c.hold()
			})
			var text string
			err := call(callContext(t), target(directory), take(&text))
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			assert.Empty(t, text)
		})
	}
}

func TestRefusalIsQuotedInPart(t *testing.T) {
	err := DecodeResult(strings.NewReader(`{"success":false,"err":"a\nb`+strings.Repeat("x", 5000)+`"}`), 1<<16, nil)
	require.Equal(t, sandbox.Refused, sandbox.OutcomeOf(err))
	assert.Contains(t, err.Error(), `a\nb`)
	assert.Less(t, len(err.Error()), 2*longestRefusal)
}

func TestConnectionIsClosed(t *testing.T) {
	for name, script := range map[string]func(*caller){
		"at once":       func(*caller) {},
		"when asked":    func(c *caller) { c.receive() },
		"in the answer": func(c *caller) { c.receive(); c.send(`{"success":tr`) },
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			p := listen(t, target(directory).Socket, script)
			var text string
			err := call(callContext(t), target(directory), take(&text))
			assert.Equal(t, sandbox.Disconnected, sandbox.OutcomeOf(err), "%v", err)
			assert.LessOrEqual(t, p.connections(), 1, "it is not asked again")
		})
	}
}

func TestDeadline(t *testing.T) {
	stall := func(c *caller) { c.receive(); c.hold() }
	stallMidway := func(c *caller) { c.receive(); c.send(`{"success":true,`); c.hold() }
	for name, script := range map[string]func(*caller){"before the answer": stall, "in the answer": stallMidway} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			listen(t, target(directory).Socket, script)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			var text string
			err := call(ctx, target(directory), take(&text))
			assert.Equal(t, sandbox.Timeout, sandbox.OutcomeOf(err), "%v", err)
		})
		t.Run("canceled "+name, func(t *testing.T) {
			directory := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			listen(t, target(directory).Socket, func(c *caller) {
				go cancel()
				script(c)
			})
			var text string
			err := call(ctx, target(directory), take(&text))
			assert.Equal(t, sandbox.Canceled, sandbox.OutcomeOf(err), "%v", err)
		})
	}
	t.Run("passed already", func(t *testing.T) {
		directory := t.TempDir()
		listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":""}`))
		for ctx, want := range map[context.Context]sandbox.Outcome{
			ended(t, context.DeadlineExceeded): sandbox.Timeout,
			ended(t, context.Canceled):         sandbox.Canceled,
		} {
			var text string
			err := call(ctx, target(directory), take(&text))
			assert.Equal(t, want, sandbox.OutcomeOf(err), "%v", err)
		}
	})
	t.Run("none", func(t *testing.T) {
		directory := t.TempDir()
		listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":""}`))
		var text string
		assert.NoError(t, call(t.Context(), target(directory), take(&text)))
	})
}

// ended is a context that has ended already.
func ended(t *testing.T, how error) context.Context {
	t.Helper()
	var ctx context.Context
	var cancel context.CancelFunc
	if errors.Is(how, context.Canceled) {
		ctx, cancel = context.WithCancel(t.Context())
	} else {
		ctx, cancel = context.WithDeadline(t.Context(), time.Unix(1, 0))
	}
	cancel()
	return ctx
}

// TestDescriptorsAreDropped: whatever is attached to an answer, no descriptor
// arrives here.
func TestDescriptorsAreDropped(t *testing.T) {
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	defer file.Close()
	attached := syscall.UnixRights(slices.Repeat([]int{int(file.Fd())}, 200)...)
	directory := t.TempDir()
	listen(t, target(directory).Socket, func(c *caller) {
		for {
			if _, ok := c.receive(); !ok {
				return
			}
			_, _, err := c.conn.WriteMsgUnix([]byte(`{"success":true,"err":"","result":"fine"}`), attached, nil)
			assert.NoError(c.t, err)
		}
	})
	conn, err := Dial(callContext(t), target(directory))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	var text string
	require.NoError(t, conn.Call(Export(""), take(&text)))
	before := openFiles(t)
	for range 3 {
		require.NoError(t, conn.Call(Export(""), take(&text)))
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

func TestWrongPeer(t *testing.T) {
	directory := t.TempDir()
	listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":"forged"}`))
	wrong := target(directory)
	wrong.PID++
	var text string
	err := call(callContext(t), wrong, take(&text))
	assert.Equal(t, sandbox.WrongPeer, sandbox.OutcomeOf(err), "%v", err)
	assert.Empty(t, text)

	wrong.PID = 0
	require.NoError(t, call(callContext(t), wrong, take(&text)), "any peer will do")
}

func TestPaths(t *testing.T) {
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

func TestSocketIsFound(t *testing.T) {
	const answer = `{"success":true,"err":"","result":"fine"}`
	t.Run("in a root that is mounted elsewhere", func(t *testing.T) {
		directory := t.TempDir()
		listen(t, filepath.Join(directory, "runsc-web.sock"), answers(answer))
		moved := target(directory)
		moved.Socket = "/no/such/directory/runsc-web.sock"
		var text string
		require.NoError(t, call(callContext(t), moved, take(&text)))
		assert.Equal(t, "fine", text)
	})
	t.Run("behind another's socket", func(t *testing.T) {
		directory := t.TempDir()
		foreign := filepath.Join(directory, "foreign.sock")
		// Nobody listens there any more.
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: foreign, Net: "unix"})
		require.NoError(t, err)
		listener.SetUnlinkOnClose(false)
		require.NoError(t, listener.Close())
		listen(t, filepath.Join(directory, "runsc-web.sock"), answers(answer))
		moved := target(directory)
		moved.Socket = foreign
		var text string
		require.NoError(t, call(callContext(t), moved, take(&text)))
	})
	t.Run("under a path too long for an address", func(t *testing.T) {
		directory := filepath.Join(t.TempDir(), strings.Repeat("d", 120))
		require.NoError(t, os.Mkdir(directory, 0o755))
		path := filepath.Join(directory, "runsc-web.sock")
		// The peer itself has to reach it another way.
		t.Chdir(directory)
		listen(t, "runsc-web.sock", answers(answer))
		require.Greater(t, len(path), 107)
		var text string
		require.NoError(t, call(callContext(t), target(directory), take(&text)))
		assert.Equal(t, "fine", text)
	})
	t.Run("nowhere", func(t *testing.T) {
		var text string
		err := call(callContext(t), target(t.TempDir()), take(&text))
		assert.Equal(t, sandbox.Unreachable, sandbox.OutcomeOf(err), "%v", err)
		assert.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("but not listening", func(t *testing.T) {
		directory := t.TempDir()
		listen(t, target(directory).Socket, answers(answer)).listener.SetUnlinkOnClose(false)
		p := listen(t, filepath.Join(directory, "other.sock"), answers(answer))
		p.listener.SetUnlinkOnClose(false)
		p.stop()
		gone := target(directory)
		gone.Socket = filepath.Join(directory, "other.sock")
		gone.ID = "other"
		var text string
		err := call(callContext(t), gone, take(&text))
		assert.Equal(t, sandbox.Unreachable, sandbox.OutcomeOf(err), "%v", err)
		assert.ErrorIs(t, err, syscall.ECONNREFUSED, "this says more than that the other path does not exist")
	})
}

// TestDecodeErrorWins: an error that is not the connection's is passed on.
func TestDecodeErrorWins(t *testing.T) {
	directory := t.TempDir()
	listen(t, target(directory).Socket, answers(`x`))
	rule := errors.New("a rule was broken")
	err := call(callContext(t), target(directory), func(io.Reader) error {
		return sandbox.Fail(sandbox.Rejected, rule)
	})
	assert.Equal(t, sandbox.Rejected, sandbox.OutcomeOf(err))
	assert.ErrorIs(t, err, rule)
}

func BenchmarkPull(b *testing.B) {
	directory := b.TempDir()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(directory, "runsc-web.sock"), Net: "unix"})
	require.NoError(b, err)
	defer func() { _ = listener.Close() }()
	go func() {
		buffer := make([]byte, 1024)
		answer := []byte(`{"success":true}`)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(buffer)
			_, _ = conn.Write(answer)
			_ = conn.Close()
		}
	}()
	request := Export("")
	target := target(directory)
	buffer := make([]byte, 1024)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		conn, err := Dial(ctx, target)
		if err != nil {
			b.Fatal(err)
		}
		err = conn.Call(request, func(source io.Reader) error {
			_, err := source.Read(buffer)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		_ = conn.Close()
	}
}

package control

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
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

func newClient(t *testing.T, limit int) *Client {
	t.Helper()
	keeper := NewKeeper(limit)
	client := NewClient(keeper)
	t.Cleanup(func() {
		client.Close()
		assert.Zero(t, keeper.Kept(), "all connections were given back")
	})
	return client
}

func callContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestCallKeepsItsConnection(t *testing.T) {
	directory := root(t)
	p := listen(t, target(directory).Socket, func(c *call) {
		for {
			request, ok := c.receive()
			if !ok {
				return
			}
			assert.Equal(c.t, "Metrics.Export", request.Method)
			assert.JSONEq(c.t, `{"only_metrics":"^(?:fs_.*)$"}`, string(request.Arg))
			c.send(`{"success":true,"err":"","result":"fine"}`)
		}
	})
	client := newClient(t, 1)
	request := Export("fs_.*")
	for range 3 {
		var text string
		require.NoError(t, client.Call(callContext(t), target(directory), request, take(&text)))
		assert.Equal(t, "fine", text)
	}
	assert.Equal(t, 1, p.connections())
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

// TestKeeperLimit: above the limit, a connection ends with its call.
func TestKeeperLimit(t *testing.T) {
	directory := root(t)
	p := listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":""}`))
	client := newClient(t, 0)
	var text string
	for want := range 3 {
		require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
		assert.Nil(t, client.conn)
		assert.Equal(t, want+1, p.connections())
	}
}

func TestCallRedialsOnce(t *testing.T) {
	answerOnce := func(c *call) {
		c.receive()
		c.send(`{"success":true,"err":"","result":"old"}`)
	}
	for name, test := range map[string]struct {
		second func(*call)
		want   sandbox.Outcome
	}{
		"and succeeds":    {answers(`{"success":true,"err":"","result":"new"}`), sandbox.OK},
		"and fails again": {func(c *call) { c.receive() }, sandbox.Disconnected},
	} {
		t.Run(name, func(t *testing.T) {
			directory := root(t)
			p := listen(t, target(directory).Socket, answerOnce, test.second)
			client := newClient(t, 1)
			var text string
			require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
			assert.Equal(t, "old", text)
			err := client.Call(callContext(t), target(directory), Export(""), take(&text))
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			assert.Equal(t, 2, p.connections())
		})
	}
	t.Run("not on a new connection", func(t *testing.T) {
		directory := root(t)
		p := listen(t, target(directory).Socket, func(c *call) { c.receive() })
		client := newClient(t, 1)
		var text string
		err := client.Call(callContext(t), target(directory), Export(""), take(&text))
		assert.Equal(t, sandbox.Disconnected, sandbox.OutcomeOf(err), "%v", err)
		assert.Equal(t, 1, p.connections())
	})
	t.Run("not after the answer has begun", func(t *testing.T) {
		directory := root(t)
		p := listen(t, target(directory).Socket, func(c *call) {
			c.receive()
			c.send(`{"success":true,"err":"","result":""}`)
			c.receive()
			c.send(`{"succ`)
		})
		client := newClient(t, 1)
		var text string
		require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
		err := client.Call(callContext(t), target(directory), Export(""), take(&text))
		assert.Equal(t, sandbox.Disconnected, sandbox.OutcomeOf(err), "%v", err)
		assert.Equal(t, 1, p.connections())
	})
	t.Run("closed while the request was under way", func(t *testing.T) {
		directory := root(t)
		p := listen(t, target(directory).Socket, func(c *call) {
			c.receive()
			c.send(`{"success":true,"err":"","result":"old"}`)
			c.receive() // and closes
		}, answers(`{"success":true,"err":"","result":"new"}`))
		client := newClient(t, 1)
		var text string
		require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
		require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
		assert.Equal(t, "new", text)
		assert.Equal(t, 2, p.connections())
	})
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
			directory := root(t)
			listen(t, target(directory).Socket, func(c *call) {
				c.receive()
				c.send(test.answer)
				c.hold()
			})
			client := newClient(t, 1)
			var text string
			err := client.Call(callContext(t), target(directory), Export(""), take(&text))
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			assert.Empty(t, text)
			assert.Equal(t, test.want == sandbox.OK, client.conn != nil, "a connection is kept only after a success")
		})
	}
}

func TestRefusalIsQuotedInPart(t *testing.T) {
	err := DecodeResult(strings.NewReader(`{"success":false,"err":"a\nb`+strings.Repeat("x", 5000)+`"}`), 1<<16, nil)
	require.Equal(t, sandbox.Refused, sandbox.OutcomeOf(err))
	assert.Contains(t, err.Error(), `a\nb`)
	assert.Less(t, len(err.Error()), 2*longestRefusal)
}

func TestCallDeadline(t *testing.T) {
	stall := func(c *call) { c.receive(); c.hold() }
	stallMidway := func(c *call) { c.receive(); c.send(`{"success":true,`); c.hold() }
	for name, script := range map[string]func(*call){"before the answer": stall, "in the answer": stallMidway} {
		t.Run(name, func(t *testing.T) {
			directory := root(t)
			listen(t, target(directory).Socket, script)
			client := newClient(t, 1)
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			var text string
			err := client.Call(ctx, target(directory), Export(""), take(&text))
			assert.Equal(t, sandbox.Timeout, sandbox.OutcomeOf(err), "%v", err)
			assert.Nil(t, client.conn)
		})
		t.Run("cancelled "+name, func(t *testing.T) {
			directory := root(t)
			ctx, cancel := context.WithCancel(t.Context())
			listen(t, target(directory).Socket, func(c *call) {
				go cancel()
				script(c)
			})
			client := newClient(t, 1)
			var text string
			err := client.Call(ctx, target(directory), Export(""), take(&text))
			assert.Equal(t, sandbox.Cancelled, sandbox.OutcomeOf(err), "%v", err)
			assert.Nil(t, client.conn)
		})
	}
	t.Run("passed already", func(t *testing.T) {
		directory := root(t)
		listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":""}`))
		ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
		defer cancel()
		var text string
		err := newClient(t, 1).Call(ctx, target(directory), Export(""), take(&text))
		assert.Equal(t, sandbox.Timeout, sandbox.OutcomeOf(err), "%v", err)
	})
}

// TestDeadlineDoesNotStick: a deadline ends with its call.
func TestDeadlineDoesNotStick(t *testing.T) {
	directory := root(t)
	p := listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":""}`))
	client := newClient(t, 1)
	var text string
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	require.NoError(t, client.Call(ctx, target(directory), Export(""), take(&text)))
	cancel()
	require.NoError(t, client.Call(t.Context(), target(directory), Export(""), take(&text)))
	assert.Equal(t, 1, p.connections())
}

// TestContextEndsDuringDecode: the answer counts, the connection is given up,
// because its deadline may already have been moved to the past.
func TestContextEndsDuringDecode(t *testing.T) {
	directory := root(t)
	listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":"fine"}`))
	client := newClient(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var text string
	err := client.Call(ctx, target(directory), Export(""), func(source io.Reader) error {
		err := take(&text)(source)
		cancel()
		return err
	})
	require.NoError(t, err)
	assert.Equal(t, "fine", text)
	assert.Nil(t, client.conn)
}

func TestUnsolicitedBytes(t *testing.T) {
	directory := root(t)
	sent := make(chan struct{})
	first := make(chan struct{})
	listen(t, target(directory).Socket, func(c *call) {
		c.receive()
		c.send(`{"success":true,"err":"","result":""}`)
		<-first
		c.send(`{"success":true,"err":"","result":"forged"}`)
		close(sent)
		c.hold()
	})
	client := newClient(t, 1)
	var text string
	require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
	close(first)
	<-sent
	err := client.Call(callContext(t), target(directory), Export(""), take(&text))
	assert.Equal(t, sandbox.Malformed, sandbox.OutcomeOf(err), "%v", err)
	assert.Empty(t, text)
	assert.Nil(t, client.conn)
}

// TestDescriptorsAreDropped: whatever is attached to an answer, no descriptor
// arrives here.
func TestDescriptorsAreDropped(t *testing.T) {
	directory := root(t)
	listen(t, target(directory).Socket, func(c *call) {
		for {
			if _, ok := c.receive(); !ok {
				return
			}
			file, err := os.Open("/dev/null")
			if !assert.NoError(c.t, err) {
				return
			}
			attached := make([]int, 200)
			for i := range attached {
				attached[i] = int(file.Fd())
			}
			_, _, err = c.conn.WriteMsgUnix([]byte(`{"success":true,"err":"","result":"fine"}`), syscall.UnixRights(attached...), nil)
			assert.NoError(c.t, err)
			file.Close()
		}
	})
	client := newClient(t, 1)
	var text string
	require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
	before := openFiles(t)
	for range 3 {
		require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
		assert.Equal(t, "fine", text)
	}
	// The peer of this test, in the same process, may have its own file open.
	assert.LessOrEqual(t, openFiles(t), before+1)
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

func TestWrongPeer(t *testing.T) {
	directory := root(t)
	listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":"forged"}`))
	wrong := target(directory)
	wrong.PID++
	client := newClient(t, 1)
	var text string
	err := client.Call(callContext(t), wrong, Export(""), take(&text))
	assert.Equal(t, sandbox.WrongPeer, sandbox.OutcomeOf(err), "%v", err)
	assert.Empty(t, text)

	wrong.PID = 0
	require.NoError(t, client.Call(callContext(t), wrong, Export(""), take(&text)), "any peer will do")
}

// TestTargetChanges: a connection to what was the target before is not used.
func TestTargetChanges(t *testing.T) {
	directory := root(t)
	listen(t, target(directory).Socket, answers(`{"success":true,"err":"","result":""}`))
	client := newClient(t, 1)
	var text string
	require.NoError(t, client.Call(callContext(t), target(directory), Export(""), take(&text)))
	other := target(directory)
	other.PID = 1
	err := client.Call(callContext(t), other, Export(""), take(&text))
	assert.Equal(t, sandbox.WrongPeer, sandbox.OutcomeOf(err), "%v", err)
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
		assert.Equal(t, test.want, test.target.paths(), name)
	}
}

func TestSocketIsFound(t *testing.T) {
	const answer = `{"success":true,"err":"","result":"fine"}`
	t.Run("in a root that is mounted elsewhere", func(t *testing.T) {
		directory := root(t)
		listen(t, filepath.Join(directory, "runsc-web.sock"), answers(answer))
		moved := target(directory)
		moved.Socket = "/no/such/directory/runsc-web.sock"
		var text string
		require.NoError(t, newClient(t, 1).Call(callContext(t), moved, Export(""), take(&text)))
		assert.Equal(t, "fine", text)
	})
	t.Run("behind another's socket", func(t *testing.T) {
		directory := root(t)
		foreign := filepath.Join(directory, "foreign.sock")
		// Nobody listens there any more.
		listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: foreign, Net: "unix"})
		require.NoError(t, err)
		listener.SetUnlinkOnClose(false)
		listener.Close()
		listen(t, filepath.Join(directory, "runsc-web.sock"), answers(answer))
		moved := target(directory)
		moved.Socket = foreign
		var text string
		require.NoError(t, newClient(t, 1).Call(callContext(t), moved, Export(""), take(&text)))
	})
	t.Run("under a path too long for an address", func(t *testing.T) {
		directory := filepath.Join(root(t), strings.Repeat("d", 120))
		require.NoError(t, os.Mkdir(directory, 0o755))
		path := filepath.Join(directory, "runsc-web.sock")
		// The peer itself has to reach it another way.
		handle, err := os.Open(directory)
		require.NoError(t, err)
		defer handle.Close()
		wd, err := os.Getwd()
		require.NoError(t, err)
		require.NoError(t, handle.Chdir())
		listen(t, "runsc-web.sock", answers(answer))
		require.NoError(t, os.Chdir(wd))
		require.Greater(t, len(path), 107)
		var text string
		require.NoError(t, newClient(t, 1).Call(callContext(t), target(directory), Export(""), take(&text)))
		assert.Equal(t, "fine", text)
	})
	t.Run("nowhere", func(t *testing.T) {
		var text string
		err := newClient(t, 1).Call(callContext(t), target(root(t)), Export(""), take(&text))
		assert.Equal(t, sandbox.Unreachable, sandbox.OutcomeOf(err), "%v", err)
		assert.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("but not listening", func(t *testing.T) {
		directory := root(t)
		listen(t, target(directory).Socket, answers(answer)).listener.SetUnlinkOnClose(false)
		p := listen(t, filepath.Join(directory, "other.sock"), answers(answer))
		p.listener.SetUnlinkOnClose(false)
		p.stop()
		gone := target(directory)
		gone.Socket = filepath.Join(directory, "other.sock")
		gone.ID = "other"
		var text string
		err := newClient(t, 1).Call(callContext(t), gone, Export(""), take(&text))
		assert.Equal(t, sandbox.Unreachable, sandbox.OutcomeOf(err), "%v", err)
		assert.ErrorIs(t, err, syscall.ECONNREFUSED, "this says more than that the other path does not exist")
	})
}

// TestDecodeErrorWins: an error that is not the connection's is passed on.
func TestDecodeErrorWins(t *testing.T) {
	directory := root(t)
	listen(t, target(directory).Socket, answers(`x`))
	rule := errors.New("a rule was broken")
	err := newClient(t, 1).Call(callContext(t), target(directory), Export(""), func(io.Reader) error {
		return sandbox.Fail(sandbox.Rejected, rule)
	})
	assert.Equal(t, sandbox.Rejected, sandbox.OutcomeOf(err))
	assert.ErrorIs(t, err, rule)
}

func BenchmarkCall(b *testing.B) {
	directory := b.TempDir()
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(directory, "runsc-web.sock"), Net: "unix"})
	require.NoError(b, err)
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buffer := make([]byte, 1024)
		answer := []byte(`{"success":true}`)
		for {
			if _, err := conn.Read(buffer); err != nil {
				return
			}
			_, _ = conn.Write(answer)
		}
	}()
	client := NewClient(NewKeeper(1))
	defer client.Close()
	request := Export("")
	target := target(directory)
	buffer := make([]byte, 1024)
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	b.ReportAllocs()
	for b.Loop() {
		err := client.Call(ctx, target, request, func(source io.Reader) error {
			_, err := source.Read(buffer)
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

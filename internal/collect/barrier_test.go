package collect

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// buggy is a sandbox of which one method panics, once it is armed.
type buggy struct {
	*fakeSandbox
	method string
	armed  atomic.Bool
	panics atomic.Int32
}

func (b *buggy) call(method string) {
	if b.method == method && b.armed.Load() {
		b.panics.Add(1)
		panic("a bug in " + method)
	}
}

func (b *buggy) Identity() *sandbox.Identity { b.call("Identity"); return b.fakeSandbox.Identity() }
func (b *buggy) Status() sandbox.Status      { b.call("Status"); return b.fakeSandbox.Status() }
func (b *buggy) MinInterval() time.Duration {
	b.call("MinInterval")
	return b.fakeSandbox.MinInterval()
}
func (b *buggy) Ready() bool  { b.call("Ready"); return b.fakeSandbox.Ready() }
func (b *buggy) Close() error { b.call("Close"); return b.fakeSandbox.Close() }
func (b *buggy) AppendSeries(r *sandbox.Reading) {
	b.call("AppendSeries")
	b.fakeSandbox.AppendSeries(r)
}

func (b *buggy) AppendInfo(r *sandbox.Reading, verified bool) {
	b.call("AppendInfo")
	b.fakeSandbox.AppendInfo(r, verified)
}

func (b *buggy) Pull(ctx context.Context, r *sandbox.Reading) error {
	b.call("Pull")
	return b.fakeSandbox.Pull(ctx, r)
}

func (b *buggy) Send(ctx context.Context) bool {
	b.call("Send")
	return b.fakeSandbox.Send(ctx)
}

func (b *buggy) Receive(r *sandbox.Reading, onBlock func()) error {
	b.call("Receive")
	return b.fakeSandbox.Receive(r, onBlock)
}

func (b *buggy) More() bool {
	b.call("More")
	return b.fakeSandbox.More()
}

var methods = []string{
	"Identity", "Status", "MinInterval", "Pull", "AppendInfo", "AppendSeries", "Close", "Send", "Ready", "Receive", "More",
}

// TestPanicAffectsOneSandbox lets each method of a sandbox panic, from the beginning
// or from a later time on, while another sandbox is pulled on schedule, and while the
// runtime adds and removes sandboxes.
func TestPanicAffectsOneSandbox(t *testing.T) {
	for _, method := range methods {
		for _, armed := range []bool{true, false} {
			t.Run(method, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { checkPanic(t, method, armed) })
			})
		}
	}
}

func checkPanic(t *testing.T, method string, armed bool) {
	t.Helper()
	h := newHarness(t, nil)
	stop := h.start(t)
	other := newFake("other")
	added := make([]*buggy, 3)
	for i := range added {
		added[i] = &buggy{fakeSandbox: newFake("buggy"), method: method}
		if method != "Pull" {
			added[i].delay = 0
		}
		added[i].armed.Store(armed)
		h.runtime.add(added[i])
	}
	h.runtime.add(other)
	time.Sleep(3 * testInterval)
	for _, one := range added {
		one.armed.Store(true)
	}
	time.Sleep(3 * testInterval)
	h.runtime.remove(added[0])
	added[1].setState(sandbox.Stopped)
	time.Sleep(3 * testInterval)
	assert.GreaterOrEqual(t, len(other.pulled()), 8)
	stop()
	if method == "Identity" && !armed {
		assert.Zero(t, added[0].panics.Load(), "the identity is read once")
	} else {
		assert.NotZero(t, added[0].panics.Load())
		assert.NotZero(t, h.logs.FilterMessageSnippet("Panic in the code").Len())
		assert.LessOrEqual(t, h.logs.FilterMessageSnippet("Panic in the code").Len(), 2, "not every panic is logged")
	}
	if method != "Close" {
		for _, one := range added {
			assert.EqualValues(t, 1, one.closed.Load(), "sandboxes with bugs are closed")
		}
	}
}

// TestStatusAfterAPanic checks that the last known status remains.
func TestStatusAfterAPanic(t *testing.T) {
	h := newHarness(t, nil)
	one := &buggy{fakeSandbox: newFake("a"), method: "Status"}
	isolated, ok := h.isolate(one)
	require.True(t, ok)
	one.armed.Store(true)
	assert.Equal(t, sandbox.Status{State: sandbox.Running}, isolated.Status())
	for _, state := range []sandbox.State{sandbox.Booting, sandbox.Stopped} {
		one.armed.Store(false)
		one.setState(state)
		assert.Equal(t, state, isolated.Status().State)
		one.armed.Store(true)
		assert.Equal(t, state, isolated.Status().State)
	}
	h.settings.Telemetry.Shutdown()
	require.NoError(t, h.self.Shutdown(t.Context()))
}

// TestPanicsAreLoggedOncePerMinute lets a sandbox panic every 20 seconds.
func TestPanicsAreLoggedOncePerMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _, _, stop := newTestScheduler(t, nil)
		h.started = time.Now()
		time.Sleep(time.Hour)
		one := &buggy{fakeSandbox: newFake("a"), method: "Status"}
		isolated, _ := h.isolate(one)
		one.armed.Store(true)
		for i, want := range []int{1, 1, 1, 2, 2, 2, 3} {
			isolated.Status()
			assert.Equal(t, want, h.logs.FilterMessageSnippet("Panic in the code").Len(), "panic %d", i)
			time.Sleep(panicLogInterval / 3)
		}
		stop()
	})
}

// buggyRuntime panics in Watch and AppendRuntimeMetrics.
type buggyRuntime struct{ *fakeRuntime }

func (buggyRuntime) Watch(context.Context, sandbox.Observer) error { panic("a bug in Watch") }

func (buggyRuntime) AppendRuntimeMetrics(*sandbox.Reading, sandbox.Stats) {
	panic("a bug in AppendRuntimeMetrics")
}

// TestPanicOfARuntime checks that a panic in discovery is reported as its permanent
// end, and that one in the runtime metrics stops nothing else.
func TestPanicOfARuntime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, func(c *Collection) {
			c.settings.Runtimes = []sandbox.Runtime{buggyRuntime{newFakeRuntime()}, c.settings.Runtimes[0]}
		})
		stop := h.start(t)
		s := newFake("a")
		h.runtime.add(s)
		time.Sleep(3 * testInterval)
		synctest.Wait()
		stop()
		assert.GreaterOrEqual(t, len(s.pulled()), 3)
		assert.NotEmpty(t, h.sink.of("", "fake.count"), "the metrics of the other runtime")
		assert.Equal(t, 1, h.logs.FilterMessage("Sandbox discovery stopped permanently; please report this as a bug").Len())
		require.Len(t, h.errs, 1)
		assert.ErrorContains(t, h.errs[0], "a bug in Watch")
	})
}

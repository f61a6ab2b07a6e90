package collect

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var (
	opens   = &sandbox.Family{OTel: sandbox.Descriptor{Name: "fake.opens", Kind: sandbox.Counter}}
	present = &sandbox.Family{OTel: sandbox.Descriptor{Name: "fake.present"}}
	// build is an info family.
	build = &sandbox.Family{OTel: sandbox.Descriptor{Name: "fake.build", Info: true}}
	count = &sandbox.Family{Origin: sandbox.Receiver, OTel: sandbox.Descriptor{Name: "fake.count", Kind: sandbox.Counter}}
)

// fakeSandbox responds as its function does.
type fakeSandbox struct {
	identity    sandbox.Identity
	minInterval time.Duration
	respond     func(ctx context.Context, r *sandbox.Reading) error
	// delay is the time from Send until the response begins; negative means that
	// Send returns false.
	delay time.Duration
	// pause is how long the response stops after its beginning.
	pause time.Duration

	// further is the number of further responses of each pull, furtherDelay the time
	// until each begins, and addition what it adds.
	further      int
	furtherDelay time.Duration
	addition     func(r *sandbox.Reading)

	// expected is the number of further responses that the pull in progress expects.
	expected int
	again    bool

	responds time.Time
	sent     context.Context
	// blocked counts the pulls that called onBlock, and alone the responses that were
	// received outside of a group.
	blocked atomic.Int32
	alone   atomic.Int32
	status  atomic.Value // sandbox.Status
	// checkpoint is what Checkpoint returns.
	checkpoint atomic.Value // sandbox.Checkpoint
	// awaiting is whether the sandbox awaits overdue responses; late is what to call
	// when one arrives.
	awaiting bool
	late     atomic.Pointer[func()]
	// exit is what Exit returns, apart from the time, and exits counts its calls; running
	// is what Running returns. change is what OnChange has set.
	exit    sandbox.Exit
	exits   atomic.Int32
	running atomic.Pointer[time.Time]
	change  atomic.Pointer[func()]

	mu       sync.Mutex
	pulls    []time.Time
	inFlight atomic.Int32
	overlaps atomic.Int32
	closed   atomic.Int32
	sends    int // pulls in a group; the others are not split into a request and a response
	emitted  bool
}

var (
	_ sandbox.Sender       = (*fakeSandbox)(nil)
	_ sandbox.Checkpointer = (*fakeSandbox)(nil)
	_ sandbox.Exiter       = (*fakeSandbox)(nil)
	_ sandbox.Notifier     = (*fakeSandbox)(nil)
)

func newFake(id string) *fakeSandbox {
	s := &fakeSandbox{identity: sandbox.Identity{Runtime: sandbox.RuntimeGVisor, ID: id, Iteration: "1"}, respond: honest, delay: -1}
	s.setState(sandbox.Running)
	return s
}

func (s *fakeSandbox) setState(state sandbox.State) { s.status.Store(sandbox.Status{State: state}) }

func honest(_ context.Context, r *sandbox.Reading) error {
	r.Time = time.Now()
	r.ResponseSize = 100
	r.Add(opens, sandbox.Int(7))
	return nil
}

func stalling(ctx context.Context, _ *sandbox.Reading) error {
	<-ctx.Done()
	return sandbox.Fail(sandbox.Timeout, ctx.Err())
}

func failing(outcome sandbox.Outcome, text string) func(context.Context, *sandbox.Reading) error {
	return func(context.Context, *sandbox.Reading) error { return sandbox.Failf(outcome, "%s", text) }
}

func (s *fakeSandbox) Identity() *sandbox.Identity { return &s.identity }
func (s *fakeSandbox) Status() sandbox.Status      { return s.status.Load().(sandbox.Status) }
func (s *fakeSandbox) MinInterval() time.Duration  { return s.minInterval }

func (s *fakeSandbox) Checkpoint() sandbox.Checkpoint {
	checkpoint, _ := s.checkpoint.Load().(sandbox.Checkpoint)
	return checkpoint
}

func (s *fakeSandbox) OnChange(notify func()) { s.change.Store(&notify) }

// changeState sets the state as a runtime does that notifies of it.
func (s *fakeSandbox) changeState(state sandbox.State) {
	s.setState(state)
	(*s.change.Load())()
}

func (s *fakeSandbox) Running() time.Time {
	if running := s.running.Load(); running != nil {
		return *running
	}
	return time.Time{}
}

func (s *fakeSandbox) Exit(now time.Time) sandbox.Exit {
	s.exits.Add(1)
	exit := s.exit
	exit.Time = now
	return exit
}

func (s *fakeSandbox) OnLateResponse(notify func()) { s.late.Store(&notify) }
func (s *fakeSandbox) Awaiting() bool               { return s.awaiting }

func (s *fakeSandbox) Send(ctx context.Context) bool {
	if s.delay < 0 || len(s.pulled()) == 0 {
		return false
	}
	s.begin()
	s.sends++
	s.sent, s.responds = ctx, time.Now().Add(s.delay)
	return true
}

func (s *fakeSandbox) Ready() bool { return !time.Now().Before(s.responds) }

func (s *fakeSandbox) More() bool { return s.expected > 0 }

func (s *fakeSandbox) Receive(r *sandbox.Reading, onBlock func()) (err error) {
	defer func() {
		if s.expected == 0 {
			s.inFlight.Add(-1)
		}
	}()
	if onBlock == nil {
		s.alone.Add(1)
	}
	if wait := time.Until(s.responds.Add(s.pause)); wait > 0 {
		if onBlock != nil {
			s.blocked.Add(1)
			onBlock()
		}
		select {
		case <-time.After(wait):
		case <-s.sent.Done():
		}
	}
	if s.again {
		s.addition(r)
		s.expected--
	} else if err = s.finish(s.sent, r); err == nil {
		s.expected = s.further
	}
	s.again = s.expected > 0
	s.responds = time.Now().Add(s.furtherDelay)
	return err
}

func (s *fakeSandbox) Pull(ctx context.Context, r *sandbox.Reading) error {
	s.begin()
	defer s.inFlight.Add(-1)
	return s.finish(ctx, r)
}

func (s *fakeSandbox) begin() {
	if s.inFlight.Add(1) > 1 {
		s.overlaps.Add(1)
	}
	s.mu.Lock()
	s.pulls = append(s.pulls, time.Now())
	s.mu.Unlock()
}

func (s *fakeSandbox) finish(ctx context.Context, r *sandbox.Reading) error {
	err := s.respond(ctx, r)
	if err == nil {
		s.emitted = true
	}
	return err
}

func (s *fakeSandbox) AppendInfo(r *sandbox.Reading, verified bool) {
	r.Add(present, sandbox.Bool(verified))
	r.Add(build, sandbox.Int(1))
}

func (s *fakeSandbox) AppendSeries(r *sandbox.Reading) {
	if s.emitted {
		r.Add(opens, sandbox.Int(0))
	}
	r.Add(present, sandbox.Int(0))
	r.Add(build, sandbox.Int(0))
	s.emitted = false
}

func (s *fakeSandbox) Close() error {
	s.closed.Add(1)
	return nil
}

func (s *fakeSandbox) pulled() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.pulls...)
}

func fleet(count int, change func(int, *fakeSandbox)) []*fakeSandbox {
	all := make([]*fakeSandbox, count)
	for i := range all {
		all[i] = newFake(fmt.Sprintf("s%03d", i))
		if change != nil {
			change(i, all[i])
		}
	}
	return all
}

// fakeRuntime does what is sent to its channel.
type fakeRuntime struct {
	actions chan func(sandbox.Observer)
	stats   chan sandbox.Stats
}

func newFakeRuntime() *fakeRuntime {
	return &fakeRuntime{actions: make(chan func(sandbox.Observer), 10_000), stats: make(chan sandbox.Stats, 1000)}
}

func (r *fakeRuntime) Name() string { return sandbox.RuntimeGVisor }

func (r *fakeRuntime) Watch(ctx context.Context, o sandbox.Observer) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case action := <-r.actions:
			action(o)
		}
	}
}

func (r *fakeRuntime) AppendRuntimeMetrics(reading *sandbox.Reading, stats sandbox.Stats) {
	select {
	case r.stats <- stats:
	default:
	}
	reading.Add(count, sandbox.Int(stats.Seen))
}

func (r *fakeRuntime) add(s sandbox.Sandbox)    { r.actions <- func(o sandbox.Observer) { o.Added(s) } }
func (r *fakeRuntime) remove(s sandbox.Sandbox) { r.actions <- func(o sandbox.Observer) { o.Gone(s) } }

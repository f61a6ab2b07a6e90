package gvisor

import (
	"context"
	"encoding/json"
	"maps"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simgvisor "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
)

// newFleet makes simulated sandboxes.
func newFleet(tb testing.TB, options simfleet.Options) *simfleet.Fleet {
	tb.Helper()
	fleet, err := simfleet.New(tb.TempDir(), options)
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, fleet.Close()) })
	return fleet
}

func addGVisor(tb testing.TB, fleet *simfleet.Fleet, options simgvisor.Options) *simgvisor.Sandbox {
	tb.Helper()
	s, err := fleet.AddGVisor(options)
	require.NoError(tb, err)
	return s
}

func TestPull(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	assert.Equal(t, sandbox.Registered, s.Identity().Trust)
	assert.Equal(t, sandbox.Running, s.Status().State)
	assert.Zero(t, s.MinInterval())
	for range 3 {
		r, err := pull(t, s, longTimeout)
		require.NoError(t, err)
		assert.Len(t, r.Points, simgvisor.DefaultPoints)
		assert.Positive(t, r.ResponseSize)
		assert.Equal(t, s.record.Load().Started, r.Start)
		assert.WithinDuration(t, time.Now(), r.Time, longTimeout)
	}
	assert.Equal(t, int64(3), simulated.Load().Calls)
	assert.Eventually(t, func() bool { return simulated.Load().Connections == 0 }, longTimeout, time.Millisecond,
		"an open connection would keep a sandbox from ending")

	r := new(sandbox.Reading)
	s.AppendSeries(r)
	assert.Len(t, r.Points, simgvisor.DefaultPoints)
	require.NoError(t, s.Close())
}

// TestFirstUse: without a registration in its file, a sandbox is asked for it
// once in its life.
func TestFirstUse(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web", Unregistered: true})
	registered := addGVisor(t, fleet, simgvisor.Options{ID: "db"})
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	s := observer.get("web")
	assert.Equal(t, sandbox.FirstUse, s.Identity().Trust)
	for calls := range 3 {
		r, err := pull(t, s, longTimeout)
		require.NoError(t, err)
		assert.Len(t, r.Points, simgvisor.DefaultPoints)
		assert.Equal(t, int64(calls+2), simulated.Load().Calls)
	}
	assert.Zero(t, simulated.Load().Forbidden)

	require.NoError(t, simulated.Restart())
	var again *Sandbox
	observer.await("its next life was noticed", func() bool {
		again = observer.find("web")
		return again != nil && again != s
	})
	assert.NotEqual(t, s.Identity().Iteration, again.Identity().Iteration)
	_, err := pull(t, again, longTimeout)
	require.NoError(t, err)
	assert.Equal(t, int64(6), simulated.Load().Calls)
	_, err = pull(t, observer.get("db"), longTimeout)
	require.NoError(t, err)
	assert.Equal(t, int64(1), registered.Load().Calls)

	t.Run("refused on demand", func(t *testing.T) {
		config := testConfig(fleet.RuntimeRoot())
		config.Trust = sandbox.Registered
		observer := watch(t, newRuntime(t, config))
		observer.get("db")
		assert.Nil(t, observer.find("web"))
		assert.Equal(t, []string{unregistered}, slices.Collect(maps.Values(observer.skipped)))
	})
}

func TestPods(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "cd", Pod: simulate.Containerd, Containers: 2})
	addGVisor(t, fleet, simgvisor.Options{ID: "crio", Pod: simulate.CRIO, Containers: 1})
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	for id, containers := range map[string]int{"cd": 3, "crio": 2} {
		s := observer.get(id)
		observer.await("all containers were found", func() bool { return len(s.record.Load().Containers) == containers })
		assert.NotEmpty(t, s.Identity().Pod.Name)
		assert.NotEmpty(t, s.Identity().Pod.Namespace)
		assert.NotEmpty(t, s.Identity().Pod.UID)
		assert.Empty(t, s.Identity().Container)
		_, err := pull(t, s, longTimeout)
		assert.NoError(t, err)
	}
}

// TestHostileSandboxes: each fails in its own way, within its deadline, and
// leaves nothing behind.
func TestHostileSandboxes(t *testing.T) {
	const short = 100 * time.Millisecond
	for mode, test := range map[simulate.Mode]struct {
		timeout time.Duration
		// pulls is how many pulls it takes until it shows; those before succeed.
		pulls int
		want  sandbox.Outcome
	}{
		simgvisor.Refuse:        {longTimeout, 1, sandbox.Unreachable},
		simgvisor.Stall:         {short, 1, sandbox.Timeout},
		simgvisor.StallMidway:   {short, 1, sandbox.Timeout},
		simgvisor.Trickle:       {short, 1, sandbox.Timeout},
		simgvisor.Late:          {short, 1, sandbox.Timeout},
		simgvisor.Truncated:     {longTimeout, 1, sandbox.Disconnected},
		simgvisor.Garbage:       {longTimeout, 1, sandbox.Malformed},
		simgvisor.EndlessString: {longTimeout, 1, sandbox.Oversize},
		simgvisor.EndlessArray:  {longTimeout, 1, sandbox.Rejected},
		simgvisor.DeepNesting:   {longTimeout, 1, sandbox.Malformed},
		simgvisor.CounterDown:   {longTimeout, 2, sandbox.Rejected},
		simgvisor.UnknownMetric: {longTimeout, 1, sandbox.Rejected},
		simgvisor.HelpChanged:   {longTimeout, 1, sandbox.Rejected},
		simgvisor.Duplicate:     {longTimeout, 1, sandbox.Rejected},
		simgvisor.Future:        {longTimeout, 1, sandbox.Rejected},
		simgvisor.Old:           {longTimeout, 1, sandbox.Rejected},
		simgvisor.FilterIgnored: {longTimeout, 1, sandbox.Rejected},
		simgvisor.Descriptors:   {longTimeout, 1, sandbox.OK},

		simgvisor.LyingRegistration: {longTimeout, 2, sandbox.OK},
		simgvisor.ReservedLabels:    {longTimeout, 2, sandbox.OK},

		simgvisor.LargeRegistration:    {longTimeout, 1, sandbox.Oversize},
		simgvisor.DistinctRegistration: {longTimeout, 2, sandbox.OK},
		"":                             {longTimeout, 1, sandbox.OK},
	} {
		t.Run(string(mode), func(t *testing.T) {
			fleet := newFleet(t, simfleet.Options{})
			addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: mode})
			config := testConfig(fleet.RuntimeRoot())
			config.MetricFilter = "netstack_.*|fs_.*"
			s := watch(t, newRuntime(t, config)).get("web")
			for range test.pulls - 1 {
				_, err := pull(t, s, test.timeout)
				require.NoError(t, err)
			}
			_, err := pull(t, s, test.timeout)
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			assert.Equal(t, sandbox.Running, s.Status().State)
		})
	}
}

// TestWrongPeer: a process that took the place of the sandbox is not asked.
func TestWrongPeer(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: simgvisor.WrongPeer})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	_, err := pull(t, s, longTimeout)
	assert.Contains(t, []sandbox.Outcome{sandbox.WrongPeer, sandbox.Gone}, sandbox.OutcomeOf(err), "%v", err)
	assert.Zero(t, simulated.Load().Calls)

	config := testConfig(fleet.RuntimeRoot())
	config.VerifyPeer = false
	s = watch(t, newRuntime(t, config)).get("web")
	assert.Equal(t, sandbox.Running, s.Status().State)
	_, err = pull(t, s, longTimeout)
	assert.NoError(t, err)
}

// fakeSandbox listens where the sandbox of a record would, and gives each method
// its answer. The test ends after it has.
func fakeSandbox(t *testing.T, answers map[string]string) (record *discovery.Sandbox, calls func() []string) {
	t.Helper()
	root := t.TempDir()
	record = &discovery.Sandbox{
		Key:      discovery.Key{Root: root, ID: "web"},
		Status:   "running",
		PID:      os.Getpid(),
		Socket:   filepath.Join(root, "runsc-web.sock"),
		Metadata: &discovery.Metadata{},
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "web_sandbox:web.state"), nil, 0o640))
	listener, err := net.Listen("unix", record.Socket)
	require.NoError(t, err)
	var serving sync.WaitGroup
	var mu sync.Mutex
	var called []string
	var conns []net.Conn
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			serving.Go(func() {
				defer conn.Close()
				for decoder := json.NewDecoder(conn); ; {
					var request struct{ Method string }
					if decoder.Decode(&request) != nil {
						return
					}
					mu.Lock()
					called = append(called, request.Method)
					mu.Unlock()
					answer := strings.ReplaceAll(answers[request.Method], "NOW", time.Now().Add(-time.Second).Format(time.RFC3339Nano))
					if answer == "" {
						return
					}
					_, _ = conn.Write([]byte(answer))
				}
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range conns {
			conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return record, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(called)
	}
}

const (
	emptySnapshot    = `{"success":true,"err":"","result":{"snapshot":{"when":"NOW","data":[]}}}`
	someRegistration = `{"metrics":[{"name":"/fs/opens","prometheus_name":"fs_opens","description":"d","cumulative":true}]}`
)

func register(t *testing.T, runtime *Runtime, record *discovery.Sandbox) {
	t.Helper()
	var err error
	record.Registration, err = runtime.registrations.Get([]byte(someRegistration))
	require.NoError(t, err)
}

func newTestSandbox(t *testing.T, runtime *Runtime, record *discovery.Sandbox) *Sandbox {
	t.Helper()
	s := runtime.newSandbox(record)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestFirstUseFailures(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   sandbox.Outcome
		// asked is how often it is asked in two pulls.
		asked int
	}{
		"refused":              {`{"success":false,"err":"unknown method","result":null}`, sandbox.Refused, 2},
		"nothing":              {`{"success":true,"err":"","result":{}}`, sandbox.Malformed, 2},
		"null":                 {`{"success":true,"err":"","result":{"RegisteredMetrics":null}}`, sandbox.Untrusted, 1},
		"of another kind":      {`{"success":true,"err":"","result":{"RegisteredMetrics":[]}}`, sandbox.Untrusted, 1},
		"breaks a rule":        {`{"success":true,"err":"","result":{"RegisteredMetrics":{"metrics":[{"name":"/x","prometheus_name":"meta_x"}]}}}`, sandbox.Untrusted, 1},
		"closes":               {``, sandbox.Disconnected, 2},
		"result of other kind": {`{"success":true,"err":"","result":7}`, sandbox.Malformed, 2},
		"endless":              {`{"success":true,"err":"","result":{"RegisteredMetrics":{"metrics":["` + strings.Repeat("x", 5000), sandbox.Oversize, 2},
	} {
		t.Run(name, func(t *testing.T) {
			record, calls := fakeSandbox(t, map[string]string{"Metrics.GetRegisteredMetrics": test.answer, "Metrics.Export": emptySnapshot})
			config := testConfig(record.Root)
			config.MaxResponseSize = 4096
			s := newTestSandbox(t, newRuntime(t, config), record)
			for range 2 {
				_, err := pull(t, s, longTimeout)
				assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
			}
			assert.Equal(t, slices.Repeat([]string{"Metrics.GetRegisteredMetrics"}, test.asked), calls())
		})
	}
}

// TestInvalidRegistration: a sandbox whose file holds a wrong registration is
// not asked, not even for another one.
func TestInvalidRegistration(t *testing.T) {
	record, calls := fakeSandbox(t, map[string]string{"Metrics.Export": emptySnapshot})
	runtime := newRuntime(t, testConfig(record.Root))
	_, record.RegistrationError = runtime.registrations.Get([]byte(`{"metrics":[{"name":"/x"}]}`))
	require.Error(t, record.RegistrationError)
	s := newTestSandbox(t, runtime, record)
	for range 2 {
		_, err := pull(t, s, longTimeout)
		assert.Equal(t, sandbox.Untrusted, sandbox.OutcomeOf(err))
		require.ErrorIs(t, err, record.RegistrationError)
	}
	assert.Empty(t, calls())
	r := new(sandbox.Reading)
	s.AppendSeries(r)
	assert.Empty(t, r.Points)
}

func TestSavings(t *testing.T) {
	for name, test := range map[string]struct {
		answer   string
		restored bool
		inFile   time.Duration
		asked    int
		want     string
	}{
		"told":             {`{"success":true,"err":"","result":{"CPUTimeSaved":374526474,"WallTimeSaved":14872880881}}`, true, 0, 1, "374"},
		"nothing saved":    {`{"success":true,"err":"","result":{"CPUTimeSaved":0,"WallTimeSaved":0}}`, true, 0, 1, "0"},
		"not known there":  {`{"success":false,"err":"unknown method","result":null}`, true, 0, maxSavingsAttempts, "0"},
		"impossible":       {`{"success":true,"err":"","result":{"CPUTimeSaved":-1,"WallTimeSaved":5}}`, true, 0, maxSavingsAttempts, "0"},
		"closes":           {``, true, 0, maxSavingsAttempts, "0"},
		"in the file":      {``, true, time.Second, 0, "1000"},
		"was not restored": {``, false, 0, 0, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			record, calls := fakeSandbox(t, map[string]string{"containerManager.GetSavings": test.answer, "Metrics.Export": emptySnapshot})
			runtime := newRuntime(t, testConfig(record.Root))
			register(t, runtime, record)
			record.Restored, record.CPUTimeSaved = test.restored, test.inFile
			s := newTestSandbox(t, runtime, record)
			for range maxSavingsAttempts + 2 {
				_, err := pull(t, s, longTimeout)
				require.NoError(t, err, "the pull itself is a success all the same")
			}
			asked := 0
			for _, method := range calls() {
				if method == "containerManager.GetSavings" {
					asked++
				}
			}
			assert.Equal(t, test.asked, asked)
			assert.Contains(t, strings.Join(infoLines(s, false), "\n"), `cpu_time_saved_milliseconds{iteration="`+s.Identity().Iteration+`",sandbox="web"} `+test.want+"\n")
		})
	}
}

// TestGone: failing to reach a sandbox that has ended is no failure of it.
func TestGone(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*testing.T, *Sandbox, *discovery.Sandbox)
		verify bool
		want   sandbox.Outcome
	}{
		"still there": {func(*testing.T, *Sandbox, *discovery.Sandbox) {}, true, sandbox.Disconnected},
		"reported gone": {func(_ *testing.T, s *Sandbox, _ *discovery.Sandbox) {
			s.gone.Store(true)
		}, true, sandbox.Gone},
		"reported to have exited": {func(_ *testing.T, s *Sandbox, record *discovery.Sandbox) {
			exited := *record
			exited.Exited = true
			s.record.Store(&exited)
		}, true, sandbox.Gone},
		"file deleted": {func(t *testing.T, _ *Sandbox, record *discovery.Sandbox) {
			t.Helper()
			require.NoError(t, os.Remove(filepath.Join(record.Root, "web_sandbox:web.state")))
		}, false, sandbox.Gone},
		"process ended": {func(_ *testing.T, s *Sandbox, record *discovery.Sandbox) {
			ended := *record
			ended.PID = 1 << 22
			s.record.Store(&ended)
		}, true, sandbox.Gone},
		"process that means nothing here": {func(_ *testing.T, s *Sandbox, record *discovery.Sandbox) {
			ended := *record
			ended.PID = 1 << 22
			s.record.Store(&ended)
		}, false, sandbox.Disconnected},
	} {
		t.Run(name, func(t *testing.T) {
			record, _ := fakeSandbox(t, nil)
			config := testConfig(record.Root)
			config.VerifyPeer = test.verify
			runtime := newRuntime(t, config)
			register(t, runtime, record)
			s := newTestSandbox(t, runtime, record)
			test.change(t, s, record)
			_, err := pull(t, s, longTimeout)
			assert.Equal(t, test.want, sandbox.OutcomeOf(err), "%v", err)
		})
	}
}

func TestCanceledPull(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	addGVisor(t, fleet, simgvisor.Options{ID: "web", Mode: simgvisor.Stall})
	s := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot()))).get("web")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Pull(ctx, new(sandbox.Reading)) }()
	cancel()
	assert.Equal(t, sandbox.Canceled, sandbox.OutcomeOf(<-done))
}

// TestLife follows a simulated sandbox from start to end.
func TestLife(t *testing.T) {
	fleet := newFleet(t, simfleet.Options{})
	simulated := addGVisor(t, fleet, simgvisor.Options{ID: "web"})
	observer := watch(t, newRuntime(t, testConfig(fleet.RuntimeRoot())))
	s := observer.get("web")
	_, err := pull(t, s, longTimeout)
	require.NoError(t, err)

	require.NoError(t, simulated.Checkpoint())
	observer.get("web")
	awaitRecord(t, s, func(record *discovery.Sandbox) bool { return record.Checkpointed })

	require.NoError(t, simulated.Restore())
	var restored *Sandbox
	observer.await("the restored one was found", func() bool {
		restored = observer.find("web")
		return restored != nil && restored != s
	})
	_, err = pull(t, s, longTimeout)
	assert.Equal(t, sandbox.Gone, sandbox.OutcomeOf(err), "%v", err)
	assert.True(t, restored.record.Load().Restored)
	_, err = pull(t, restored, longTimeout)
	require.NoError(t, err)

	require.NoError(t, simulated.Stop())
	awaitRecord(t, restored, func(record *discovery.Sandbox) bool { return statusOf(record).State == sandbox.Stopped })
	require.NoError(t, fleet.RemoveGVisor(simulated))
	observer.await("it was gone", func() bool { return len(observer.present) == 0 })
}

// awaitRecord waits for news, of which the observer is not told.
func awaitRecord(t *testing.T, s *Sandbox, condition func(*discovery.Sandbox) bool) {
	t.Helper()
	require.Eventually(t, func() bool { return condition(s.record.Load()) }, longTimeout, time.Millisecond)
}

// TestMemoryPerSandbox bounds what a sandbox takes before it is first pulled.
func TestMemoryPerSandbox(t *testing.T) {
	const sandboxes = 500
	fleet := newFleet(t, simfleet.Options{GVisor: sandboxes})
	runtimeUnderTest := newRuntime(t, testConfig(fleet.RuntimeRoot()))
	keep, err := runtimeUnderTest.registrations.Get([]byte(someRegistration))
	require.NoError(t, err)
	before := heap()
	r := newRecorder(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- runtimeUnderTest.Watch(ctx, r) }()
	r.await("all were found", func() bool { return len(r.present) == sandboxes && r.scanned })
	used := int(heap()) - int(before)
	cancel()
	require.NoError(t, <-done)
	runtime.KeepAlive(keep)
	// One registration, parsed, and a buffer for one state file are part of it.
	const shared = 400 << 10
	t.Logf("%d bytes for each of %d sandboxes", used/sandboxes, sandboxes)
	assert.Less(t, used, sandboxes*2048+shared)
	runtime.KeepAlive(r)
}

func heap() uint64 {
	for range 3 {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// BenchmarkStart finds 1,000 sandboxes whose state files have the usual size.
func BenchmarkStart(b *testing.B) {
	const sandboxes = 1000
	fleet := newFleet(b, simfleet.Options{GVisor: sandboxes})
	b.ReportAllocs()
	for b.Loop() {
		r := newRecorder(b)
		ctx, cancel := context.WithCancel(b.Context())
		done := make(chan error)
		runtime := newRuntime(b, testConfig(fleet.RuntimeRoot()))
		go func() { done <- runtime.Watch(ctx, r) }()
		r.await("all were found", func() bool { return len(r.present) == sandboxes })
		cancel()
		require.NoError(b, <-done)
	}
}

// BenchmarkPull pulls one sandbox that sends 60 points.
func BenchmarkPull(b *testing.B) {
	fleet := newFleet(b, simfleet.Options{})
	addGVisor(b, fleet, simgvisor.Options{ID: "web"})
	s := watch(b, newRuntime(b, testConfig(fleet.RuntimeRoot()))).get("web")
	ctx, cancel := context.WithTimeout(b.Context(), time.Hour)
	defer cancel()
	r := new(sandbox.Reading)
	b.ReportAllocs()
	for b.Loop() {
		r.Reset()
		if err := s.Pull(ctx, r); err != nil {
			b.Fatal(err)
		}
		s.AppendInfo(r, true)
	}
}

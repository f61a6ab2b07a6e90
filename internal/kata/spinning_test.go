package kata

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	logobserver "go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// observeLogs records what a runtime logs.
func observeLogs(runtime *Runtime) *logobserver.ObservedLogs {
	core, logs := logobserver.New(zapcore.InfoLevel)
	runtime.logger = zap.New(core)
	runtime.skipLog = sandbox.NewSkipLog(runtime.logger)
	return logs
}

// After an incomplete response, the shim is measured. If it spins, it receives no
// further request, and what is available on the host is read instead. A shim that is
// busy for a short time receives requests again.
func TestShimIsMeasuredAfterIncompleteResponse(t *testing.T) {
	for name, test := range map[string]struct {
		cores float64
		calls int64
		want  sandbox.Status
	}{
		"spinning": {0.95, 1, sandbox.Status{State: sandbox.Skipped, SkipReason: string(guard.Spinning)}},
		"busy":     {0.5, 2, sandbox.Status{State: sandbox.Running}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSimulated(t, simkata.Options{Mode: simkata.Truncated})
			logs := observeLogs(s.runtime)
			synctest.Test(t, func(t *testing.T) {
				process := newFakeProcess(t, os.Getpid())
				s.runtime.roots.Processes = process.processes
				if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.Partial {
					t.Fatalf("got error %v, want outcome %s", err, sandbox.Partial)
				}
				process.run(t, time.Minute, test.cores)
				r, err := pull(t, s.Sandbox)
				if !hasFamily(r, "kata.shim.thread.count") {
					t.Errorf("got error %v, families %q", err, familiesOf(r))
				}
				if load := s.pod.Load(); load.Calls != test.calls || s.Status() != test.want {
					t.Errorf("got load %+v, status %+v; want %d requests, %+v", load, s.Status(), test.calls, test.want)
				}
				if test.calls == 1 {
					checkStaysSkipped(t, s, process, logs)
				}
			})
		})
	}
}

// checkStaysSkipped checks that a shim receives no request anymore, even if it is
// idle, and that this is logged once.
func checkStaysSkipped(t *testing.T, s simulatedSandbox, process *fakeProcess, logs *logobserver.ObservedLogs) {
	t.Helper()
	calls := s.pod.Load().Calls
	for range 50 {
		process.run(t, time.Hour, 0)
		if r, err := pull(t, s.Sandbox); err != nil || !hasFamily(r, "kata.shim.thread.count") || r.ResponseSize != 0 {
			t.Fatalf("got error %v, families %q; want those of the host", err, familiesOf(r))
		}
	}
	if load := s.pod.Load(); load.Calls != calls {
		t.Errorf("got load %+v, want no further request than %d", load, calls)
	}
	warnings := logs.FilterField(zap.String("sandbox.skip_reason", s.Status().SkipReason)).All()
	if len(warnings) != 1 || warnings[0].Level != zapcore.WarnLevel || s.MinInterval() != 0 {
		t.Errorf("got log %+v, minimum interval %v; want one warning, 0", logs.All(), s.MinInterval())
	}
}

// If the process is not visible, only the number of retries protects the shim.
func TestRetriesAreLimitedWithoutMeasurement(t *testing.T) {
	s := newSimulated(t, simkata.Options{Mode: simkata.Truncated})
	logs := observeLogs(s.runtime)
	synctest.Test(t, func(t *testing.T) {
		s.runtime.roots.Processes = host.Processes{Root: t.TempDir()}
		for range maxIncompleteRetries + 1 {
			if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.Partial {
				t.Fatalf("got error %v, want outcome %s", err, sandbox.Partial)
			}
			time.Sleep(time.Minute)
		}
		if reason := s.Status().SkipReason; reason != string(guard.IncompleteResponses) {
			t.Errorf("got skip reason %q, want %s", reason, guard.IncompleteResponses)
		}
		checkStaysSkipped(t, s, newFakeProcessFor(t, s.Sandbox), logs)
	})
}

// newFakeProcessFor makes the process of a shim visible.
func newFakeProcessFor(t *testing.T, s *Sandbox) *fakeProcess {
	t.Helper()
	process := newFakeProcess(t, os.Getpid())
	s.runtime.roots.Processes = process.processes
	return process
}

// runtime-rs passes the text of the guest on without parsing it, so its shims do not
// spin, and retries do not harm them.
func TestRetriesOfRustShimsAreNotLimited(t *testing.T) {
	s := newSimulated(t, simkata.Options{Mode: simkata.Truncated, Rust: true})
	for range 2 * maxIncompleteRetries {
		if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.Disconnected {
			t.Fatalf("got error %v, want outcome %s", err, sandbox.Disconnected)
		}
	}
	if calls := s.pod.Load().Calls; calls != 2*maxIncompleteRetries {
		t.Errorf("got %d requests, want %d", calls, 2*maxIncompleteRetries)
	}
}

// restarted returns the finder of a Collector that was started after the pod.
func restarted(t *testing.T, s simulatedSandbox, age time.Duration, process *fakeProcess) *testFinder {
	t.Helper()
	setModTime(t, s.pod.SocketPath(), -age)
	f := newTestFinder(t, fleetConfig(s.fleet))
	f.runtime.records, f.runtime.roots.Processes = newShimRecords(), process.processes
	f.runtime.now = func() time.Time { return f.now }
	return f
}

// A Collector that was restarted measures old shims before it sends a request. It
// delays sandboxes for that by a few seconds only.
func TestShimIsMeasuredAfterRestart(t *testing.T) {
	for name, test := range map[string]struct {
		age   time.Duration
		cores float64
		delay time.Duration
		want  []int64 // requests after each of three pulls
	}{
		"old and spinning":   {time.Hour, 1, minMeasured, []int64{0, 0, 0}},
		"old and idle":       {time.Hour, 0.01, minMeasured, []int64{1, 2, 3}},
		"young and spinning": {minMeasuredAge - time.Minute, 1, 0, []int64{1, 2, 3}},
		// The clock was set back after the shim was created.
		"ahead and spinning": {-time.Hour, 1, minMeasured, []int64{0, 0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSimulated(t, simkata.Options{})
			process := newFakeProcess(t, os.Getpid())
			f := restarted(t, s, test.age, process)
			run := func(duration time.Duration) {
				process.used += time.Duration(test.cores * float64(duration))
				process.write(t)
				f.advance(duration)
			}
			run(f.runtime.pace.soon)
			if test.delay > 0 {
				run(test.delay - f.runtime.pace.soon)
				f.expect(t, "during the measurement")
			}
			run(f.runtime.pace.soon)
			f.expect(t, "after the measurement", "+"+s.pod.ID())
			one := f.recorder.last(t)
			for i, want := range test.want {
				if r, err := pull(t, one); err != nil || !hasFamily(r, "kata.shim.thread.count") {
					t.Errorf("pull %d: got error %v, families %q", i, err, familiesOf(r))
				}
				if calls := s.pod.Load().Calls; calls != want {
					t.Errorf("got %d requests after pull %d, want %d", calls, i, want)
				}
				run(15 * time.Second)
			}
			if got, want := one.Status().State == sandbox.Skipped, test.want[2] == 0; got != want {
				t.Errorf("got status %+v, want skipped: %v", one.Status(), want)
			}
		})
	}
}

// A reload does not delay a shim that has received requests.
func TestShimIsNotMeasuredAfterReload(t *testing.T) {
	fleet := newFleet(t)
	pod := addPod(t, fleet, simkata.Options{})
	f := newTestFinder(t, fleetConfig(fleet))
	f.advance(f.runtime.pace.soon)
	if _, err := pull(t, f.recorder.last(t)); err != nil {
		t.Fatal(err)
	}
	again := newTestFinder(t, fleetConfig(fleet))
	again.now = time.Now().Add(time.Hour)
	again.advance(again.runtime.pace.soon)
	again.expect(t, "at once", "+"+pod.ID())
	again.recorder.last(t).record.suspect(cpuReading{pid: 1})
	if why := f.recorder.last(t).record.begin(nil, time.Now().Add(time.Hour)); why != "" {
		t.Errorf("got %q, want no measurement", why)
	}
}

// A state file that remains incomplete does not prevent the measurement.
func TestShimIsMeasuredWithoutState(t *testing.T) {
	fleet := newFleet(t)
	pod := addPod(t, fleet, simkata.Options{})
	setModTime(t, pod.SocketPath(), -time.Hour)
	write(t, filepath.Join(filepath.Dir(pod.SocketPath()), "persist.json"), "{")
	f := newTestFinder(t, fleetConfig(fleet))
	f.advance(f.runtime.pace.identity + minMeasured)
	f.expect(t, "during the measurement")
	f.advance(time.Second)
	f.expect(t, "after the measurement", "+"+pod.ID())
}

// A refused connection is not an incomplete response.
func TestRefusedConnectionsAreNotCounted(t *testing.T) {
	s := newSimulated(t, simkata.Options{Mode: simkata.Refuse})
	for range 2 * maxIncompleteRetries {
		if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.Unreachable {
			t.Fatalf("got error %v, want outcome %s", err, sandbox.Unreachable)
		}
	}
	if s.record.incomplete != 0 {
		t.Errorf("got %d incomplete responses, want 0", s.record.incomplete)
	}
}

// A pull whose deadline passes before it has sent a request does not count either.
func TestLatePullsAreNotCounted(t *testing.T) {
	s := newSimulated(t, simkata.Options{})
	for range 2 * maxIncompleteRetries {
		if _, err := pullWithin(t, s.Sandbox, -time.Second); sandbox.OutcomeOf(err) != sandbox.Timeout {
			t.Fatalf("got error %v, want outcome %s", err, sandbox.Timeout)
		}
	}
	if s.record.incomplete != 0 || s.pod.Load().Calls != 0 {
		t.Errorf("got %d incomplete responses, load %+v; want none", s.record.incomplete, s.pod.Load())
	}
}

// A receiver that sent no requests knows nothing about the shim.
func TestShimIsMeasuredAfterPassiveReceiver(t *testing.T) {
	fleet := newFleet(t)
	pod := addPod(t, fleet, simkata.Options{})
	setModTime(t, pod.SocketPath(), -time.Hour)
	config := fleetConfig(fleet)
	config.Collection = guard.Passive
	if _, err := pull(t, findOne(t, config)); err != nil {
		t.Fatal(err)
	}
	f := newTestFinder(t, fleetConfig(fleet))
	f.advance(f.runtime.pace.soon)
	f.expect(t, "during the measurement")
	f.advance(minMeasured)
	f.expect(t, "after the measurement", "+"+pod.ID())
}

// A shim that is busy when the Collector starts receives requests later.
func TestBusyShimIsNotLostAfterRestart(t *testing.T) {
	s := newSimulated(t, simkata.Options{})
	process := newFakeProcess(t, os.Getpid())
	f := restarted(t, s, time.Hour, process)
	f.advance(f.runtime.pace.soon)
	process.used += 4 * time.Second
	process.write(t)
	f.advance(minMeasured)
	one := f.recorder.last(t)
	for i, want := range []int64{0, 1} {
		if _, err := pull(t, one); err != nil {
			t.Error(err)
		}
		if calls := s.pod.Load().Calls; calls != want || one.Status().State != sandbox.Running {
			t.Errorf("got %d requests after pull %d, status %+v; want %d, running", calls, i, one.Status(), want)
		}
		f.advance(15 * time.Second)
	}
}

// Without requests, there is nothing to measure, and nothing connects.
func TestNoMeasurementWithoutRequests(t *testing.T) {
	paths := newStoragePaths(t)
	setModTime(t, bind(t, paths.golang, "web-0"), -time.Hour)
	write(t, filepath.Join(paths.golang, "web-0", "persist.json"), persistFile("web-0", "qemu", "web-0"))
	config := newConfig(paths)
	config.Collection = guard.Passive
	f := newTestFinder(t, config)
	f.advance(f.runtime.pace.soon)
	f.expect(t, "at once", "+web-0")
	if peer := f.recorder.last(t).peer; peer != 0 {
		t.Errorf("got process %d of a shim that must not be contacted", peer)
	}
}

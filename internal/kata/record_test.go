package kata

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
)

// cpuUse is how many CPUs a process uses over a time.
type cpuUse struct {
	duration time.Duration
	cores    float64
}

var measurementTests = map[string]struct {
	usage     []cpuUse
	want      guard.Reason
	measuring bool
}{
	"idle":                      {usage: []cpuUse{{time.Minute, 0.01}}},
	"busy":                      {usage: []cpuUse{{time.Minute, 0.89}}},
	"spinning":                  {usage: []cpuUse{{time.Minute, 0.9}}, want: guard.Spinning},
	"spinning in many threads":  {usage: []cpuUse{{time.Minute, 7}}, want: guard.Spinning},
	"busy for a short time":     {usage: []cpuUse{{10 * time.Second, 1}, {30 * time.Second, 0.1}}},
	"too early to be idle":      {usage: []cpuUse{{2 * time.Second, 0}}, measuring: true},
	"idle soon":                 {usage: []cpuUse{{3 * time.Second, 0}}},
	"too early to be spinning":  {usage: []cpuUse{{29 * time.Second, 1}}, measuring: true},
	"spinning long enough":      {usage: []cpuUse{{29 * time.Second, 1}, {time.Second, 1}}, want: guard.Spinning},
	"spinning with few samples": {usage: []cpuUse{{24 * time.Hour, 0.95}}, want: guard.Spinning},
}

// A shim spins if it uses at least 0.9 CPUs for a while in which it handles no
// request.
func TestMeasurement(t *testing.T) {
	for name, test := range measurementTests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				process := newFakeProcess(t, 42)
				var record shimRecord
				record.end(true, readCPU(process.processes, 42, time.Now), time.Now())
				for _, u := range test.usage {
					process.run(t, u.duration, u.cores)
					record.measure(process.processes, time.Now)
				}
				if got := record.observed(); got != test.want {
					t.Errorf("got reason %q, want %q", got, test.want)
				}
				if why := record.begin(nil, time.Now()); (why == beingMeasured) != test.measuring {
					t.Errorf("got %q, want a measurement in progress: %v", why, test.measuring)
				}
			})
		})
	}
}

// Another process with the same PID is not measured.
func TestMeasurementOfOneProcess(t *testing.T) {
	for name, end := range map[string]func(*fakeProcess, *testing.T){"exited": (*fakeProcess).exit, "reused": (*fakeProcess).reuse} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				process := newFakeProcess(t, 42)
				var record shimRecord
				record.end(true, readCPU(process.processes, 42, time.Now), time.Now())
				process.run(t, time.Minute, 1)
				end(process, t)
				record.measure(process.processes, time.Now)
				if record.observed() != "" || record.begin(nil, time.Now()) != "" || !record.doubtful {
					t.Errorf("got %+v, want no result", &record)
				}
			})
		})
	}
}

// incompleteAfter returns how many incomplete responses, with a pause after each, a
// record permits. The shim uses the given number of CPUs, unless it is hidden.
func incompleteAfter(t *testing.T, pause time.Duration, cores float64, hidden bool) int {
	t.Helper()
	process := newFakeProcess(t, 42)
	var record shimRecord
	for requests := range 100 {
		if record.observed() != "" {
			return requests
		}
		if why := record.begin(nil, time.Now()); why != "" {
			t.Fatalf("request %d: %s", requests, why)
		}
		if hidden {
			record.end(true, cpuReading{}, time.Now())
		} else {
			record.end(true, readCPU(process.processes, 42, time.Now), time.Now())
		}
		process.run(t, pause, cores)
		record.measure(process.processes, time.Now)
	}
	return -1
}

// The number of retries is limited, regardless of the measurements. The count is reset
// only after a day without such a response, if there is no doubt about the others.
func TestIncompleteResponsesAreLimited(t *testing.T) {
	const limited = maxIncompleteRetries + 1
	for name, test := range map[string]struct {
		pause  time.Duration
		cores  float64
		hidden bool
		want   int
	}{
		"often":           {time.Minute, 0, false, limited},
		"often, hidden":   {time.Minute, 0, true, limited},
		"not quite a day": {forgetIncomplete - time.Second, 0, false, limited},
		"rarely":          {forgetIncomplete, 0.09, false, -1},
		"rarely, hidden":  {forgetIncomplete, 0, true, limited},
		// Each request may have added a loop to those that compete for a limit of 0.2
		// CPUs.
		"rarely, limited": {forgetIncomplete, 0.2, false, limited},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if got := incompleteAfter(t, test.pause, test.cores, test.hidden); got != test.want {
					t.Errorf("got %d requests, want %d", got, test.want)
				}
			})
		})
	}
}

// Complete responses change nothing.
func TestCompleteResponsesAreNotMeasured(t *testing.T) {
	var record shimRecord
	process := newFakeProcess(t, 42)
	for i := range 100 {
		if why := record.begin(nil, time.Now()); why != "" {
			t.Fatalf("request %d: %s", i, why)
		}
		record.end(false, readCPU(process.processes, 42, time.Now), time.Now())
	}
	if record.observed() != "" || record.baseline != (cpuReading{}) {
		t.Errorf("got %+v", &record)
	}
}

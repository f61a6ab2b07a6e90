package usage

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// newReporter returns a reporter on a machine, which is closed after the test.
func (m *machine) newReporter(enabled func(string) bool) *Reporter {
	families := NewFamilies(enabled)
	r := NewReporter(&Settings{families: families, figures: families.figures(), interval: time.Minute, host: m.host})
	m.t.Cleanup(r.Close)
	return r
}

func everything(string) bool { return true }

// valuesOf returns the values of a reading by name and labels. The names of a
// container's metrics start with its ID.
func valuesOf(r *sandbox.Reading) map[string]float64 {
	values := map[string]float64{}
	for part := range r.Parts {
		prefix := ""
		if part.Identity != nil {
			prefix = part.Identity.Container.ID + ": "
		}
		if part.Ended {
			prefix += "ended "
		}
		for i := range part.Points {
			name := prefix + strings.Join(append([]string{part.Points[i].Family.OTel.Name}, part.Points[i].Labels...), " ")
			values[name] = part.Points[i].Value.AsFloat()
		}
	}
	return values
}

func TestReporterReportsHostAndWorkload(t *testing.T) {
	m := newMachine(t)
	m.group("web", 3_000_000, 1_000_000, 8192)
	m.write(m.cgroup, "web/cgroup.procs", "41\n42\n")
	m.run(fakeProcess{pid: 42, start: 7, cgroup: "/elsewhere"})
	reporter := m.newReporter(everything)
	var r sandbox.Reading
	reporter.Append(&r, &Report{
		Sandbox:   Sandbox{Cgroup: "/web", PID: 42},
		Requested: Limits{CPUs: 0.5, Memory: 1 << 20},
		Workload: &Workload{
			CPU: 5 * time.Second, HasCPU: true, Memory: 4096, HasMemory: true,
			Interfaces: []Interface{{Name: "eth0", Received: Traffic{Bytes: 7}, Transmitted: Traffic{Dropped: 2}}},
		},
	}, time.Now())
	got := valuesOf(&r)
	for name, want := range map[string]float64{
		"sandbox.cpu.time user": 3, "sandbox.cpu.time system": 1, "sandbox.cpu.throttled_time": 0.3,
		"sandbox.cpu.overhead_time": -1, "sandbox.cpu.limit requested": 0.5, "sandbox.workload.cpu.time": 5,
		"sandbox.memory.usage": 8192, "sandbox.workload.memory.usage": 4096, "sandbox.memory.overhead": 4096,
		"sandbox.memory.limit requested":  1 << 20,
		"sandbox.network.io eth0 receive": 7, "sandbox.network.dropped eth0 transmit": 2,
	} {
		value, found := got[name]
		require.True(t, found, name)
		assert.InDelta(t, want, value, 1e-9, name)
	}
}

// TestUnknownFiguresAreOmitted covers a sandbox that nothing is known about.
func TestUnknownFiguresAreOmitted(t *testing.T) {
	var r sandbox.Reading
	newMachine(t).newReporter(everything).Append(&r, &Report{Sandbox: Sandbox{Cgroup: "/absent"}}, time.Now())
	assert.Empty(t, r.Points)
}

func TestDisabledFamiliesAreNotReported(t *testing.T) {
	m := newMachine(t)
	m.group("web", 3_000_000, 1_000_000, 8192)
	reporter := m.newReporter(func(name string) bool { return name == "sandbox.memory.usage" })
	var r sandbox.Reading
	reporter.Append(&r, &Report{Sandbox: Sandbox{Cgroup: "/web"}, Workload: &Workload{HasCPU: true}}, time.Now())
	assert.Equal(t, map[string]float64{"sandbox.memory.usage": 8192}, valuesOf(&r))
}

// TestContainersEndWithTheirSeries checks that the series of a container end when it
// is gone, and those of the sandbox when it ends.
func TestContainersEndWithTheirSeries(t *testing.T) {
	reporter := newMachine(t).newReporter(everything)
	a := &sandbox.Identity{Container: sandbox.Container{ID: "a"}}
	b := &sandbox.Identity{Container: sandbox.Container{ID: "b"}}
	both := []Container{{Identity: a, HasCPU: true, CPU: time.Second}, {Identity: b, HasCPU: true, HasProcesses: true, Processes: 3}}
	var first, second, end, again sandbox.Reading
	reporter.Append(&first, &Report{Workload: &Workload{HasCPU: true, Containers: both}}, time.Now())
	assert.Equal(t, map[string]float64{
		"sandbox.workload.cpu.time": 0,
		"a: container.cpu.time":     1, "b: container.cpu.time": 0, "b: sandbox.workload.process.count": 3,
	}, valuesOf(&first))

	reporter.Append(&second, &Report{Workload: &Workload{Containers: both[:1]}}, time.Now())
	assert.Equal(t, []string{
		"a: container.cpu.time", "b: ended container.cpu.time", "b: ended sandbox.workload.process.count",
	}, slices.Sorted(maps.Keys(valuesOf(&second))))
	assert.True(t, second.HasEnded())

	reporter.AppendSeries(&end)
	assert.Equal(t, []string{"a: container.cpu.time", "sandbox.workload.cpu.time"}, slices.Sorted(maps.Keys(valuesOf(&end))))
	reporter.AppendSeries(&again)
	assert.Empty(t, again.Points, "each series ends once")
}

// TestDue checks that readings keep their interval although pulls are not exactly on
// time, that the second comes at a random time, and that a new start is due at once.
func TestDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reporter := newMachine(t).newReporter(everything)
		assert.True(t, reporter.Due(time.Now()))
		reporter.Append(new(sandbox.Reading), &Report{}, time.Now())
		assert.False(t, reporter.Due(time.Now().Add(-time.Nanosecond)))
		time.Sleep(time.Minute)
		assert.True(t, reporter.Due(time.Now()))
		for range 3 {
			reporter.Append(new(sandbox.Reading), &Report{}, time.Now())
			time.Sleep(30 * time.Second)
			assert.False(t, reporter.Due(time.Now()))
			time.Sleep(29 * time.Second)
			assert.True(t, reporter.Due(time.Now()), "a pull that is a second early")
		}
		reporter.Append(new(sandbox.Reading), &Report{}, time.Now())
		reporter.AppendSeries(new(sandbox.Reading))
		assert.True(t, reporter.Due(time.Now()))

		var none *Reporter
		assert.False(t, none.Due(time.Now()))
		none.AppendSeries(new(sandbox.Reading))
		none.Close()
	})
}

// TestSharedProcessCountsForNone checks that two sandboxes that claim the same process
// are not measured with it, until one of them has ended.
func TestSharedProcessCountsForNone(t *testing.T) {
	m := newMachine(t)
	m.run(fakeProcess{pid: 42, start: 7, user: 100, pages: 3, size: 9})
	a, b := m.newReporter(everything), m.newReporter(everything)
	measured := func(r *Reporter) bool {
		var reading sandbox.Reading
		r.Append(&reading, &Report{Sandbox: Sandbox{PID: 42}}, time.Now())
		return len(reading.Points) > 0
	}
	assert.True(t, measured(a))
	assert.False(t, measured(b))
	assert.False(t, measured(a))
	a.Close()
	assert.True(t, measured(b))
}

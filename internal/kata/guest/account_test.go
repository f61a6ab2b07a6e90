package guest

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

var (
	testStart = time.Unix(1_800_000_000, 0)
	testHost  = Host{CPUs: 2, Memory: 8 << 30}
)

func newAccount() *Account { return NewAccount(testHost, testStart) }

// cpuSamples are the samples of a response with a CPU time.
func cpuSamples(user time.Duration) map[string]float64 {
	return map[string]float64{
		"user": float64(user.Milliseconds()), "nice": 0, "system": 0, "irq": 0, "softirq": 0,
		// These do not count.
		"idle": 1e9, "iowait": 1e9, "steal": 1e9, "guest": 1e9, "guest_nice": 1e9,
	}
}

// respond passes a response to an account that arrives at a time after the start.
func respond(a *Account, at time.Duration, add func()) (implausible int) {
	a.Begin(testStart.Add(at))
	add()
	return a.End(testStart.Add(at))
}

// respondCPU passes a CPU time to an account and returns what it has accumulated.
func respondCPU(a *Account, at, cpu time.Duration) (total time.Duration, ok bool) {
	respond(a, at, func() {
		for item, value := range cpuSamples(cpu) {
			a.Add(FigureOf("kata_guest_cpu_time", item), []byte("total"), value)
		}
	})
	if w := a.Workload(); w != nil {
		return w.CPU, w.HasCPU
	}
	return 0, false
}

func TestCPUNeverFalls(t *testing.T) {
	a := newAccount()
	for i, step := range []struct{ raw, want time.Duration }{
		{8 * time.Second, 8 * time.Second},
		{20 * time.Second, 20 * time.Second},
		{20 * time.Second, 20 * time.Second},
		{5 * time.Second, 20 * time.Second},
		{6 * time.Second, 21 * time.Second},
		{0, 21 * time.Second},
	} {
		got, ok := respondCPU(a, time.Duration(i+1)*10*time.Second, step.raw)
		assert.True(t, ok)
		assert.Equal(t, step.want, got, "step %d", i)
	}
}

func TestCPUCannotGrowFasterThanTime(t *testing.T) {
	const tolerance = 2 * cpuTolerance // on 2 CPUs
	for name, test := range map[string]struct {
		first, second time.Duration
		ok            [2]bool
	}{
		"first as high as possible": {2 * (maxBootTime + time.Minute), 2 * (maxBootTime + time.Minute), [2]bool{true, true}},
		"first too high":            {2*(maxBootTime+time.Minute) + time.Second, time.Second, [2]bool{false, true}},
		"as fast as possible":       {time.Second, 21*time.Second + tolerance, [2]bool{true, true}},
		"too fast":                  {time.Second, 21*time.Second + tolerance + time.Millisecond, [2]bool{true, false}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount()
			_, ok := respondCPU(a, time.Minute, test.first)
			assert.Equal(t, test.ok[0], ok)
			_, ok = respondCPU(a, 70*time.Second, test.second)
			assert.Equal(t, test.ok[1], ok)
		})
	}
}

// TestRejectedCPUIsForgotten checks that the CPU time after an impossible one is
// compared with the last possible one.
func TestRejectedCPUIsForgotten(t *testing.T) {
	a := newAccount()
	_, ok := respondCPU(a, time.Minute, time.Second)
	require.True(t, ok)
	for _, at := range []time.Duration{70 * time.Second, 80 * time.Second} {
		_, ok = respondCPU(a, at, math.MaxInt64)
		require.False(t, ok)
	}
	total, ok := respondCPU(a, 90*time.Second, 5*time.Second)
	assert.True(t, ok)
	assert.Equal(t, 5*time.Second, total)
}

func TestIncompleteCPU(t *testing.T) {
	a := newAccount()
	respond(a, time.Minute, func() {
		a.Add(cpuUser, nil, 1)
		a.Add(cpuSystem, nil, 1)
	})
	assert.Nil(t, a.Workload())
}

func TestMemory(t *testing.T) {
	const unknown = -1
	for name, test := range map[string]struct{ total, available, want float64 }{
		"valid":                    {4096, 1024, 3072},
		"all available":            {4096, 4096, 0},
		"as large as the host":     {8 << 30, 0, 8 << 30},
		"larger than the host":     {8<<30 + 1, 0, unknown},
		"small part of a large VM": {1 << 40, 1<<40 - 1, 1},
		"more available than all":  {4096, 4097, unknown},
		"negative":                 {4096, -1, unknown},
		"huge":                     {math.MaxFloat64, 1, unknown},
		"not a number":             {math.NaN(), 1, unknown},
		"infinite":                 {math.Inf(1), 1, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount()
			respond(a, time.Minute, func() {
				a.Add(FigureOf("kata_guest_meminfo", "mem_total"), nil, test.total)
				a.Add(FigureOf("kata_guest_meminfo", "mem_available"), nil, test.available)
				if test.available >= 0 {
					a.Add(FigureOf("kata_guest_meminfo", "mem_available"), nil, 7) // repeated
				}
			})
			w := a.Workload()
			if test.want == unknown {
				if w != nil {
					assert.False(t, w.HasMemory)
				}
				return
			}
			require.NotNil(t, w)
			assert.True(t, w.HasMemory)
			assert.Equal(t, uint64(test.want), w.Memory)
			assert.False(t, w.HasCPU || w.HasProcesses)
		})
	}
}

func TestImplausibleFiguresAreCounted(t *testing.T) {
	a := newAccount()
	assert.Equal(t, 2, respond(a, time.Minute, func() {
		for figure := cpuUser; figure <= cpuSoftInterrupt; figure++ {
			a.Add(figure, nil, maxNumber)
		}
		a.Add(memoryTotal, nil, 1<<50)
		a.Add(memoryAvailable, nil, 0)
	}))
	assert.Zero(t, respond(a, time.Minute, func() {}))
}

// TestDiscard checks that a response that failed changes nothing.
func TestDiscard(t *testing.T) {
	a := newAccount()
	a.Begin(testStart)
	a.Add(receivedBytes, []byte("eth0"), 1000)
	a.Discard()
	assert.Nil(t, a.Workload())
	respond(a, time.Minute, func() { a.Add(receivedBytes, []byte("eth0"), 10) })
	assert.Equal(t, []usage.Interface{{Name: "eth0", Received: usage.Traffic{Bytes: 10}}}, a.Workload().Interfaces)
}

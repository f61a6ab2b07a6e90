package event

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestCPUNeverFalls passes the raw CPU times of one container in intervals of 10 s.
func TestCPUNeverFalls(t *testing.T) {
	a := newAccount("web")
	for i, step := range []struct{ raw, want time.Duration }{
		{8 * time.Second, 8 * time.Second},
		{20 * time.Second, 20 * time.Second},
		{20 * time.Second, 20 * time.Second},
		{5 * time.Second, 20 * time.Second},
		{6 * time.Second, 21 * time.Second},
		{0, 21 * time.Second},
		{time.Second, 22 * time.Second},
	} {
		text := newResponse().cpuTime("web", step.raw).String()
		figures := mustRead(t, a, "web", time.Duration(i+1)*10*time.Second, text)
		assert.Equal(t, step.want, figures.CPU, "step %d", i)
		assert.Equal(t, step.want, figures.Containers[0].CPU, "step %d", i)
	}
}

func TestCPUCannotGrowFasterThanTime(t *testing.T) {
	const tolerance = 2 * cpuTolerance // on 2 CPUs
	for name, test := range map[string]struct {
		raw      time.Duration
		accepted bool
	}{
		"as fast as possible": {21*time.Second + tolerance, true},
		"too fast":            {21*time.Second + tolerance + 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount("web")
			mustRead(t, a, "web", time.Minute, newResponse().cpuTime("web", time.Second).String())
			figures, err := read(a, "web", 70*time.Second, newResponse().cpuTime("web", test.raw).String())
			if test.accepted {
				require.NoError(t, err)
				assert.Equal(t, test.raw, figures.CPU)
				return
			}
			requireViolation(t, err, RuleCPU)
			assert.False(t, figures.HasCPU)
			// The next response is compared with the last verified one.
			figures = mustRead(t, a, "web", 80*time.Second, newResponse().cpuTime("web", 3*time.Second).String())
			assert.Equal(t, 3*time.Second, figures.CPU)
		})
	}
}

// TestCPUOfAllContainersIsLimitedTogether checks that containers cannot each use
// all CPUs.
func TestCPUOfAllContainersIsLimitedTogether(t *testing.T) {
	a := newAccount("pause", "web")
	mustRead(t, a, "web", time.Minute, newResponse().cpuTime("pause", 0).cpuTime("web", 0).String())
	_, err := read(a, "web", 70*time.Second, newResponse().cpuTime("pause", 15*time.Second).cpuTime("web", 15*time.Second).String())
	requireViolation(t, err, RuleCPU)
	_, err = read(a, "web", 70*time.Second, newResponse().cpuTime("pause", 1<<62).cpuTime("web", 1<<62).String())
	requireViolation(t, err, RuleCPU)
	figures := mustRead(t, a, "web", 70*time.Second, newResponse().cpuTime("pause", 5*time.Second).cpuTime("web", 15*time.Second).String())
	assert.Equal(t, 20*time.Second, figures.CPU)
}

// TestTheTimeOfRequestsCounts checks that a response that takes long may contain the
// CPU time of that time.
func TestTheTimeOfRequestsCounts(t *testing.T) {
	a := newAccount("web")
	mustRead(t, a, "web", time.Minute, newResponse().cpuTime("web", 0).String())
	a.Begin(testStart.Add(61 * time.Second))
	text := newResponse().cpuTime("web", 8*time.Second).String()
	_, err := a.Read("web", &slowReader{text, 100}, func() time.Time { return testStart.Add(62 * time.Second) })
	requireViolation(t, err, RuleCPU)
	_, err = a.Read("web", &slowReader{text, 100}, func() time.Time { return testStart.Add(64 * time.Second) })
	require.NoError(t, err)
}

func TestFirstCPUTimeIsLimited(t *testing.T) {
	text := newResponse().cpuTime("web", 3*time.Minute).String()
	_, err := read(newAccount("web"), "web", time.Minute, text)
	requireViolation(t, err, RuleCPU)
	mustRead(t, newAccount("web"), "web", 90*time.Second, text)

	// A container that is added later is limited together with the first ones.
	a := newAccount("pause", "web")
	mustRead(t, a, "pause", time.Minute, newResponse().cpuTime("pause", 2*time.Minute).String())
	_, err = read(a, "pause", 61*time.Second, newResponse().cpuTime("pause", 2*time.Minute).cpuTime("web", time.Minute).String())
	requireViolation(t, err, RuleCPU)
	figures := mustRead(t, a, "pause", 2*time.Minute, newResponse().cpuTime("pause", 2*time.Minute).cpuTime("web", time.Minute).String())
	assert.Equal(t, 3*time.Minute, figures.CPU)

	// Without a start there is no limit.
	a = NewAccount(testHost)
	a.SetContainers(containersOf("web"))
	mustRead(t, a, "web", 0, text)
}

// TestRestoredSandbox checks that CPU time before a checkpoint does not count.
func TestRestoredSandbox(t *testing.T) {
	a := newAccount("web")
	mustRead(t, a, "web", time.Minute, newResponse().cpuTime("web", time.Minute).network("eth0", 5).String())
	a.Reset(testStart.Add(time.Minute), true)
	figures := mustRead(t, a, "web", 61*time.Second, newResponse().cpuTime("web", time.Hour).String())
	assert.True(t, figures.HasCPU)
	assert.Zero(t, figures.CPU)
	assert.Empty(t, figures.Interfaces)
	figures = mustRead(t, a, "web", 71*time.Second, newResponse().cpuTime("web", time.Hour+time.Second).String())
	assert.Equal(t, time.Second, figures.CPU)
	_, err := read(a, "web", 72*time.Second, newResponse().cpuTime("web", 2*time.Hour).String())
	requireViolation(t, err, RuleCPU)
}

// TestMissingContainer checks that a container whose CPU time was missing continues
// without the CPU time in between, which cannot be verified.
func TestMissingContainer(t *testing.T) {
	a := newAccount("pause", "web")
	with := func(cpu time.Duration) string { return newResponse().cpuTime("pause", 0).cpuTime("web", cpu).String() }
	mustRead(t, a, "web", time.Minute, with(5*time.Second))
	figures := mustRead(t, a, "web", 70*time.Second, newResponse().cpuTime("pause", 0).String())
	assert.Equal(t, 5*time.Second, figures.CPU)
	assert.False(t, figures.Containers[1].HasCPU)
	assert.Equal(t, 5*time.Second, mustRead(t, a, "web", 80*time.Second, with(time.Hour)).CPU)
	assert.Equal(t, 6*time.Second, mustRead(t, a, "web", 90*time.Second, with(time.Hour+time.Second)).CPU)
}

func TestContainersComeAndGo(t *testing.T) {
	a := newAccount("pause", "web")
	text := newResponse().cpuTime("pause", time.Second).cpuTime("web", 9*time.Second).String()
	assert.Equal(t, 10*time.Second, mustRead(t, a, "web", time.Minute, text).CPU)
	a.SetContainers(containersOf("pause"))
	figures := mustRead(t, a, "pause", 70*time.Second, text)
	assert.Equal(t, 10*time.Second, figures.CPU, "the total must not decrease")
	assert.Equal(t, 1, figures.UnknownContainers)
	assert.Len(t, figures.Containers, 1)
	assert.Zero(t, figures.Memory, "the share of the other container is unknown")
	a.SetContainers(containersOf("pause", "web"))
	assert.Equal(t, 10*time.Second, mustRead(t, a, "web", 80*time.Second, text).CPU, "the CPU time counts once")
	_, err := read(a, "other", 90*time.Second, text)
	assert.Equal(t, sandbox.Internal, sandbox.OutcomeOf(err))
}

func TestMaxContainers(t *testing.T) {
	var list []Container
	for i := range maxContainers + 1 {
		list = append(list, Container{ID: string(rune('a' + i))})
	}
	a := newAccount()
	a.SetContainers(list)
	require.Len(t, a.containers, maxContainers)
	assert.True(t, a.truncated)
	a.SetContainers(list[1:])
	require.Len(t, a.containers, maxContainers)
	assert.False(t, a.truncated, "one that has ended makes room")
	assert.Negative(t, a.findContainer([]byte(list[0].ID)))
	assert.GreaterOrEqual(t, a.findContainer([]byte(list[maxContainers].ID)), 0)
}

// TestContainerNames checks that CPU times may have names instead of IDs.
func TestContainerNames(t *testing.T) {
	a := newAccount()
	a.SetContainers([]Container{{ID: "1"}, {ID: "2", Name: "web"}, {ID: "3", Name: "web"}, {ID: "web2", Name: "1"}})
	figures := mustRead(t, a, "1", time.Minute, newResponse().cpuTime("__no_name_0", 1).cpuTime("web", 3).cpuTime("web2", 4).String())
	require.Len(t, figures.Containers, 3)
	for i, id := range []string{"1", "3", "web2"} {
		assert.Equal(t, id, figures.Containers[i].ID)
	}
	assert.Equal(t, 8*time.Nanosecond, figures.CPU)
	_, err := read(a, "1", 2*time.Minute, newResponse().cpuTime("1", 1).cpuTime("__no_name_0", 1).String())
	requireViolation(t, err, RuleDuplicateContainer)
}

func TestMemory(t *testing.T) {
	a := newAccount("pause", "web")
	first := newResponse()
	assert.Zero(t, mustRead(t, a, "web", time.Minute, first.String()).Memory, "one container has not responded")
	now := func() time.Time { return testStart.Add(time.Hour) }
	readBoth := func(pause, web string) (figures Figures, err error) {
		a.Begin(now())
		for id, memory := range map[string]string{"pause": pause, "web": web} {
			r := newResponse()
			r.memory = memory
			if _, failed := a.Read(id, &slowReader{r.String(), 50}, now); failed != nil {
				err = failed
			}
		}
		a.Finish(&figures)
		return figures, err
	}
	figures, err := readBoth("0", "5000")
	require.NoError(t, err)
	assert.Equal(t, uint64(5000), figures.Memory)
	for _, c := range figures.Containers {
		assert.Zero(t, c.Memory)
	}
	figures, err = readBoth("4294967296", "4294967297")
	requireViolation(t, err, RuleMemory)
	assert.Zero(t, figures.Memory)
}

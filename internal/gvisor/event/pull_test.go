package event

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestCPUAndNetworkAreReadOncePerPull checks that they are those of the first valid
// response.
func TestCPUAndNetworkAreReadOncePerPull(t *testing.T) {
	a := newAccount("pause", "web")
	now := func() time.Time { return testStart.Add(time.Minute) }
	a.Begin(now())
	read := func(id string, r *response) error {
		_, err := a.Read(id, strings.NewReader(r.String()), now)
		return err
	}
	requireViolation(t, read("web", newResponse().cpuTime("web", time.Hour)), RuleCPU)
	require.NoError(t, read("pause", newResponse().cpuTime("web", time.Second).network("eth0", 1)))
	require.NoError(t, read("web", newResponse().cpuTime("web", time.Hour).network("eth0", 2).network("eth1", 3)))
	var figures Figures
	a.Finish(&figures)
	assert.Equal(t, time.Second, figures.CPU)
	assert.Equal(t, []InterfaceFigures{{Name: "eth0", Received: Traffic{Bytes: 1}}}, figures.Interfaces)
	assert.Equal(t, uint64(8192), figures.Memory)

	// In the next pull they are compared with those of this one.
	figures = mustRead(t, a, "web", 61*time.Second, newResponse().cpuTime("web", 2*time.Second).network("eth0", 5).String())
	assert.Equal(t, 2*time.Second, figures.CPU)
	assert.Equal(t, uint64(5), figures.Interfaces[0].Received.Bytes)
}

func TestOneResponsePerContainer(t *testing.T) {
	a := newAccount("pause", "web")
	mustRead(t, a, "web", time.Minute, newResponse().String())
	_, err := a.Read("web", strings.NewReader(newResponse().String()), time.Now)
	assert.Equal(t, sandbox.Internal, sandbox.OutcomeOf(err))
	a.SetContainers(containersOf("pause"))
	_, err = read(a, "web", time.Minute, newResponse().String())
	assert.Equal(t, sandbox.Internal, sandbox.OutcomeOf(err))
	mustRead(t, a, "pause", time.Minute, newResponse().String())
}

func TestUnknownMemoryOfTheHost(t *testing.T) {
	a := NewAccount(Host{CPUs: 1})
	a.SetContainers(containersOf("web"))
	r := newResponse()
	r.memory = "1099511627776"
	assert.Equal(t, uint64(1<<40), mustRead(t, a, "web", time.Minute, r.String()).Memory)
	r.memory = "9223372036854775808"
	_, err := read(a, "web", time.Minute, r.String())
	requireViolation(t, err, RuleMemory)
}

// TestMemoryOfTooManyContainers checks that the memory is unknown if not all
// containers are accounted for.
func TestMemoryOfTooManyContainers(t *testing.T) {
	a := newAccount("web")
	assert.NotZero(t, mustRead(t, a, "web", time.Minute, newResponse().String()).Memory)
	a.truncated = true
	assert.Zero(t, mustRead(t, a, "web", time.Minute, newResponse().String()).Memory)
}

func TestContainerWithoutName(t *testing.T) {
	a := newAccount("pause", "web")
	figures := mustRead(t, a, "web", time.Minute, newResponse().cpuTime("", time.Second).String())
	assert.Equal(t, 1, figures.UnknownContainers)
	assert.Zero(t, figures.CPU)
	assert.False(t, figures.HasCPU)
}

// TestLongTimesDoNotOverflow uses a time whose product with the number of CPUs is
// 2⁶⁴ ns, which overflows to 0.
func TestLongTimesDoNotOverflow(t *testing.T) {
	a := NewAccount(Host{CPUs: 4})
	a.SetContainers(containersOf("web"))
	a.Reset(testStart.Add(-1<<62), false)
	mustRead(t, a, "web", 0, newResponse().cpuTime("web", time.Hour).String())
}

package gvisor

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

func init() {
	maps.Copy(modeChecks, map[simulate.Mode]func(*testing.T, *Sandbox){
		UsageCPUJump:           checkUsageCPUJump,
		UsageCPUFall:           checkUsageCPUFall,
		UsageMemory:            checkUsageMemory,
		UsageManyInterfaces:    checkUsageManyInterfaces,
		UsageNewInterfaces:     checkUsageNewInterfaces,
		UsageUnknownContainers: checkUsageUnknownContainers,
		UsageRefused:           checkUsageRefused,
		UsageStall:             checkUsageStall,
		UsageGarbage:           checkUsageGarbage,
		UsageStallMidway:       checkUsageStallMidway,
		UsageTrickle:           checkUsageTrickle,
	})
}

// eventResponse is a response to containerManager.Event, decoded by the standard
// library.
type eventResponse struct {
	Success bool   `json:"success"`
	Err     string `json:"err"`
	Result  struct {
		Event struct {
			Type string `json:"type"`
			ID   string `json:"id"`
			Data struct {
				Memory struct {
					Usage struct {
						Usage uint64 `json:"usage"`
					} `json:"usage"`
				} `json:"memory"`
				PIDs struct {
					Current uint64 `json:"current"`
				} `json:"pids"`
				Interfaces []eventInterface `json:"network_interfaces"`
			} `json:"data"`
		} `json:"event"`
		ContainerUsage map[string]time.Duration `json:"containerUsage"`
	} `json:"result"`
}

type eventInterface struct {
	Name               string
	RxBytes, TxPackets uint64
}

func eventRequest(id string) string {
	return fmt.Sprintf(`{"method":"containerManager.Event","arg":%q}`, id)
}

const memoryRequest = `{"method":"Usage.Collect","arg":{"Full":false}}`

// usageOf requests the usage of a container.
func usageOf(t *testing.T, c *client, id string) (response eventResponse) {
	t.Helper()
	_, err := c.conn.Write([]byte(eventRequest(id)))
	require.NoError(t, err)
	require.NoError(t, c.decoder.Decode(&response))
	return response
}

func usageCalls(t *testing.T, s *Sandbox) (first, second eventResponse) {
	t.Helper()
	c := newClient(t, s)
	first = usageOf(t, c, s.ID())
	valuesOf(t, c.call(exportAll))
	second = usageOf(t, c, s.ID())
	require.True(t, first.Success && second.Success)
	return first, second
}

func TestUsage(t *testing.T) {
	s := addSandbox(t, Options{Containers: 2})
	c := newClient(t, s)
	valuesOf(t, c.call(exportAll))
	elapsed := time.Since(s.instance.created)
	var memory []uint64
	for i := range 3 {
		id := s.instance.containerID(i)
		response := usageOf(t, c, id)
		require.True(t, response.Success)
		data := response.Result.Event.Data
		assert.Equal(t, id, response.Result.Event.ID)
		assert.Equal(t, "stats", response.Result.Event.Type)
		assert.Positive(t, data.PIDs.Current)
		memory = append(memory, data.Memory.Usage.Usage)
		require.Len(t, data.Interfaces, 2)
		assert.Equal(t, "eth0", data.Interfaces[1].Name)
		assert.Positive(t, data.Interfaces[1].RxBytes)
		require.Len(t, response.Result.ContainerUsage, 3)
		for i := range 3 {
			assert.Contains(t, response.Result.ContainerUsage, s.instance.containerID(i))
		}
	}
	assert.Zero(t, memory[0], "the root container has no share of the memory")
	assert.InEpsilon(t, memory[1], memory[2], 0.01)
	assert.Positive(t, elapsed)
	response := usageOf(t, c, "other")
	assert.False(t, response.Success)
	assert.Equal(t, `container "other" not found`, response.Err)
	assert.Zero(t, s.Load().Forbidden)
	assert.Equal(t, []string{exportAll}, slices.Collect(maps.Keys(s.root.requests.known)), "requests for one container are not kept")
}

func TestCPUTimeGrowsWithTime(t *testing.T) {
	s := addSandbox(t, Options{Containers: 1})
	var last time.Duration
	for _, elapsed := range []time.Duration{0, time.Second, time.Minute, time.Hour} {
		plan := usagePlan{elapsed: elapsed, cpuElapsed: elapsed}
		var times map[string]time.Duration
		require.NoError(t, json.Unmarshal([]byte("{"+string(s.instance.appendCPU(nil, &plan))+"}"), &times))
		total := time.Duration(0)
		for _, cpu := range times {
			assert.Zero(t, cpu%(10*time.Millisecond))
			total += cpu
		}
		assert.GreaterOrEqual(t, total, last)
		assert.LessOrEqual(t, total, elapsed/2)
		last = total
	}
	assert.Positive(t, last)
}

func TestMemoryOfTheSandbox(t *testing.T) {
	s := addSandbox(t, Options{})
	c := newClient(t, s)
	_, err := c.conn.Write([]byte(memoryRequest))
	require.NoError(t, err)
	var response struct {
		Success bool
		Result  struct{ Unknown, Mapped, Total uint64 }
	}
	require.NoError(t, c.decoder.Decode(&response))
	assert.True(t, response.Success)
	assert.InDelta(t, 48<<20, response.Result.Total, 8<<20)
	assert.Equal(t, response.Result.Total, response.Result.Unknown+response.Result.Mapped)

	assert.False(t, c.call(`{"method":"Usage.Collect","arg":{"Full":true}}`).Success)
	assert.False(t, c.call(`{"method":"Usage.Collect","arg":7}`).Success)
	assert.False(t, c.call(`{"method":"containerManager.Event","arg":7}`).Success)
	assert.Equal(t, int64(3), s.Load().Forbidden)
}

func checkUsageCPUJump(t *testing.T, s *Sandbox) {
	first, second := usageCalls(t, s)
	assert.Positive(t, first.Result.ContainerUsage[s.ID()])
	assert.Greater(t, second.Result.ContainerUsage[s.ID()], first.Result.ContainerUsage[s.ID()]+time.Second)
}

func checkUsageCPUFall(t *testing.T, s *Sandbox) {
	honest := usagePlan{cpuElapsed: time.Hour}
	altered := honest
	s.mode.alterUsage(&altered, 1)
	assert.Equal(t, honest, altered)
	s.mode.alterUsage(&altered, 2)
	assert.Equal(t, 30*time.Minute, altered.cpuElapsed)
	usageCalls(t, s)
}

func checkUsageMemory(t *testing.T, s *Sandbox) {
	first, _ := usageCalls(t, s)
	assert.Equal(t, uint64(1<<60), first.Result.Event.Data.Memory.Usage.Usage)
}

func checkUsageManyInterfaces(t *testing.T, s *Sandbox) {
	first, _ := usageCalls(t, s)
	assert.Len(t, first.Result.Event.Data.Interfaces, 10_002)
}

func checkUsageNewInterfaces(t *testing.T, s *Sandbox) {
	first, second := usageCalls(t, s)
	names := make(map[string]int)
	for _, response := range []eventResponse{first, second} {
		for _, n := range response.Result.Event.Data.Interfaces {
			assert.LessOrEqual(t, len(n.Name), 15)
			names[n.Name]++
		}
	}
	assert.Len(t, names, 2+20+20)
	assert.Equal(t, 2, names["eth0"])
}

func checkUsageUnknownContainers(t *testing.T, s *Sandbox) {
	first, _ := usageCalls(t, s)
	assert.Len(t, first.Result.ContainerUsage, 101)
}

func checkUsageRefused(t *testing.T, s *Sandbox) {
	c := newClient(t, s)
	response := usageOf(t, c, s.ID())
	assert.False(t, response.Success)
	assert.Equal(t, "operation not supported", response.Err)
	valuesOf(t, c.call(exportAll))
}

func checkUsageStall(t *testing.T, s *Sandbox) {
	c := newClient(t, s)
	valuesOf(t, c.call(exportAll))
	_, err := c.conn.Write([]byte(eventRequest(s.ID())))
	require.NoError(t, err)
	assert.Empty(t, simulatetest.ReadUntilSilence(t, c.conn))
}

func checkUsageGarbage(t *testing.T, s *Sandbox) {
	c := newClient(t, s)
	valuesOf(t, c.call(exportAll))
	_, err := c.conn.Write([]byte(eventRequest(s.ID())))
	require.NoError(t, err)
	assert.False(t, json.Valid(simulatetest.ReadBytes(t, c.conn, 4<<10)))
}

func checkUsageStallMidway(t *testing.T, s *Sandbox) {
	c := newClient(t, s)
	valuesOf(t, c.call(exportAll))
	_, err := c.conn.Write([]byte(eventRequest(s.ID())))
	require.NoError(t, err)
	received := simulatetest.ReadUntilSilence(t, c.conn)
	assert.NotEmpty(t, received)
	assert.False(t, json.Valid(received))
}

func checkUsageTrickle(t *testing.T, s *Sandbox) {
	c := newClient(t, s)
	valuesOf(t, c.call(exportAll))
	_, err := c.conn.Write([]byte(eventRequest(s.ID())))
	require.NoError(t, err)
	began := time.Now()
	simulatetest.ReadBytes(t, c.conn, 5)
	assert.GreaterOrEqual(t, time.Since(began), 4*20*time.Millisecond)
}

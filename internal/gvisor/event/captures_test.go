package event

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/urpc"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestSingleContainer(t *testing.T) {
	a := newAccount("busy2")
	figures := mustRead(t, a, "busy2", 10*time.Minute, sample(t, "single.json"))
	assert.Equal(t, Figures{
		CPU: 529010 * time.Millisecond, HasCPU: true, Memory: 2867200,
		Containers: []ContainerFigures{{
			ID: "busy2", CPU: 529010 * time.Millisecond, HasCPU: true, Processes: 3, HasProcesses: true, Memory: 2867200,
		}},
	}, figures, "without the loopback interface")
}

const (
	podRoot = "106e32c86055b5b0b93668e90130ea01543fab66a36c2ba35749d6704bf6069a"
	podApp  = "95ae7c43af5002975407c6e04d00795885ca909337dad9c19aeedaa91312fb7a"
)

func TestPod(t *testing.T) {
	a := newAccount(podRoot, podApp)
	now := testStart.Add(time.Hour)
	a.Begin(now)
	for id, name := range map[string]string{podRoot: "pod_root.json", podApp: "pod_container.json"} {
		text := sample(t, name)
		size, err := a.Read(id, &slowReader{text, 7}, func() time.Time { return now })
		require.NoError(t, err)
		assert.Equal(t, len(text), size)
	}
	var figures Figures
	a.Finish(&figures)
	assert.Equal(t, Figures{
		CPU: 43650 * time.Millisecond, HasCPU: true, Memory: 2220032,
		Containers: []ContainerFigures{
			{ID: podRoot, CPU: 10 * time.Millisecond, HasCPU: true, Processes: 1, HasProcesses: true},
			{ID: podApp, CPU: 43640 * time.Millisecond, HasCPU: true, Processes: 2, HasProcesses: true},
		},
	}, figures, "the memory of one container is not measured, and no interface has counted anything")
}

// TestRefused checks that a refused request is neither a violation nor changes
// anything.
func TestRefused(t *testing.T) {
	for name, text := range map[string]string{
		"unknown container": sample(t, "unknown_container.json"),
		"network of the host in an old release": `{"success":false,"err":"failed to get network stats: ` +
			`operation not supported","result":{"event":{"type":"stats","id":"web","data":{}},"containerUsage":null}}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount("web")
			figures, err := read(a, "web", time.Minute, text)
			assert.Equal(t, sandbox.Refused, sandbox.OutcomeOf(err))
			var remote *urpc.RemoteError
			require.ErrorAs(t, err, &remote)
			assert.Equal(t, Figures{}, clean(figures))
			figures = mustRead(t, a, "web", 2*time.Minute, newResponse().cpuTime("web", time.Minute).String())
			assert.Equal(t, time.Minute, figures.CPU)
		})
	}
}

// clean replaces empty slices, which Finish keeps for reuse.
func clean(f Figures) Figures {
	if len(f.Containers) == 0 {
		f.Containers = nil
	}
	if len(f.Interfaces) == 0 {
		f.Interfaces = nil
	}
	return f
}

func TestHostNetwork(t *testing.T) {
	r := newResponse().cpuTime("web", time.Second)
	for i := range 300 {
		r.network("veth"+strings.Repeat("x", 3)+string(rune('a'+i%26))+string(rune('a'+i/26)), 0)
	}
	figures := mustRead(t, newAccount("web"), "web", time.Minute, r.String())
	assert.Empty(t, figures.Interfaces)
	assert.Zero(t, figures.DroppedInterfaces, "interfaces of the host are not remembered")
	assert.Equal(t, time.Second, figures.CPU)
}

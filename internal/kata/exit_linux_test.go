package kata

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// The end of a pod is known from files of the host, without another request.
func TestExit(t *testing.T) {
	for name, test := range map[string]struct {
		end  func(p *measuredPod, cgroup string)
		want sandbox.ExitReason
	}{
		"directory removed": {func(*measuredPod, string) {}, sandbox.ExitRemoved},
		"shim exited":       {func(p *measuredPod, _ string) { p.dead.Store(true) }, sandbox.ExitUnknown},
		"OOM kill": {func(p *measuredPod, cgroup string) {
			p.dead.Store(true)
			write(p.t, filepath.Join(p.cgroup, cgroup, "memory.events"), "oom_kill 1\n")
		}, sandbox.ExitOOM},
	} {
		t.Run(name, func(t *testing.T) {
			p := newMeasuredPod(t, simkata.Options{})
			cgroup := p.group()
			write(t, filepath.Join(p.cgroup, cgroup, "memory.events"), "oom_kill 0\n")
			p.runPod("/" + strings.TrimPrefix(cgroup, "/"))
			p.values()
			calls := p.pod.Load().Calls
			test.end(p, cgroup)
			now := time.Now()
			exit := p.Exit(now)
			assert.Equal(t, test.want, exit.Reason)
			assert.Equal(t, now, exit.Time)
			assert.True(t, exit.Known.Has(sandbox.ExitLifetime|sandbox.ExitCPU|sandbox.ExitMemory|sandbox.ExitOOMKills))
			assert.Equal(t, 50*time.Second, exit.CPU)
			assert.Equal(t, uint64(1<<20), exit.Memory)
			assert.Equal(t, now.Sub(p.created), exit.Lifetime)
			assert.Equal(t, calls, p.pod.Load().Calls)
			assert.Zero(t, p.Running())
		})
	}
}

// The figures of a pod that was never measured are not known.
func TestExitWithoutReading(t *testing.T) {
	p := newMeasuredPod(t, simkata.Options{})
	exit := p.Exit(p.created.Add(-time.Second))
	assert.Zero(t, exit.Known, "the end is before the start")
	p.usage = nil
	assert.Equal(t, sandbox.ExitLifetime, p.Exit(time.Now()).Known)
}

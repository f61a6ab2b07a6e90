//go:build linux

package e2e

import (
	"fmt"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// memoryHog is a script with a process that has 128 MiB of memory: dd waits until it can
// write them.
const memoryHog = "/bin/busybox dd if=/dev/zero bs=134217728 count=1 | sleep 3600"

const hogMemory = 128 << 20

// awaitValue waits until a series has a last value in a range.
func awaitValue(t *testing.T, sink *otlpsink.Sink, name string, attributes map[string]string, low, high float64) {
	t.Helper()
	process.Eventually(t, collector.Timeout, func() error {
		series, err := sink.Find(name, attributes)
		if err != nil {
			return err
		}
		if last := series.Last(); last.End || last.Value < low || last.Value > high {
			return fmt.Errorf("%v is %v (ended: %t), want %v to %v", series, last.Value, last.End, low, high)
		}
		return nil
	})
}

// The memory of a workload is part of that of its sandbox, with a cgroup or without.
func TestUsageOfMemory(t *testing.T) {
	r := runsc.New(t)
	const limit = 1 << 30
	r.Start(runsc.Container{ID: "cgroup", Script: memoryHog, Cgroup: runsc.NewPath(), Resources: runsc.MemoryLimit(limit)})
	r.Start(runsc.Container{ID: "tree", Script: memoryHog})
	sink := startUsage(t, r.Root)
	for _, id := range []string{"cgroup", "tree"} {
		t.Run(id, func(t *testing.T) {
			sandbox := map[string]string{"sandbox.id": id}
			awaitValue(t, sink, "sandbox.workload.memory.usage", sandbox, hogMemory, 2*hogMemory)
			awaitValue(t, sink, "sandbox.memory.usage", sandbox, hogMemory, 2*hogMemory)
		})
	}
	t.Run("limit", func(t *testing.T) {
		for _, source := range []string{"requested", "enforced"} {
			awaitValue(t, sink, "sandbox.memory.limit", map[string]string{
				"sandbox.id": "cgroup", "sandbox.limit.source": source,
			}, limit, limit)
		}
		awaitValue(t, sink, "sandbox.memory.oom_kills", map[string]string{"sandbox.id": "cgroup"}, 0, 0)
	})
}

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

// inContainer returns the attributes that identify a container of a sandbox.
func inContainer(sandbox, id, name string) map[string]string {
	return map[string]string{
		"sandbox.id": sandbox, "container.id": id, "k8s.container.name": name,
		"k8s.pod.name": "web", "k8s.namespace.name": "shop",
	}
}

// Each container of a pod but the one that keeps the sandbox running has a resource of
// its own, whose series end with the container.
func TestUsageOfContainersInPod(t *testing.T) {
	r := runsc.New(t)
	const uid = "f3f1f0a2-4a35-4c2e-93a8-5f1d0f0b8a12"
	cgroup := runsc.NewPath()
	start := func(id, script string, annotations map[string]string) *runsc.Sandbox {
		return r.Start(runsc.Container{ID: id, Script: script, Cgroup: cgroup, Annotations: annotations})
	}
	start("pod", runsc.Idle, runsc.PodSandbox("pod", "shop", "web", uid))
	app := start("app", oneBurner, runsc.PodContainer("pod", "shop", "web", uid, "application"))
	start("other", runsc.Idle, runsc.PodContainer("pod", "shop", "web", uid, "sidecar"))
	sink := startUsage(t, r.Root)

	busy, idle := inContainer("pod", "app", "application"), inContainer("pod", "other", "sidecar")
	awaitValue(t, sink, "container.cpu.time", busy, 1, 3600)
	awaitValue(t, sink, "container.cpu.time", idle, 0, 1)
	for _, attributes := range []map[string]string{busy, idle} {
		awaitValue(t, sink, "sandbox.workload.process.count", attributes, 1, 1)
	}
	awaitValue(t, sink, "sandbox.workload.cpu.time", map[string]string{"sandbox.id": "pod"}, 1, 3600)
	checkOnlyContainers(t, sink, "app", "other")

	app.DeleteContainer()
	process.Eventually(t, collector.Timeout, func() error {
		series, err := sink.Find("container.cpu.time", busy)
		if err == nil && !series.Last().End {
			err = fmt.Errorf("%v has not ended", series)
		}
		return err
	})
	awaitNext(t, sink, "container.cpu.time", idle)
	if err := sink.CheckCounters(); err != nil {
		t.Error(err)
	}
}

// checkOnlyContainers fails the test if other containers than these have CPU times, or
// if memory, which is not measured for each container, is reported for one.
func checkOnlyContainers(t *testing.T, sink *otlpsink.Sink, ids ...string) {
	t.Helper()
	wanted := map[any]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	for _, series := range sink.Series() {
		id := series.Resource["container.id"]
		switch series.Name {
		case "container.cpu.time":
			if !wanted[id] {
				t.Errorf("%v is of another container", series)
			}
		case "sandbox.workload.memory.usage", "sandbox.network.io", "sandbox.cpu.time":
			if id != nil {
				t.Errorf("%v is of a container, want the sandbox", series)
			}
		}
	}
}

// awaitNext waits until a series has a further point with a value.
func awaitNext(t *testing.T, sink *otlpsink.Sink, name string, attributes map[string]string) {
	t.Helper()
	before := 0
	process.Eventually(t, collector.Timeout, func() error {
		series, err := sink.Find(name, attributes)
		if err != nil {
			return err
		}
		if before == 0 {
			before = len(series.Points)
		}
		if len(series.Points) == before || series.Last().End {
			return fmt.Errorf("%v has no further point", series)
		}
		return nil
	})
}

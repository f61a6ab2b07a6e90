//go:build linux

package e2e

import (
	"fmt"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/containerd"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/docker"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Docker has a runtime root for each of its namespaces, and each container has a
// separate sandbox.
func TestDocker(t *testing.T) {
	daemon := docker.Start(t, "--network=none", "--metric-server="+metricServer)
	id := daemon.Run("web")
	sink := startOTLP(t, otlpRoots(daemon.Roots))
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, id)
		if err != nil {
			return err
		}
		if err := checkPresent(metrics, "gvisor.fs.opens"); err != nil {
			return err
		}
		return checkAttributes(attributes, map[string]string{
			"sandbox.id":           id,
			"sandbox.iteration":    textOf(attributes, "sandbox.iteration"),
			"sandbox.runtime.name": "gvisor",
			"sandbox.trust":        "registered",
			"container.id":         id,
		})
	})
}

// The default roots include that of containerd's pods, and the containers of a pod
// share a sandbox. Usage that is measured for each container has its name.
func TestContainerd(t *testing.T) {
	daemon := containerd.Start(t, "--network=none", "--ignore-cgroups", "--metric-server="+metricServer)
	id := daemon.Run(containerd.Pod{Namespace: "shop", Name: "web", UID: "5f0e2a8c-52c1", Containers: []string{"app", "helper"}})
	sink := startOTLP(t, "receivers:\n  sandbox:\n    usage: {interval: 1s}\n")
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, id)
		if err != nil {
			return err
		}
		if err := checkPresent(metrics, "gvisor.fs.opens"); err != nil {
			return err
		}
		if container, found := attributes.Get("container.id"); found {
			return fmt.Errorf("container.id of a pod with two containers is %s, want none", container.Str())
		}
		return checkAttributes(attributes, map[string]string{
			"sandbox.id":           id,
			"sandbox.iteration":    textOf(attributes, "sandbox.iteration"),
			"sandbox.runtime.name": "gvisor",
			"sandbox.trust":        "registered",
			"k8s.pod.name":         "web",
			"k8s.pod.uid":          "5f0e2a8c-52c1",
			"k8s.namespace.name":   "shop",
		})
	})
	for _, container := range []string{"app", "helper"} {
		awaitValue(t, sink, "container.cpu.time", map[string]string{
			"sandbox.id": id, "k8s.container.name": container, "k8s.pod.name": "web", "k8s.namespace.name": "shop",
		}, 0, 60)
	}
}

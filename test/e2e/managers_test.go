//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/containerd"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/docker"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Docker keeps a runtime root for each of its namespaces, and a container is a
// sandbox.
func TestDocker(t *testing.T) {
	daemon := docker.Start(t, "--network=none", "--metric-server="+metricServer)
	id := daemon.Run("web")
	sink := startOTLP(t, rootsAre(daemon.Roots))
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, id)
		if err != nil {
			return err
		}
		if _, there := metrics["gvisor.fs.opens"]; !there {
			return errors.New("gvisor.fs.opens is missing")
		}
		iteration, _ := attributes.Get("sandbox.iteration")
		return checkAttributes(attributes, map[string]string{
			"sandbox.id":           id,
			"sandbox.iteration":    iteration.Str(),
			"sandbox.runtime.name": "gvisor",
			"sandbox.trust":        "registered",
			"container.id":         id,
		})
	})
}

// The receiver finds the pods of a containerd where it looks by default, and a
// pod's containers are one sandbox.
func TestContainerd(t *testing.T) {
	daemon := containerd.Start(t, "--network=none", "--ignore-cgroups", "--metric-server="+metricServer)
	id := daemon.Run(containerd.Pod{Namespace: "shop", Name: "web", UID: "5f0e2a8c-52c1", Containers: []string{"app", "helper"}})
	sink := startOTLP(t, "receivers:\n  sandbox:\n")
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, id)
		if err != nil {
			return err
		}
		if _, there := metrics["gvisor.fs.opens"]; !there {
			return errors.New("gvisor.fs.opens is missing")
		}
		if container, there := attributes.Get("container.id"); there {
			return fmt.Errorf("a pod of two containers is container %s", container.Str())
		}
		iteration, _ := attributes.Get("sandbox.iteration")
		return checkAttributes(attributes, map[string]string{
			"sandbox.id":           id,
			"sandbox.iteration":    iteration.Str(),
			"sandbox.runtime.name": "gvisor",
			"sandbox.trust":        "registered",
			"k8s.pod.name":         "web",
			"k8s.pod.uid":          "5f0e2a8c-52c1",
			"k8s.namespace.name":   "shop",
		})
	})
}

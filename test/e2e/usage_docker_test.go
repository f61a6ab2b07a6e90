//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/docker"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// memoryProcs returns the file cgroup.procs of a cgroup for its memory.
func memoryProcs(t *testing.T, cgroup string) string {
	t.Helper()
	for _, hierarchy := range []string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup"} {
		path := filepath.Join(hierarchy, cgroup, "cgroup.procs")
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Fatalf("the cgroup %s does not exist", cgroup)
	return ""
}

// exhaustMemory starts a process in a cgroup that uses more memory than there is, and
// that the kernel kills before any other.
func exhaustMemory(t *testing.T, procs string) {
	t.Helper()
	process.Start(t, []string{
		"/bin/sh", "-c",
		`echo 1000 >/proc/self/oom_score_adj; echo $$ >"$1"; exec busybox dd if=/dev/zero of=/dev/null bs=1G count=1`, "sh", procs,
	})
}

// The memory limit of a Docker container is reported as requested and as enforced. An
// OOM kill that its sandbox survives is counted. One that the sandbox does not survive
// ends its series.
func TestUsageOfDockerContainerWithLimit(t *testing.T) {
	daemon := docker.Start(t, "--network=none")
	const limit = 256 << 20
	id := daemon.RunLimited("limited", limit, "/bin/sleep", "3600")
	sink := startUsage(t, daemon.Roots)
	sandbox := map[string]string{"sandbox.id": id, "container.id": id}
	for _, source := range []string{"requested", "enforced"} {
		awaitValue(t, sink, "sandbox.memory.limit", map[string]string{"sandbox.id": id, "sandbox.limit.source": source}, limit, limit)
	}
	awaitValue(t, sink, "sandbox.memory.oom_kills", sandbox, 0, 0)
	exhaustMemory(t, memoryProcs(t, filepath.Join("docker", id)))
	awaitValue(t, sink, "sandbox.memory.oom_kills", sandbox, 1, 1)
	awaitValue(t, sink, "sandbox.memory.peak", sandbox, limit/2, limit)

	killed := daemon.RunLimited("killed", limit, "/bin/sh", "-c", `sleep 5; /bin/busybox dd if=/dev/zero bs=1G count=1 | sleep 3600`)
	awaitValue(t, sink, "sandbox.memory.usage", map[string]string{"sandbox.id": killed}, 1, limit)
	process.Eventually(t, collector.Timeout, func() error {
		series, err := sink.Find("sandbox.memory.usage", map[string]string{"sandbox.id": killed})
		if err == nil && !series.Last().End {
			err = fmt.Errorf("%v has not ended", series)
		}
		return err
	})
	awaitNext(t, sink, "sandbox.memory.usage", sandbox)
	if err := sink.CheckCounters(); err != nil {
		t.Error(err)
	}
}

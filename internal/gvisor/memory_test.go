package gvisor

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
)

// TestMemoryPerSandbox limits the memory of a sandbox before its first pull.
func TestMemoryPerSandbox(t *testing.T) {
	const sandboxes = 500
	fleet := newFleet(t, simfleet.Options{GVisor: sandboxes})
	watched := newRuntime(t, testConfig(fleet.RuntimeRoot()))
	known, err := watched.registrations.Get([]byte(someRegistration))
	require.NoError(t, err)
	before := heapSize()
	observer := watch(t, watched)
	observer.await("all sandboxes are added", func() bool { return len(observer.present) == sandboxes })
	used := int(heapSize()) - int(before)
	runtime.KeepAlive(known)
	runtime.KeepAlive(observer)
	// All sandboxes share one parsed registration, and a buffer for one state file.
	const shared = 400 << 10
	t.Logf("%d bytes for each of %d sandboxes", used/sandboxes, sandboxes)
	assert.Less(t, used, sandboxes*2560+shared)
}

// heapSize returns the size of all reachable objects on the heap.
func heapSize() uint64 {
	for range 3 {
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

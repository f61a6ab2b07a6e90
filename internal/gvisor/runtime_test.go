package gvisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestInfosAreShared(t *testing.T) {
	runtime := newRuntime(t, testConfig("/run/runsc"))
	one, other := record(), record()
	other.Metadata = one.Metadata
	first, second := runtime.newSandbox(one), runtime.newSandbox(other)
	assert.Same(t, first.info, second.info)
	for range 3 * maxInfos {
		runtime.infoOf(&discovery.Metadata{})
	}
	assert.LessOrEqual(t, len(runtime.infos), maxInfos)
}

func TestAppendRuntimeMetrics(t *testing.T) {
	runtime := newRuntime(t, testConfig("/run/runsc"))
	a := newAdmission(runtime, newRecorder(t))
	for i, change := range []func(*discovery.Sandbox){
		func(s *discovery.Sandbox) { s.Checkpointed = true },
		func(s *discovery.Sandbox) { s.Checkpointed, s.Restored = true, true },
		func(s *discovery.Sandbox) { s.Restored, s.Exited = true, true },
	} {
		s := record()
		s.ID = string(rune('a' + i))
		change(s)
		a.Added(s)
	}
	r := new(sandbox.Reading)
	runtime.AppendRuntimeMetrics(r, sandbox.Stats{Started: time.Unix(1795169978, 55547000), Seen: 7, Running: 5, Broken: 3})
	assert.Equal(t, []string{
		"process_start_time_seconds 1795169978.055547",
		"runsc_meta_metric_server_presence 1",
		"runsc_meta_num_sandboxes_broken_metrics 3",
		"runsc_meta_num_sandboxes_checkpointed 2",
		"runsc_meta_num_sandboxes_restored 1",
		"runsc_meta_num_sandboxes_running 5",
		"runsc_meta_num_sandboxes_total 7",
	}, exposition(nil, r))
}

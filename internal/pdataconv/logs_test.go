package pdataconv

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/filter"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func kataIdentity() *sandbox.Identity {
	return &sandbox.Identity{
		Runtime: sandbox.RuntimeKata, Root: "/run/vc/sbs", ID: "pod", Iteration: "7",
		Pod: sandbox.Pod{Name: "web-0", Namespace: "shop", UID: "u-1"},
	}
}

// allEvents returns an event with each name about a sandbox, with all attributes that it
// can have.
func allEvents(id *sandbox.Identity) []*lifecycle.Event {
	exit := &sandbox.Exit{
		Reason: sandbox.ExitOOM, Time: pulled, Known: 1<<6 - 1, Lifetime: 90 * time.Second,
		CPU: 1500 * time.Millisecond, Throttled: 250 * time.Millisecond, Memory: 4096, MemoryPeak: 1 << 20, OOMKills: 2,
		Restored: true, SampleAge: 3 * time.Second,
	}
	events := []*lifecycle.Event{
		{Name: lifecycle.Found, State: sandbox.Running},
		{Name: lifecycle.Started},
		{Name: lifecycle.Paused},
		{Name: lifecycle.Resumed, Dropped: 5},
		{Name: lifecycle.Unresponsive},
		{Name: lifecycle.Recovered, Duration: 20 * time.Second},
		{Name: lifecycle.VerificationFailed, Rule: "counter_decreased", Metric: "fs_opens"},
		{Name: lifecycle.Checkpointed},
		{Name: lifecycle.Restored},
		{Name: lifecycle.Skipped, State: sandbox.Skipped, SkipReason: "unsafe_hypervisor"},
		{Name: lifecycle.Exited, Exit: exit},
		{Name: lifecycle.Exited},
		{Name: lifecycle.Gone},
	}
	for _, e := range events {
		e.Identity = id
	}
	return append(events,
		&lifecycle.Event{Name: lifecycle.Skipped, Path: "/run/runsc/a_sandbox:a.state", SkipReason: "busy"},
		&lifecycle.Event{Name: lifecycle.EventsDropped, Dropped: 17})
}

// TestGoldenEvents compares the records of all events of both runtimes with the files in
// testdata. To rewrite them:
//
//	go test ./internal/pdataconv -run TestGoldenEvents -update
func TestGoldenEvents(t *testing.T) {
	for name, id := range map[string]*sandbox.Identity{"gvisor": identity(), "kata": kataIdentity()} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newConverter(sandbox.OTel).NewLogBatch()
				seen := map[lifecycle.Name]bool{}
				for _, e := range allEvents(id) {
					e.Time = time.Now().Add(-time.Second)
					if e.Name != lifecycle.EventsDropped {
						e.Runtime = id.Runtime
					}
					b.Append(e)
					seen[e.Name] = true
				}
				assert.Len(t, seen, len(lifecycle.Names))
				records := b.Records()
				logs := b.Take()
				assert.Equal(t, logs.LogRecordCount(), records)
				assert.Zero(t, b.Records())
				text, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
				require.NoError(t, err)
				compareGolden(t, "events-"+name+".json", text)
			})
		})
	}
}

// TestEventsHaveTheResourceOfMetrics compares the resources of both signals.
func TestEventsHaveTheResourceOfMetrics(t *testing.T) {
	for _, naming := range sandbox.Namings {
		converter := newConverter(naming)
		metrics := converter.NewBatch()
		metrics.Append(identity(), completeReading())
		logs := converter.NewLogBatch()
		logs.Append(&lifecycle.Event{Name: lifecycle.Found, Identity: identity()})
		want, got := metrics.Take().ResourceMetrics().At(0), logs.Take().ResourceLogs().At(0)
		assert.Equal(t, toText(t, want.Resource()), toText(t, got.Resource()), naming)
		assert.Equal(t, want.SchemaUrl(), got.SchemaUrl(), naming)
	}
}

// toText returns a resource as text, with its entities.
func toText(t *testing.T, resource pcommon.Resource) string {
	t.Helper()
	logs := plog.NewLogs()
	resource.CopyTo(logs.ResourceLogs().AppendEmpty().Resource())
	text, err := (&plog.JSONMarshaler{}).MarshalLogs(logs)
	require.NoError(t, err)
	return string(text)
}

// TestAdjacentEventsShareAResource checks that records of one sandbox are not mixed with
// those of another.
func TestAdjacentEventsShareAResource(t *testing.T) {
	b := newConverter(sandbox.OTel).NewLogBatch()
	first, second := identity(), kataIdentity()
	for _, id := range []*sandbox.Identity{first, first, second, first} {
		b.Append(&lifecycle.Event{Name: lifecycle.Paused, Identity: id})
	}
	b.Take()
	b.Append(&lifecycle.Event{Name: lifecycle.Paused, Identity: first})
	b.Append(&lifecycle.Event{Name: lifecycle.EventsDropped})
	logs := b.Take()
	require.Equal(t, 2, logs.ResourceLogs().Len())
	assert.NotZero(t, logs.ResourceLogs().At(0).Resource().Attributes().Len(), "the resource of the batch before is not reused")
	assert.Zero(t, logs.ResourceLogs().At(1).Resource().Attributes().Len())
}

func TestEventFiltersAreSeparate(t *testing.T) {
	config := metadata.DefaultResourceAttributesConfig()
	config.K8sNamespaceName.EventsExclude = []filter.Config{{Strict: "shop"}}
	config.SandboxRuntimeName.MetricsInclude = []filter.Config{{Strict: sandbox.RuntimeKata}}
	converter := New(Settings{Naming: sandbox.OTel, Attributes: config})
	other := identity()
	other.Pod.Namespace = "bank"
	assert.False(t, converter.KeepsEvents(identity()))
	assert.True(t, converter.KeepsEvents(other))
	assert.False(t, converter.Keeps(other))
	assert.True(t, converter.Keeps(kataIdentity()))
}

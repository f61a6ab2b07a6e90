package collect

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadatatest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// inNamespace returns a sandbox of a pod.
func inNamespace(id, namespace string) *fakeSandbox {
	s := newFake(id)
	s.identity.Root, s.identity.Pod.Namespace = "/run/runsc", namespace
	return s
}

// newSelecting returns a harness that collects only sandboxes of the namespace shop.
func newSelecting(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t, nil)
	h.settings.Selects = func(id *sandbox.Identity) bool { return id.Pod.Namespace == "shop" }
	return h
}

// expectExcluded compares the number of excluded paths.
func (h *harness) expectExcluded(t *testing.T, number int64) {
	t.Helper()
	synctest.Wait()
	metadatatest.AssertEqualReceiverSandboxSkippedPaths(t, h.self, []metricdata.DataPoint[int64]{
		{Value: number, Attributes: attributes(attribute.String("reason", "excluded"))},
	}, metricdatatest.IgnoreTimestamp())
}

func TestExcludedSandboxesAreNotContacted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSelecting(t)
		stop := h.start(t)
		collected, first, second := inNamespace("a", "shop"), inNamespace("b", "other"), inNamespace("c", "")
		for _, s := range []*fakeSandbox{collected, first, second} {
			h.runtime.add(s)
		}
		time.Sleep(2 * testInterval)
		synctest.Wait()
		h.expectExcluded(t, 2)
		assert.NotEmpty(t, collected.pulled())
		assert.NotEmpty(t, h.sink.of("a", "sandbox.state"))
		assert.Zero(t, collected.closed.Load())
		for _, s := range []*fakeSandbox{first, second} {
			assert.Empty(t, s.pulled())
			assert.EqualValues(t, 1, s.closed.Load())
			assert.Empty(t, h.sink.of(s.identity.ID, "sandbox.state"))
		}
		entry := h.logs.FilterMessage("Path is skipped").All()[0].ContextMap()
		assert.Equal(t, "/run/runsc/b", entry["path"])
		assert.Equal(t, "excluded", entry["reason"])

		h.runtime.remove(first)
		h.expectExcluded(t, 1)
		h.runtime.remove(second)
		h.expectExcluded(t, 0)
		h.runtime.remove(collected)
		stop()
		for _, s := range []*fakeSandbox{collected, first, second} {
			assert.EqualValues(t, 1, s.closed.Load())
		}
	})
}

// TestExcludedPathOfAnotherReason covers a runtime that also reports the path of a
// sandbox itself, and a sandbox that is replaced by one with the same ID.
func TestExcludedPathOfAnotherReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSelecting(t)
		o := newObserver(h.Collection, sandbox.RuntimeKata)
		const path = "/run/runsc/a"
		o.Skipped(path, "no_socket")
		before, after := inNamespace("a", "other"), inNamespace("a", "other")
		o.Added(before)
		assert.Equal(t, map[string]string{path: Excluded}, o.skipped)
		o.Skipped(path, "")
		assert.Equal(t, map[string]string{path: Excluded}, o.skipped)
		o.Added(after)
		o.Gone(before)
		assert.Equal(t, map[string]string{path: Excluded}, o.skipped)
		o.Skipped(path, "no_socket")
		o.Gone(after)
		assert.Equal(t, map[string]string{path: "no_socket"}, o.skipped)
		o.Skipped(path, "")
		assert.Empty(t, o.skipped)
		assert.Empty(t, o.excluded.paths)
		assert.Empty(t, o.excluded.counts)
	})
}

// A conflict can be the reason why a sandbox is excluded, so it is reported.
func TestPodConflictOfExcludedSandboxIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSelecting(t)
		stop := h.start(t)
		s := inNamespace("a", "")
		s.identity.PodConflict = true
		h.runtime.add(s)
		h.expectExcluded(t, 1)
		metadatatest.AssertEqualReceiverSandboxPodConflicts(t, h.self, []metricdata.DataPoint[int64]{
			{Value: 1, Attributes: attributes()},
		}, metricdatatest.IgnoreTimestamp())
		stop()
	})
}

// A sandbox whose identity panics is handled by the scheduler.
func TestSandboxWithoutIdentityIsNotExcluded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newSelecting(t)
		o := newObserver(h.Collection, sandbox.RuntimeKata)
		o.Added(panickingSandbox{})
		assert.Empty(t, o.skipped)
		added, _, _, _, _ := h.pending.take()
		assert.Len(t, added, 1)
	})
}

// panickingSandbox panics in every method.
type panickingSandbox struct{ sandbox.Sandbox }

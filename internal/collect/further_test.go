package collect

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var extra = &sandbox.Family{OTel: sandbox.Descriptor{Name: "fake.extra"}}

// TestFurtherResponses pulls sandboxes that have more to say after the first response:
// immediately, after a while, and after the group has stopped waiting. Each pull
// becomes one reading.
func TestFurtherResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		all := fleet(60, func(i int, s *fakeSandbox) {
			s.delay = []time.Duration{0, 100 * time.Millisecond}[i%2]
			s.further = i % 3
			s.furtherDelay = []time.Duration{0, 3 * time.Millisecond, time.Second}[i/2%3]
			s.addition = func(r *sandbox.Reading) {
				r.Add(extra, sandbox.Int(1))
				r.Usage = sandbox.Malformed
			}
		})
		h.add(all)
		time.Sleep(5*testInterval + testInterval/2)
		time.Sleep(testTimeout)
		requests, err := h.self.GetMetric("otelcol_receiver_sandbox_usage_requests")
		require.NoError(t, err)
		var counted, want int64
		for _, point := range requests.Data.(metricdata.Sum[int64]).DataPoints {
			outcome, _ := point.Attributes.Value("outcome")
			assert.Equal(t, "malformed", outcome.AsString())
			counted += point.Value
		}
		for _, s := range all {
			if s.further > 0 {
				want += int64(len(h.sink.of(s.identity.ID, "fake.extra")) / s.further)
			}
		}
		assert.Equal(t, want, counted)
		stop()
		inGroups := 0
		for _, s := range all {
			points := h.sink.of(s.identity.ID, "fake.opens")
			require.GreaterOrEqual(t, len(points), 5)
			// The stop may have canceled the last pull.
			extras := len(h.sink.of(s.identity.ID, "fake.extra"))
			assert.LessOrEqual(t, extras, s.further*s.sends)
			assert.GreaterOrEqual(t, extras, s.further*(s.sends-1))
			inGroups += s.sends
			assert.Zero(t, s.overlaps.Load())
			assert.Zero(t, s.inFlight.Load())
			for _, p := range h.sink.of(s.identity.ID, "sandbox.pull.duration")[1:] {
				assert.Less(t, p.value, (s.delay + 50*time.Millisecond).Seconds(),
					"the duration must be that of the first response")
			}
		}
		assert.Greater(t, inGroups, 3*len(all))
	})
}

// TestGroupWaitsAgainForFurtherResponses checks that a group waits once more for further
// responses, but not for sandboxes that are slower.
func TestGroupWaitsAgainForFurtherResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t, nil)
		stop := h.start(t)
		all := fleet(60, func(i int, s *fakeSandbox) {
			s.delay, s.further = []time.Duration{10 * time.Millisecond, 100 * time.Millisecond}[i%2], 1
			s.furtherDelay = []time.Duration{20 * time.Millisecond, 100 * time.Millisecond}[i/2%2]
			s.addition = func(r *sandbox.Reading) { r.Add(extra, sandbox.Int(1)) }
		})
		h.add(all)
		time.Sleep(3*testInterval + testInterval/2)
		time.Sleep(testTimeout)
		stop()
		inGroups := 0
		for _, s := range all {
			if s.sends == 0 {
				continue // no other sandbox has the same slot
			}
			inGroups++
			fast := s.delay < 100*time.Millisecond && s.furtherDelay < 100*time.Millisecond
			require.NotEmpty(t, h.sink.of(s.identity.ID, "fake.extra"))
			assert.Equal(t, fast, s.alone.Load() == 0, "%v, %v", s.delay, s.furtherDelay)
		}
		assert.Greater(t, inGroups, len(all)/2)
	})
}

package collect

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"
	"gopkg.in/yaml.v3"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadatatest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestEachSandboxIsPulledAtOnceAndThenAtItsPhase(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		all := fleet(100, nil)
		began := time.Now()
		for _, s := range all {
			b.runtime.add(s)
		}
		time.Sleep(5*testInterval + testInterval/2 + time.Second/8)
		stop()
		for _, s := range all {
			pulls := s.pulled()
			require.GreaterOrEqual(t, len(pulls), 5)
			assert.Less(t, pulls[0].Sub(began), time.Second, "first pull")
			phase := phaseOf(hashOf(s.Identity()), testInterval)
			for i, pull := range pulls[1:] {
				assert.Equal(t, pull, nextSlot(pull, phase, testInterval), "off its phase")
				if i > 0 {
					assert.Equal(t, testInterval, pull.Sub(pulls[i]))
				}
			}
			assert.GreaterOrEqual(t, pulls[1].Sub(pulls[0]), testInterval/2, "second pull too soon")
			assert.Len(t, b.pipeline.of(s.identity.ID, "fake.opens"), len(pulls))
			assert.Zero(t, s.overlaps.Load())
			assert.EqualValues(t, 1, s.closed.Load())
		}
	})
}

func TestInitialDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Collection) { c.settings.InitialDelay = 3 * time.Second })
		s := newFake("a")
		began := time.Now()
		stop := b.start(t)
		b.runtime.add(s)
		time.Sleep(4 * time.Second)
		stop()
		require.Len(t, s.pulled(), 1)
		assert.Equal(t, 3*time.Second, s.pulled()[0].Sub(began))
	})
}

func TestStallingSandboxesDoNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 60, 55 })
		stop := b.start(t)
		all := fleet(200, func(i int, s *fakeSandbox) {
			if i%4 == 0 {
				s.answer = stalling
			}
		})
		for _, s := range all {
			b.runtime.add(s)
		}
		const intervals = 5
		time.Sleep(intervals*testInterval + testInterval/2 + time.Second/8)
		stop()
		for i, s := range all {
			if i%4 == 0 {
				assert.Empty(t, b.pipeline.of(s.identity.ID, "fake.opens"))
				continue
			}
			points := b.pipeline.of(s.identity.ID, "fake.opens")
			require.GreaterOrEqual(t, len(points), intervals)
			phase := phaseOf(hashOf(s.Identity()), testInterval)
			for _, point := range points[1:] {
				late := point.stamp.Sub(nextSlot(point.stamp.Add(-time.Second), phase, testInterval))
				assert.Less(t, late.Abs(), time.Second)
			}
		}
	})
}

func TestUnprovenSandboxesLeaveRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 4, 2 })
		stop := b.start(t)
		good := newFake("good")
		b.runtime.add(good)
		time.Sleep(time.Second)
		for _, s := range fleet(20, func(_ int, s *fakeSandbox) { s.answer = stalling }) {
			b.runtime.add(s)
		}
		// 20 stalling ones, two at a time, need 50 s for their first round.
		time.Sleep(4 * testInterval)
		stop()
		assert.GreaterOrEqual(t, len(good.pulled()), 4)
	})
}

func TestFailingSandboxIsAskedLessOftenAndStaysDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		var heal atomic.Bool
		s := newFake("a")
		s.answer = func(ctx context.Context, r *sandbox.Reading) error {
			if heal.Load() {
				return honest(ctx, r)
			}
			return sandbox.Failf(sandbox.Unreachable, "nobody listens")
		}
		b.runtime.add(s)
		time.Sleep(60 * testInterval)
		failed := len(s.pulled())
		// 10, 10, 20, 40, 80, 160, then 300 s apart: about eight in 600 s.
		assert.InDelta(t, 8, failed, 2)
		assert.InDelta(t, 60, len(b.pipeline.of("a", "fake.present")), 2, "described in every interval")
		responsive := b.pipeline.of("a", "sandbox.responsive")
		assert.Zero(t, responsive[len(responsive)-1].value)
		failures := b.pipeline.of("a", "sandbox.pull.failures")
		// The last failure may not have been handed over yet.
		assert.InDelta(t, failed, failures[len(failures)-1].value, 1)
		assert.Equal(t, map[string]any{"error.type": "unreachable"}, failures[len(failures)-1].labels)
		assert.Equal(t, 1, b.logs.FilterMessageSnippet("yields no metrics").Len(), "logged once")

		heal.Store(true)
		time.Sleep(40 * testInterval)
		healed := s.pulled()
		last := len(healed) - 1
		assert.Equal(t, testInterval, healed[last].Sub(healed[last-1]), "back to every interval")
		responsive = b.pipeline.of("a", "sandbox.responsive")
		assert.EqualValues(t, 1, responsive[len(responsive)-1].value)
		assert.Equal(t, 1, b.logs.FilterMessageSnippet("answers again").Len())
		stop()
	})
}

func TestPaceIsKeptAndFailuresWeighMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Collection) { c.settings.Interval, c.settings.Timeout = 4*time.Second, time.Second })
		stop := b.start(t)
		paced, failing := newFake("paced"), newFake("failing")
		paced.pace, failing.pace = testInterval, testInterval
		failing.answer = stalling
		b.runtime.add(paced)
		b.runtime.add(failing)
		time.Sleep(2 * time.Minute)
		stop()
		pulls := paced.pulled()
		for i := range pulls[1:] {
			assert.GreaterOrEqual(t, pulls[i+1].Sub(pulls[i]), testInterval)
		}
		assert.GreaterOrEqual(t, len(pulls), 9)
		pulls = failing.pulled()
		require.GreaterOrEqual(t, len(pulls), 2)
		assert.GreaterOrEqual(t, pulls[1].Sub(pulls[0]), 50*time.Second)
	})
}

func TestEndOfASandbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		s := newFake("a")
		b.runtime.add(s)
		time.Sleep(testInterval)
		b.runtime.remove(s)
		b.runtime.remove(s)
		time.Sleep(testInterval)
		assert.EqualValues(t, 1, s.closed.Load())
		pulls := len(s.pulled())
		time.Sleep(3 * testInterval)
		assert.Len(t, s.pulled(), pulls, "pulled after its end")
		stop()
		for _, name := range []string{"fake.opens", "fake.present", "sandbox.state", "sandbox.responsive", "sandbox.pull.duration", "sandbox.last_success.age"} {
			points := b.pipeline.of("a", name)
			require.NotEmpty(t, points, name)
			ended := slices.IndexFunc(points, func(r record) bool { return r.ended })
			assert.Equal(t, len(points)-1, ended, "%s: exactly one end, and nothing after it", name)
		}
		assert.EqualValues(t, 1, s.closed.Load())
	})
}

func TestEndWhileAPullIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		s := newFake("a")
		s.answer = func(ctx context.Context, r *sandbox.Reading) error {
			time.Sleep(2 * time.Second)
			return honest(ctx, r)
		}
		b.runtime.add(s)
		time.Sleep(time.Second)
		b.runtime.remove(s)
		time.Sleep(time.Second / 2)
		assert.Zero(t, s.closed.Load(), "closed under a pull")
		time.Sleep(4 * time.Second)
		assert.EqualValues(t, 1, s.closed.Load())
		stop()
		points := b.pipeline.of("a", "fake.opens")
		require.Len(t, points, 2)
		assert.True(t, points[1].ended)
	})
}

func TestStoppedSandboxEndsItsSeriesAndStaysDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		s := newFake("a")
		b.runtime.add(s)
		time.Sleep(2 * testInterval)
		s.state.Store(sandbox.Stopped)
		pulls := len(s.pulled())
		time.Sleep(3 * testInterval)
		stop()
		assert.Len(t, s.pulled(), pulls)
		points := b.pipeline.of("a", "fake.opens")
		assert.True(t, points[len(points)-1].ended)
		states := b.pipeline.of("a", "sandbox.state")
		assert.Equal(t, map[string]any{"sandbox.state": "stopped"}, states[len(states)-1].labels)
		assert.False(t, states[len(states)-1].ended)
		ended := slices.IndexFunc(states, func(r record) bool { return r.ended })
		assert.Equal(t, map[string]any{"sandbox.state": "running"}, states[ended].labels)
		responsive := b.pipeline.of("a", "sandbox.responsive")
		assert.True(t, responsive[len(responsive)-1].ended)
	})
}

func TestNotPulledStates(t *testing.T) {
	for state, pulled := range map[sandbox.State]bool{
		sandbox.Running: true, sandbox.SkippedUnsafe: true, sandbox.Booting: false, sandbox.Stopped: false,
	} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, nil)
			stop := b.start(t)
			s := newFake("a")
			s.state.Store(state)
			b.runtime.add(s)
			time.Sleep(testInterval)
			stop()
			assert.Equal(t, pulled, len(s.pulled()) > 0, state)
			assert.NotEmpty(t, b.pipeline.of("a", "sandbox.state"), state)
		})
	}
}

func TestPartialReadingCountsAndFailedOneDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		partial, failed := newFake("partial"), newFake("failed")
		partial.answer = func(ctx context.Context, r *sandbox.Reading) error {
			_ = honest(ctx, r)
			return sandbox.Failf(sandbox.Partial, "stalled")
		}
		failed.answer = func(ctx context.Context, r *sandbox.Reading) error {
			_ = honest(ctx, r)
			return sandbox.Failf(sandbox.Rejected, "lied")
		}
		b.runtime.add(partial)
		b.runtime.add(failed)
		time.Sleep(testInterval / 2)
		stop()
		assert.Len(t, b.pipeline.of("partial", "fake.opens"), 1)
		assert.Empty(t, b.pipeline.of("failed", "fake.opens"))
		assert.Zero(t, b.pipeline.of("failed", "fake.present")[0].value, "described as not verified")
	})
}

func TestPanicCostsOnePull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		s, other := newFake("a"), newFake("b")
		s.answer = func(context.Context, *sandbox.Reading) error { panic("no such luck") }
		b.runtime.add(s)
		b.runtime.add(other)
		time.Sleep(2 * testInterval)
		stop()
		assert.NotEmpty(t, b.pipeline.of("b", "fake.opens"))
		failures := b.pipeline.of("a", "sandbox.pull.failures")
		assert.Equal(t, map[string]any{"error.type": "internal"}, failures[0].labels)
	})
}

func TestRefusedBatchIsPulledAfreshAndEndsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		refuse := b.pipeline.refuseWhile()
		refuse.Store(true)
		stop := b.start(t)
		s, ending := newFake("a"), newFake("ending")
		b.runtime.add(s)
		b.runtime.add(ending)
		time.Sleep(3 * time.Second)
		b.runtime.remove(ending)
		time.Sleep(3 * testInterval)
		pulls := s.pulled()
		require.GreaterOrEqual(t, len(pulls), 2, "not pulled again before the next interval")
		assert.Less(t, pulls[1].Sub(pulls[0]), testInterval/2)
		assert.LessOrEqual(t, len(pulls), 6, "more pulls while the pipeline goes on refusing")
		assert.Equal(t, []componentstatus.Status{componentstatus.StatusRecoverableError}, *b.statuses)
		refuse.Store(false)
		time.Sleep(testInterval)
		stop()
		ends := b.pipeline.of("ending", "fake.opens")
		require.Len(t, ends, 1)
		assert.True(t, ends[0].ended)
		assert.Contains(t, *b.statuses, componentstatus.StatusOK)
		assert.Equal(t, 1, b.logs.FilterMessageSnippet("refuses metrics").Len())
	})
}

func TestPermanentRefusalIsNotTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.pipeline.consume = func(context.Context, pmetric.Metrics) error {
			return consumererror.NewPermanent(errors.New("never"))
		}
		stop := b.start(t)
		s := newFake("a")
		b.runtime.add(s)
		time.Sleep(4 * testInterval)
		stop()
		pulls := s.pulled()
		for i := range pulls[1:] {
			assert.GreaterOrEqual(t, pulls[i+1].Sub(pulls[i]), testInterval/2)
		}
	})
}

func TestBlockedPipelineMakesPullsSkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Collection) { c.limits.inFlight, c.limits.unproven = 10, 8 })
		release := make(chan struct{})
		b.pipeline.consume = func(ctx context.Context, _ pmetric.Metrics) error {
			select {
			case <-release:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		stop := b.start(t)
		all := fleet(100, nil)
		for _, s := range all {
			b.runtime.add(s)
		}
		time.Sleep(10 * testInterval)
		total := 0
		for _, s := range all {
			total += len(s.pulled())
		}
		// Two workers block with what they had taken within a second, and no
		// more than ten pulls wait for them.
		assert.LessOrEqual(t, total, 2*len(all)+10)
		close(release)
		time.Sleep(3 * testInterval)
		skipped, err := b.tel.GetMetric("otelcol_receiver_sandbox_skipped_pulls")
		require.NoError(t, err)
		count := int64(0)
		for _, point := range skipped.Data.(metricdata.Sum[int64]).DataPoints {
			count += point.Value
		}
		assert.Greater(t, count, int64(500))
		before := len(all[0].pulled())
		time.Sleep(3 * testInterval)
		assert.Len(t, all[0].pulled(), before+3, "back on schedule")
		stop()
	})
}

func TestShutdownEndsBlockedHandOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.pipeline.consume = func(ctx context.Context, _ pmetric.Metrics) error {
			<-ctx.Done()
			return ctx.Err()
		}
		require.NoError(t, b.Start())
		for _, s := range fleet(50, func(i int, s *fakeSandbox) {
			if i%2 == 0 {
				s.answer = stalling
			}
		}) {
			b.runtime.add(s)
		}
		time.Sleep(3 * time.Second)
		began := time.Now()
		require.NoError(t, b.Shutdown(context.Background()))
		assert.LessOrEqual(t, time.Since(began), 2*time.Second)
		require.NoError(t, b.tel.Shutdown(context.Background()))
	})
}

func TestShutdownHandsOverWhatWasPulled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		b.runtime.add(newFake("a"))
		time.Sleep(defaultLimits.batchAge / 2)
		assert.Empty(t, b.pipeline.of("a", "fake.opens"), "handed over before the batch was old enough")
		stop()
		assert.Len(t, b.pipeline.of("a", "fake.opens"), 1)
	})
}

func TestShutdownWithoutStartAndTwice(t *testing.T) {
	b := newBench(t, nil)
	require.NoError(t, b.Shutdown(context.Background()))
	b = newBench(t, nil)
	require.NoError(t, b.Start())
	require.NoError(t, b.Shutdown(context.Background()))
	require.NoError(t, b.Shutdown(context.Background()))
}

func TestBatchesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Collection) { c.limits.batchPoints = 50 })
		stop := b.start(t)
		all := fleet(100, func(i int, s *fakeSandbox) {
			if i == 0 {
				s.answer = func(_ context.Context, r *sandbox.Reading) error {
					r.Time = time.Now()
					for range 200 {
						r.Add(opens, sandbox.Int(1))
					}
					return nil
				}
			}
		})
		for _, s := range all {
			b.runtime.add(s)
		}
		time.Sleep(3 * time.Second)
		stop()
		large := 0
		for _, points := range b.pipeline.batches {
			if points > 50 {
				large++
				assert.Less(t, points, 210, "more than the one large sandbox")
			}
		}
		assert.Equal(t, 1, large)
	})
}

func TestTally(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		all := fleet(10, func(i int, s *fakeSandbox) {
			if i < 3 {
				s.answer = func(context.Context, *sandbox.Reading) error { return sandbox.Failf(sandbox.Rejected, "lied") }
			}
			if i == 9 {
				s.state.Store(sandbox.Stopped)
			}
		})
		for _, s := range all {
			b.runtime.add(s)
		}
		time.Sleep(testInterval / 2)
		b.runtime.remove(all[5])
		time.Sleep(testInterval)
		stop()
		var last sandbox.Stats
		for range len(b.runtime.tallies) {
			last = <-b.runtime.tallies
		}
		assert.EqualValues(t, 10, last.Seen)
		assert.EqualValues(t, 8, last.Running)
		assert.EqualValues(t, 3, last.Broken)
		assert.Equal(t, last.Durations.Count, uint64(last.Pulls))
		assert.Positive(t, last.Failures)
		assert.Less(t, last.Failures, last.Pulls)
	})
}

func TestTelemetryIsLabeledWithTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		require.NoError(t, b.Start())
		s := newFake("a")
		s.answer = func(ctx context.Context, r *sandbox.Reading) error {
			r.Drop("forged", 4)
			return honest(ctx, r)
		}
		b.runtime.add(s)
		b.runtime.actions <- func(o sandbox.Observer) { o.Passed(sandbox.RuntimeGVisor, map[string]int{"foreign": 3}) }
		time.Sleep(testInterval / 3)
		set := func(more ...attribute.KeyValue) attribute.Set {
			return attribute.NewSet(append(more, attribute.String("receiver", "sandbox/test"), attribute.String("runtime", "gvisor"))...)
		}
		ignore := []metricdatatest.Option{metricdatatest.IgnoreTimestamp()}
		metadatatest.AssertEqualReceiverSandboxPulls(t, b.tel, []metricdata.DataPoint[int64]{
			{Value: 1, Attributes: set(attribute.String("outcome", "ok"))},
		}, ignore...)
		metadatatest.AssertEqualReceiverSandboxDroppedPoints(t, b.tel, []metricdata.DataPoint[int64]{
			{Value: 4, Attributes: set(attribute.String("reason", "forged"))},
		}, ignore...)
		metadatatest.AssertEqualReceiverSandboxSkippedPaths(t, b.tel, []metricdata.DataPoint[int64]{
			{Value: 3, Attributes: set(attribute.String("reason", "foreign"))},
		}, ignore...)
		metadatatest.AssertEqualReceiverSandboxSandboxes(t, b.tel, []metricdata.DataPoint[int64]{
			{Value: 1, Attributes: set(attribute.String("sandbox.state", "running"))},
		}, ignore...)
		require.NoError(t, b.Shutdown(context.Background()))
		require.NoError(t, b.tel.Shutdown(context.Background()))
	})
}

// TestFixedFamiliesMatchMetadata holds the hand-made families to the file that
// the documentation is made from.
func TestFixedFamiliesMatchMetadata(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "metadata.yaml"))
	require.NoError(t, err)
	var file struct {
		Metrics map[string]struct {
			Description string
			Unit        string
			Attributes  []string
			Sum         *struct{ Monotonic bool }
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &file))
	all := newFixedFamilies(metadata.DefaultMetricsConfig())
	families := []*sandbox.Family{all.state, all.responsive, all.duration, all.age, all.failures}
	assert.Len(t, file.Metrics, len(families))
	for _, family := range families {
		form := family.OTel
		want, found := file.Metrics[form.Name]
		require.True(t, found, form.Name)
		assert.Equal(t, want.Description, form.Description)
		assert.Equal(t, want.Unit, form.Unit)
		assert.Subset(t, want.Attributes, form.LabelKeys)
		kind := sandbox.Gauge
		if want.Sum != nil {
			kind = sandbox.UpDownCounter
			if want.Sum.Monotonic {
				kind = sandbox.Counter
			}
		}
		assert.Equal(t, kind, form.Kind, form.Name)
		assert.Empty(t, family.Prometheus.Name)
	}
}

func TestFixedMetricsCanBeTurnedOff(t *testing.T) {
	all := newFixedFamilies(metadata.MetricsConfig{})
	var r sandbox.Reading
	all.append(&r, sandbox.Running, &health{outcome: sandbox.OK, failed: map[sandbox.Outcome]int64{sandbox.Timeout: 1}})
	assert.Empty(t, r.Points)
}

func TestPullsHaveTheirTimeHoweverShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const timeout = 20 * time.Millisecond
		b := newBench(t, func(c *Collection) { c.settings.Interval, c.settings.Timeout = 100*time.Millisecond, timeout })
		stop := b.start(t)
		var short atomic.Int32
		for _, s := range fleet(5, func(_ int, s *fakeSandbox) {
			s.answer = func(ctx context.Context, r *sandbox.Reading) error {
				deadline, _ := ctx.Deadline()
				if time.Until(deadline) < timeout*9/10 || time.Until(deadline) > timeout {
					short.Add(1)
				}
				return honest(ctx, r)
			}
		}) {
			b.runtime.add(s)
		}
		time.Sleep(5 * time.Second)
		stop()
		assert.Zero(t, short.Load())
	})
}

// TestReadingsWithoutPointsAreForgotten: in a naming that has none of a
// sandbox's families, nothing would ever make the batch full or old.
func TestReadingsWithoutPointsAreForgotten(t *testing.T) {
	b := newBench(t, func(c *Collection) {
		c.settings.Converter = pdataconv.New(pdataconv.Settings{Naming: pdataconv.Prometheus})
	})
	w := newWorker(b.Collection, 0)
	only := &sandbox.Family{OTel: sandbox.Descriptor{Name: "only.otel"}}
	for _, family := range []*sandbox.Family{only, opens} {
		for _, end := range []bool{false, true} {
			r := newReading()
			r.Add(family, sandbox.Int(1))
			w.append(t.Context(), delivery{member: &member{}, identity: &sandbox.Identity{}, reading: r, end: end})
		}
		if family == only {
			assert.Empty(t, w.members)
			assert.Empty(t, w.ends)
		}
	}
	assert.Len(t, w.members, 1)
	assert.Len(t, w.ends, 1)
	require.NoError(t, b.tel.Shutdown(context.Background()))
}

func TestEndsAreGivenUpAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		refuse := b.pipeline.refuseWhile()
		stop := b.start(t)
		s := newFake("a")
		b.runtime.add(s)
		time.Sleep(3 * time.Second)
		refuse.Store(true)
		b.runtime.remove(s)
		time.Sleep(keptEndAge + time.Minute)
		dropped, err := b.tel.GetMetric("otelcol_receiver_sandbox_dropped_points")
		require.NoError(t, err)
		assert.Len(t, dropped.Data.(metricdata.Sum[int64]).DataPoints, 1)
		refuse.Store(false)
		time.Sleep(testInterval)
		stop()
		for _, point := range b.pipeline.of("a", "fake.opens") {
			assert.False(t, point.ended)
		}
	})
}

func TestBootedSandboxIsPulledSoonAndItsOldStateEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		s := newFake("a")
		s.state.Store(sandbox.Booting)
		b.runtime.add(s)
		time.Sleep(testInterval + testInterval/4)
		described := len(b.pipeline.of("a", "fake.present"))
		assert.LessOrEqual(t, described, 2, "looking is not describing")
		booted := time.Now()
		s.state.Store(sandbox.Running)
		time.Sleep(testInterval / 2)
		stop()
		require.NotEmpty(t, s.pulled())
		assert.LessOrEqual(t, s.pulled()[0].Sub(booted), bootingLook)
		var ended []string
		for _, point := range b.pipeline.of("a", "sandbox.state") {
			if point.ended {
				ended = append(ended, point.labels["sandbox.state"].(string))
			}
		}
		assert.Equal(t, []string{"booting"}, ended)
	})
}

func TestAgeOfTheLastSuccessIsNeverNegative(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		s := newFake("a")
		s.answer = func(ctx context.Context, r *sandbox.Reading) error {
			err := honest(ctx, r)
			time.Sleep(3 * time.Second)
			return err
		}
		b.runtime.add(s)
		time.Sleep(2 * testInterval)
		stop()
		ages := b.pipeline.of("a", "sandbox.last_success.age")
		require.NotEmpty(t, ages)
		for _, age := range ages {
			assert.GreaterOrEqual(t, age.value, 0.0)
		}
	})
}

func TestLogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		s := newFake("a")
		calls := 0
		s.answer = func(ctx context.Context, r *sandbox.Reading) error {
			if calls++; calls%2 == 0 {
				return honest(ctx, r)
			}
			return sandbox.Failf(sandbox.Rejected, "%s", strings.Repeat("long", 10_000))
		}
		b.runtime.add(s)
		time.Sleep(4 * time.Minute)
		stop()
		assert.Greater(t, calls, 20)
		assert.Equal(t, 2, b.logs.Len(), "one complaint and its end")
		for _, entry := range b.logs.All() {
			for _, value := range entry.ContextMap() {
				if text, isText := value.(string); isText {
					assert.Less(t, len(text), 600)
				}
			}
		}
	})
}

func TestSummaryCountsSinceTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		stop := b.start(t)
		time.Sleep(testInterval)
		stop()
		counts := b.pipeline.of("", "fake.count")
		require.NotEmpty(t, counts)
		assert.True(t, counts[0].hasStart)
	})
}

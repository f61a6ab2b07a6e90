package emit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	logobserver "go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// fakeLogs is a logs pipeline that accepts records, refuses them, or blocks.
type fakeLogs struct {
	err atomic.Pointer[error]
	// block makes it block until the context of a call ends, and hang until it is closed.
	block bool
	hang  chan struct{}

	mu    sync.Mutex
	sizes []int
	names []string
}

func (p *fakeLogs) refuse(err error) { p.err.Store(&err) }

func (p *fakeLogs) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *fakeLogs) ConsumeLogs(ctx context.Context, logs plog.Logs) error {
	switch {
	case p.block:
		<-ctx.Done()
		return ctx.Err()
	case p.hang != nil:
		<-p.hang
	}
	if err := p.err.Load(); err != nil && *err != nil {
		return *err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sizes = append(p.sizes, logs.LogRecordCount())
	for _, resource := range logs.ResourceLogs().All() {
		for _, record := range resource.ScopeLogs().At(0).LogRecords().All() {
			p.names = append(p.names, record.EventName())
		}
	}
	return nil
}

func (p *fakeLogs) accepted() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.sizes)
}

// logsHarness is a sink for events with a fake pipeline.
type logsHarness struct {
	*Logs
	next      *fakeLogs
	logs      *logobserver.ObservedLogs
	telemetry *componenttest.Telemetry

	mu         sync.Mutex
	dropped    map[string]int
	unreported int
	errors     []error
}

func newLogsHarness(t *testing.T, change func(*LogSettings)) *logsHarness {
	t.Helper()
	core, logs := logobserver.New(zap.DebugLevel)
	h := &logsHarness{next: &fakeLogs{}, logs: logs, telemetry: componenttest.NewTelemetry(), dropped: map[string]int{}}
	settings := receivertest.NewNopSettings(metadata.Type)
	settings.TelemetrySettings = h.telemetry.NewTelemetrySettings()
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: settings.ID, Transport: "unix", ReceiverCreateSettings: settings,
	})
	require.NoError(t, err)
	all := LogSettings{
		Converter: pdataconv.New(pdataconv.Settings{Naming: sandbox.OTel, Attributes: metadata.DefaultResourceAttributesConfig()}),
		Next:      h.next, Obsreport: obsreport, Logger: zap.New(core),
		OnDrop: func(reason string, events, unreported int) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.dropped[reason] += events
			h.unreported += unreported
		},
		ReportError: func(err error) { h.errors = append(h.errors, err) },
	}
	if change != nil {
		change(&all)
	}
	h.Logs = NewLogs(all)
	return h
}

func (h *logsHarness) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, h.Shutdown(context.Background()))
	require.NoError(t, h.telemetry.Shutdown(context.Background()))
}

// record records a number of events.
func (h *logsHarness) record(count int) {
	id := &sandbox.Identity{Runtime: sandbox.RuntimeGVisor, ID: "a"}
	for range count {
		h.Record(&lifecycle.Event{Name: lifecycle.Exited, Identity: id, Time: time.Now()})
	}
}

func TestEventsBecomeBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLogsHarness(t, func(s *LogSettings) {
			s.Enabled = func(name lifecycle.Name) bool { return name != lifecycle.Found }
		})
		h.Start()
		h.record(2)
		h.Record(&lifecycle.Event{Name: lifecycle.Found})
		time.Sleep(logBatchAge - 1)
		assert.Empty(t, h.next.accepted())
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		assert.Equal(t, []int{2}, h.next.accepted())
		h.record(maxBatchRecords + 1)
		synctest.Wait()
		assert.Equal(t, []int{2, maxBatchRecords}, h.next.accepted())
		h.stop(t)
		assert.Equal(t, []int{2, maxBatchRecords, 1}, h.next.accepted(), "what is left is sent")
		h.record(1)
		assert.Len(t, h.next.accepted(), 3, "nothing is accepted after the shutdown")
		assert.Empty(t, h.dropped)
	})
}

func TestBlockedLogsPipelineDelaysNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLogsHarness(t, nil)
		h.next.block = true
		h.Start()
		h.record(1)
		time.Sleep(logBatchAge)
		synctest.Wait()
		began := time.Now()
		h.record(2 * maxQueuedEvents)
		assert.Zero(t, time.Since(began))
		assert.Equal(t, map[string]int{lifecycle.QueueFull: maxQueuedEvents}, h.dropped)
		h.Record(&lifecycle.Event{Name: lifecycle.EventsDropped, Dropped: 7})
		assert.Equal(t, maxQueuedEvents+7, h.unreported, "of a lost report, what it reports is unreported")
		h.stop(t)
		assert.Equal(t, defaultLimits.drain, time.Since(began), "calls that block are canceled")
		assert.Equal(t, maxQueuedEvents+1, h.dropped[lifecycle.Refused])
		assert.Empty(t, h.errors, "shutdown is not an error of the pipeline")
	})
}

func TestRefusedRecordsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLogsHarness(t, nil)
		h.Start()
		h.next.refuse(errors.New("queue is full"))
		h.record(3)
		time.Sleep(time.Second)
		h.Record(&lifecycle.Event{Name: lifecycle.EventsDropped, Dropped: 3})
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, map[string]int{lifecycle.Refused: 4}, h.dropped)
		assert.Equal(t, 6, h.unreported)
		require.Len(t, h.errors, 1, "reported once")
		require.EqualError(t, h.errors[0], "queue is full")
		h.next.refuse(nil)
		h.record(1)
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, []int{1}, h.next.accepted())
		require.Len(t, h.errors, 2)
		require.NoError(t, h.errors[1])
		assert.Equal(t, 1, h.logs.FilterMessage("The pipeline refuses log records; they are lost until it accepts log records again").Len())
		assert.Equal(t, 1, h.logs.FilterMessage("The pipeline accepts log records again").Len())
		for name, want := range map[string]int64{"accepted": 1, "refused": 4} {
			metric, err := h.telemetry.GetMetric("otelcol_receiver_" + name + "_log_records")
			require.NoError(t, err)
			assert.Equal(t, want, metric.Data.(metricdata.Sum[int64]).DataPoints[0].Value, name)
		}
		h.stop(t)
	})
}

func TestLogsPipelineThatHangsDoesNotDelayShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newLogsHarness(t, nil)
		h.next.hang = make(chan struct{})
		h.Start()
		h.record(2 * maxBatchRecords)
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		err := h.Shutdown(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "send remaining log records: the pipeline does not return")
		assert.Equal(t, 3*time.Second, time.Since(began))
		h.record(1) // must neither block nor panic
		close(h.next.hang)
		synctest.Wait()
		assert.Len(t, h.next.accepted(), 1, "the pipeline has stopped and must not be called anymore")
		require.NoError(t, h.telemetry.Shutdown(context.Background()))
	})
}

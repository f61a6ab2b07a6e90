package emit

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	logobserver "go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	opens = &sandbox.Family{
		OTel:       sandbox.Descriptor{Name: "fake.opens", Kind: sandbox.Counter},
		Prometheus: sandbox.Descriptor{Name: "fake_opens", Kind: sandbox.Counter},
	}
	// onlyOTel has no name in the naming "prometheus".
	onlyOTel = &sandbox.Family{OTel: sandbox.Descriptor{Name: "only.otel"}}
)

// harness is a sink with a fake pipeline.
type harness struct {
	*Metrics
	next      *fakePipeline
	logs      *logobserver.ObservedLogs
	telemetry *componenttest.Telemetry

	mu     sync.Mutex
	errors []error
}

// reported returns the errors that were reported.
func (h *harness) reported() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.errors)
}

// newHarness returns a sink with the default limits, which change may modify.
func newHarness(t *testing.T, naming sandbox.Naming, change func(*limits)) *harness {
	t.Helper()
	core, logs := logobserver.New(zap.DebugLevel)
	h := &harness{next: &fakePipeline{}, logs: logs, telemetry: componenttest.NewTelemetry()}
	settings := receivertest.NewNopSettings(metadata.Type)
	settings.TelemetrySettings = h.telemetry.NewTelemetrySettings()
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: settings.ID, Transport: "unix", ReceiverCreateSettings: settings,
	})
	require.NoError(t, err)
	self, err := telemetry.New(settings.TelemetrySettings, component.MustNewID("sandbox"), nil)
	require.NoError(t, err)
	limits := defaultLimits
	if change != nil {
		change(&limits)
	}
	h.Metrics = newMetrics(Settings{
		Converter: pdataconv.New(pdataconv.Settings{Naming: naming, Attributes: metadata.DefaultResourceAttributesConfig()}),
		Next:      h.next, Obsreport: obsreport, Telemetry: self, Logger: zap.New(core),
		ReportError: func(err error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.errors = append(h.errors, err)
		},
	}, limits)
	return h
}

// start starts the sink. The returned function stops it.
func (h *harness) start(t *testing.T) (stop func()) {
	t.Helper()
	h.Start()
	return func() {
		require.NoError(t, h.Shutdown(context.Background()))
		require.NoError(t, h.telemetry.Shutdown(context.Background()))
	}
}

// newDelivery returns a delivery with the given number of points.
func newDelivery(points int, end bool, source sandbox.Source) sandbox.Delivery {
	r := sandbox.NewReading()
	r.Time = time.Now()
	for range points {
		r.Add(opens, sandbox.Int(7))
	}
	return sandbox.Delivery{Identity: &sandbox.Identity{Runtime: sandbox.RuntimeGVisor, ID: "a"}, Reading: r, End: end, Source: source}
}

// deliver passes deliveries to the first lane.
func (h *harness) deliver(t *testing.T, deliveries ...sandbox.Delivery) {
	t.Helper()
	h.Deliver(t.Context(), 0, deliveries)
}

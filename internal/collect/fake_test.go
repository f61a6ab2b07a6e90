package collect

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	logobserver "go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var opens = &sandbox.Family{
	OTel:       sandbox.Descriptor{Name: "fake.opens", Kind: sandbox.Counter},
	Prometheus: sandbox.Descriptor{Name: "fake_opens", Kind: sandbox.Counter},
}

var present = &sandbox.Family{
	OTel:       sandbox.Descriptor{Name: "fake.present"},
	Prometheus: sandbox.Descriptor{Name: "fake_present"},
}

// made hardly ever changes.
var made = &sandbox.Family{OTel: sandbox.Descriptor{Name: "fake.made", Constant: true}}

// fakeSandbox answers as its function says.
type fakeSandbox struct {
	identity sandbox.Identity
	pace     time.Duration
	answer   func(ctx context.Context, r *sandbox.Reading) error
	// asked without waiting, it answers after this time; negative: it cannot be.
	thinks time.Duration
	// stops: it stops in mid-answer for this time.
	stops time.Duration

	answersAt time.Time
	// waited counts pulls that told that they wait.
	waited   atomic.Int32
	state    atomic.Value // sandbox.State
	mu       sync.Mutex
	pulls    []time.Time
	inFlight atomic.Int32
	overlaps atomic.Int32
	closed   atomic.Int32
	series   bool
}

func newFake(id string) *fakeSandbox {
	s := &fakeSandbox{identity: sandbox.Identity{Runtime: sandbox.RuntimeGVisor, ID: id, Iteration: "1"}, answer: honest, thinks: -1}
	s.state.Store(sandbox.Running)
	return s
}

func honest(_ context.Context, r *sandbox.Reading) error {
	r.Time = time.Now()
	r.ResponseSize = 100
	r.Add(opens, sandbox.Int(7))
	return nil
}

func stalling(ctx context.Context, _ *sandbox.Reading) error {
	<-ctx.Done()
	return sandbox.Fail(sandbox.Timeout, ctx.Err())
}

func (s *fakeSandbox) Identity() *sandbox.Identity { return &s.identity }
func (s *fakeSandbox) State() sandbox.State        { return s.state.Load().(sandbox.State) }
func (s *fakeSandbox) Pace() time.Duration         { return s.pace }

func (s *fakeSandbox) Ask(context.Context) bool {
	if s.thinks < 0 || len(s.pulled()) == 0 {
		return false
	}
	s.begin()
	s.answersAt = time.Now().Add(s.thinks)
	return true
}

func (s *fakeSandbox) Answered() bool { return !time.Now().Before(s.answersAt) }

func (s *fakeSandbox) begin() {
	if s.inFlight.Add(1) > 1 {
		s.overlaps.Add(1)
	}
	s.mu.Lock()
	s.pulls = append(s.pulls, time.Now())
	s.mu.Unlock()
}

func (s *fakeSandbox) Pull(ctx context.Context, r *sandbox.Reading, waits func()) error {
	if s.answersAt.IsZero() {
		s.begin()
	}
	defer s.inFlight.Add(-1)
	if wait := time.Until(s.answersAt.Add(s.stops)); !s.answersAt.IsZero() && wait > 0 {
		if waits != nil {
			s.waited.Add(1)
			waits()
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	s.answersAt = time.Time{}
	err := s.answer(ctx, r)
	if err == nil {
		s.series = true
	}
	return err
}

func (s *fakeSandbox) Describe(r *sandbox.Reading, verified bool) {
	r.Add(present, sandbox.Bool(verified))
	r.Add(made, sandbox.Int(1))
}

func (s *fakeSandbox) Series(r *sandbox.Reading) {
	if s.series {
		r.Add(opens, sandbox.Int(0))
	}
	r.Add(present, sandbox.Int(0))
	r.Add(made, sandbox.Int(0))
	s.series = false
}

func (s *fakeSandbox) Close() error {
	s.closed.Add(1)
	return nil
}

func (s *fakeSandbox) pulled() []time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]time.Time(nil), s.pulls...)
}

// fakeRuntime does what its channel says.
type fakeRuntime struct {
	name    string
	actions chan func(sandbox.Observer)
	tallies chan sandbox.Stats
}

func newFakeRuntime() *fakeRuntime {
	return &fakeRuntime{
		name:    sandbox.RuntimeGVisor,
		actions: make(chan func(sandbox.Observer), 10_000),
		tallies: make(chan sandbox.Stats, 1000),
	}
}

func (r *fakeRuntime) Name() string { return r.name }

func (r *fakeRuntime) Watch(ctx context.Context, o sandbox.Observer) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case action := <-r.actions:
			action(o)
		}
	}
}

func (r *fakeRuntime) Summarize(reading *sandbox.Reading, tally sandbox.Stats) {
	select {
	case r.tallies <- tally:
	default:
	}
	reading.Add(&sandbox.Family{Origin: sandbox.Receiver, OTel: sandbox.Descriptor{Name: "fake.count", Kind: sandbox.Counter}}, sandbox.Int(tally.Seen))
}

func (r *fakeRuntime) add(s sandbox.Sandbox)    { r.actions <- func(o sandbox.Observer) { o.Added(s) } }
func (r *fakeRuntime) remove(s sandbox.Sandbox) { r.actions <- func(o sandbox.Observer) { o.Gone(s) } }

// pipeline keeps what it is given, or does what its function says.
type pipeline struct {
	consume func(context.Context, pmetric.Metrics) error

	mu      sync.Mutex
	records []record
	batches []int
}

// record is one point as it arrived.
type record struct {
	at       time.Time
	sandbox  string
	name     string
	value    float64
	ended    bool
	labels   map[string]any
	stamp    time.Time
	hasStart bool
}

// refuseWhile makes the pipeline refuse all data while the switch is on.
func (p *pipeline) refuseWhile() *atomic.Bool {
	refuse := new(atomic.Bool)
	p.consume = func(context.Context, pmetric.Metrics) error {
		if refuse.Load() {
			return errors.New("queue is full")
		}
		return nil
	}
	return refuse
}

func (p *pipeline) Capabilities() consumer.Capabilities { return consumer.Capabilities{} }

func (p *pipeline) ConsumeMetrics(ctx context.Context, metrics pmetric.Metrics) error {
	if p.consume != nil {
		if err := p.consume(ctx, metrics); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.batches = append(p.batches, metrics.DataPointCount())
	for _, resource := range metrics.ResourceMetrics().All() {
		id := ""
		if value, found := resource.Resource().Attributes().Get("sandbox.id"); found {
			id = value.Str()
		}
		for _, scope := range resource.ScopeMetrics().All() {
			for _, metric := range scope.Metrics().All() {
				var points pmetric.NumberDataPointSlice
				if metric.Type() == pmetric.MetricTypeSum {
					points = metric.Sum().DataPoints()
				} else {
					points = metric.Gauge().DataPoints()
				}
				for _, point := range points.All() {
					p.records = append(p.records, record{
						at: time.Now(), sandbox: id, name: metric.Name(), value: valueOf(point),
						ended: point.Flags().NoRecordedValue(), labels: point.Attributes().AsRaw(),
						stamp: point.Timestamp().AsTime(), hasStart: point.StartTimestamp() != 0,
					})
				}
			}
		}
	}
	return nil
}

func valueOf(point pmetric.NumberDataPoint) float64 {
	if point.ValueType() == pmetric.NumberDataPointValueTypeInt {
		return float64(point.IntValue())
	}
	return point.DoubleValue()
}

// of returns the points of one metric of one sandbox.
func (p *pipeline) of(id, name string) []record {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []record
	for _, r := range p.records {
		if r.sandbox == id && r.name == name {
			found = append(found, r)
		}
	}
	return found
}

// bench is a collection over one fake runtime and one fake pipeline.
type bench struct {
	*Collection
	runtime  *fakeRuntime
	pipeline *pipeline
	logs     *logobserver.ObservedLogs
	statuses *[]componentstatus.Status
	tel      *componenttest.Telemetry
}

const (
	testInterval = 10 * time.Second
	testTimeout  = 5 * time.Second
)

func newBench(t *testing.T, change func(*Collection)) *bench {
	t.Helper()
	core, logs := logobserver.New(zap.DebugLevel)
	tel := componenttest.NewTelemetry()
	set := receivertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	obsreport, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: "unix", ReceiverCreateSettings: set,
	})
	require.NoError(t, err)
	var statuses []componentstatus.Status
	b := &bench{runtime: newFakeRuntime(), pipeline: &pipeline{}, logs: logs, statuses: &statuses, tel: tel}
	attributes := metadata.DefaultResourceAttributesConfig()
	b.Collection, err = New(Settings{
		Receiver: component.MustNewIDWithName("sandbox", "test"),
		Interval: testInterval, Timeout: testTimeout,
		Runtimes:  []sandbox.Runtime{b.runtime},
		Converter: pdataconv.New(pdataconv.Settings{Naming: pdataconv.OTel, Attributes: attributes}),
		Metrics:   metadata.DefaultMetricsConfig(),
		Next:      b.pipeline, Logger: set.Logger, Telemetry: set.TelemetrySettings, Obsreport: obsreport,
		Report: func(e *componentstatus.Event) { statuses = append(statuses, e.Status()) },
	})
	require.NoError(t, err)
	if change != nil {
		change(b.Collection)
	}
	return b
}

// start starts the collection; stop stops it and waits.
func (b *bench) start(t *testing.T) (stop func()) {
	t.Helper()
	require.NoError(t, b.Start())
	return func() {
		require.NoError(t, b.Shutdown(context.Background()))
		require.NoError(t, b.tel.Shutdown(context.Background()))
	}
}

func fleet(count int, change func(int, *fakeSandbox)) []*fakeSandbox {
	all := make([]*fakeSandbox, count)
	for i := range all {
		all[i] = newFake(fmt.Sprintf("s%03d", i))
		if change != nil {
			change(i, all[i])
		}
	}
	return all
}

package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// receiveTask is the task of the child that measures the receiver.
type receiveTask struct {
	RuntimeRoot  string
	StoragePaths []string
	// GVisor and Kata are the numbers of sandboxes that must deliver.
	GVisor, Kata int
	Interval     time.Duration
	// Cycles is the number of measured intervals after the first cycle, or of groups
	// of intervals.
	Cycles int
	Naming string
	receiverSettings
	// Profile is the path for profiles of the measured cycles, without an
	// extension. If it is empty, no profiles are written.
	Profile string
	// Timeout limits the duration of the first cycle.
	Timeout time.Duration
}

// receiveResult is the result of a receiveTask.
type receiveResult struct {
	// First is the time from the end of the initial delay until every sandbox
	// had delivered.
	First time.Duration
	// Missing is the number of sandboxes that had not delivered by the timeout.
	Missing int
	// CPU is the median CPU time of a cycle.
	CPU time.Duration
	// Pulls is the number of successful pulls per cycle, Points the number of
	// points that they returned.
	Pulls, Points float64
	// Allocations is the number of allocations per point. PDataAllocations is
	// the part of them that pdata requires: the number that a copy of the data
	// needs.
	Allocations, PDataAllocations float64
	// PeakMemory is the peak memory of the process, Heap the size of its heap.
	PeakMemory int64
	Heap       uint64
	// Stop is the duration of the shutdown.
	Stop time.Duration
	// Goroutines and Descriptors are the numbers that the receiver left behind.
	Goroutines, Descriptors int
	// Series and UsageSeries are the largest numbers of series of a sandbox, of all
	// metrics and of those of usage. Emitted is the number of points of all sandboxes
	// per interval. They are only counted for tasks with a UsageInterval.
	Series, UsageSeries int
	Emitted             float64
}

// receiverSettings are those that differ between the measurements of a load.
type receiverSettings struct {
	// Preset is a preset, the default if it is empty, and ZeroFill the option
	// gvisor::zero_fill, that of the preset if it is empty.
	Preset, ZeroFill string
	// Usage switches usage on, with readings every UsageInterval from the cgroups in
	// CgroupRoot. The measured cycles are grouped by UsageInterval, if there is one,
	// so that each group contains one reading of each sandbox.
	Usage         bool
	UsageInterval time.Duration
	CgroupRoot    string
}

// apply changes a configuration.
func (s *receiverSettings) apply(config *sandboxreceiver.Config) {
	config.GVisor.ZeroFill = cmp.Or(registration.ZeroFill(s.ZeroFill), config.GVisor.ZeroFill)
	config.Usage.Enabled = s.Usage
	config.Usage.Interval = cmp.Or(s.UsageInterval, config.Usage.Interval)
	config.Usage.CgroupRoot = cmp.Or(s.CgroupRoot, config.Usage.CgroupRoot)
}

// group returns the duration of the intervals that are measured together, and
// their number.
func (t *receiveTask) group() (duration time.Duration, intervals int) {
	intervals = max(1, int(t.UsageInterval/t.Interval))
	return time.Duration(intervals) * t.Interval, intervals
}

func receiveChild(task json.RawMessage, parent *parent) error {
	var t receiveTask
	if err := json.Unmarshal(task, &t); err != nil {
		return err
	}
	result, err := measureReceiver(t)
	if err != nil {
		return err
	}
	return parent.send(result)
}

// receiverConfig returns the configuration of a preset for the simulated sandboxes.
func receiverConfig(preset, root string, storage []string, interval time.Duration) (*sandboxreceiver.Config, error) {
	config := sandboxreceiver.NewFactory().CreateDefaultConfig().(*sandboxreceiver.Config)
	chosen := confmap.NewFromStringMap(map[string]any{"preset": cmp.Or(preset, string(sandbox.Default))})
	if err := chosen.Unmarshal(config); err != nil {
		return nil, err
	}
	config.CollectionInterval = interval
	config.Timeout = min(config.Timeout, interval/2)
	config.GVisor.Roots = []string{root}
	config.Kata.StoragePaths = storage
	return config, nil
}

// running is a running receiver whose internal telemetry is enabled, as it is
// in a Collector.
type running struct {
	receiver.Metrics
	telemetry *sdkmetric.ManualReader
}

func startReceiver(config *sandboxreceiver.Config, next consumer.Metrics) (*running, error) {
	r, err := newReceiver(config, next)
	if err != nil {
		return nil, err
	}
	return r, r.Start(context.Background(), componenttest.NewNopHost())
}

func newReceiver(config *sandboxreceiver.Config, next consumer.Metrics) (*running, error) {
	factory := sandboxreceiver.NewFactory()
	settings := receivertest.NewNopSettings(factory.Type())
	telemetry := sdkmetric.NewManualReader()
	settings.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(telemetry))
	settings.Logger = zap.NewNop()
	r, err := factory.CreateMetrics(context.Background(), settings, config, next)
	return &running{r, telemetry}, err
}

// pulls returns the number of successful pulls that the receiver reports.
func (r *running) pulls() (succeeded int64, err error) {
	var all metricdata.ResourceMetrics
	if err := r.telemetry.Collect(context.Background(), &all); err != nil {
		return 0, err
	}
	for _, scope := range all.ScopeMetrics {
		for _, metric := range scope.Metrics {
			counts, isSum := metric.Data.(metricdata.Sum[int64])
			if metric.Name != "otelcol_receiver_sandbox_pulls" || !isSum {
				continue
			}
			for _, point := range counts.DataPoints {
				if outcome, _ := point.Attributes.Value("outcome"); outcome.AsString() == string(sandbox.OK) {
					succeeded += point.Value
				}
			}
		}
	}
	return succeeded, nil
}

func measureReceiver(t receiveTask) (result receiveResult, failed error) {
	config, err := receiverConfig(t.Preset, t.RuntimeRoot, t.StoragePaths, t.Interval)
	if err != nil {
		return result, err
	}
	t.apply(config)
	config.GVisor.Enabled, config.Kata.Enabled = t.GVisor > 0, t.Kata > 0
	if t.Naming != "" {
		config.Naming = sandbox.Naming(t.Naming)
	}
	if err := confmap.Validate(config); err != nil {
		return result, err
	}
	goroutines := runtime.NumGoroutine()
	files, err := descriptors()
	if err != nil {
		return result, err
	}
	sink := newSink()
	started := time.Now()
	r, err := startReceiver(config, sink)
	if err != nil {
		return result, err
	}
	measured := measureCycles(&result, t, r, sink, started.Add(config.InitialDelay))
	stopping := time.Now()
	if err := errors.Join(measured, r.Shutdown(context.Background())); err != nil {
		return result, err
	}
	result.Stop = time.Since(stopping)
	left, err := descriptors()
	result.Descriptors = left - files
	result.Goroutines = settle(goroutines) - goroutines
	if result.Missing == 0 {
		result.PDataAllocations = copyAllocations(sink.sample)
	}
	return result, err
}

// settle waits up to a second for the number of goroutines to drop to the target,
// and returns the number.
func settle(target int) int {
	for range 100 {
		if runtime.NumGoroutine() <= target {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return runtime.NumGoroutine()
}

// measureCycles waits for the first cycle and measures those after it.
func measureCycles(result *receiveResult, t receiveTask, r *running, sink *sink, begin time.Time) error {
	last, complete := sink.awaitSandboxes(t.GVisor+t.Kata, time.Until(begin)+t.Timeout)
	result.First = last.Sub(begin)
	if !complete {
		result.Missing = t.GVisor + t.Kata - sink.sandboxes()
		return nil
	}
	// The first cycle is not spread over the interval, so it is not measured.
	time.Sleep(t.Interval)
	stop, err := startProfile(t.Profile)
	if err != nil {
		return err
	}
	sink.use(discardAll)
	before, err := r.readCounters()
	if err != nil {
		return err
	}
	duration, intervals := t.group()
	groups, err := cpuOf(t.Cycles, func() error {
		time.Sleep(duration)
		return nil
	})
	if err != nil {
		return err
	}
	after, err := r.readCounters()
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	result.CPU = median(groups) / time.Duration(intervals)
	result.Pulls = float64(after.pulls-before.pulls) / float64(t.Cycles*intervals)
	result.Heap = liveHeap()
	if result.PeakMemory, err = peakMemory("self"); err != nil {
		return err
	}
	if !sink.keepSample(2 * t.Interval) {
		return errors.New("no data was delivered after the measured cycles")
	}
	// Counting all points would distort the result, so a sample is counted.
	result.Points = result.Pulls * float64(sink.sample.DataPointCount()) / float64(max(1, len(deliveredBy(sink.sample))))
	result.Allocations = float64(after.objects-before.objects) / float64(t.Cycles*intervals) / result.Points
	if t.UsageInterval > 0 {
		result.countSeries(sink.count(duration), intervals)
	}
	return nil
}

// copyAllocations returns the number of allocations per point that a copy of the
// data needs. No other goroutine may allocate in the meantime.
func copyAllocations(data pmetric.Metrics) float64 {
	const copies = 5
	before := allocated()
	for range copies {
		data.CopyTo(pmetric.NewMetrics())
	}
	return float64(allocated()-before) / copies / float64(data.DataPointCount())
}

// counters are the numbers of allocated objects and successful pulls so far.
type counters struct {
	objects uint64
	pulls   int64
}

func (r *running) readCounters() (now counters, err error) {
	if now.pulls, err = r.pulls(); err != nil {
		return now, err
	}
	now.objects = allocated()
	return now, nil
}

// startProfile starts a CPU profile and returns a function that stops it and
// also writes a profile of all allocations.
func startProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	cpu, err := os.Create(path + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, errors.Join(err, cpu.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		allocations, err := os.Create(path + ".allocs.pprof")
		if err != nil {
			return errors.Join(err, cpu.Close())
		}
		return errors.Join(cpu.Close(), pprof.Lookup("allocs").WriteTo(allocations, 0), allocations.Close())
	}, nil
}

package main

import (
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
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// receiveTask is the task of the child that measures the receiver.
type receiveTask struct {
	RuntimeRoot  string
	StoragePaths []string
	// GVisor and Kata are how many sandboxes have to deliver.
	GVisor, Kata int
	Interval     time.Duration
	// Cycles is how many intervals are measured after the first cycle.
	Cycles int
	Naming string
	// Profile is where to write profiles of the measured cycles, without the
	// ending, if at all.
	Profile string
	// Patience is how long the first cycle may take.
	Patience time.Duration
}

// receiveResult is its answer.
type receiveResult struct {
	// First is the time from the end of the initial delay until every sandbox
	// had delivered.
	First time.Duration
	// Missing is how many had not, when patience ended.
	Missing int
	// CPU is that of one cycle, the median of all.
	CPU time.Duration
	// Pulls is how many pulls succeeded in one cycle, Points how many points
	// they yielded.
	Pulls, Points float64
	// Allocations are those of one point, PDataAllocations those among them
	// that pdata cannot do without: as many as a copy of the data needs.
	Allocations, PDataAllocations float64
	// PeakMemory is the process's, Heap what was in use on the heap.
	PeakMemory int64
	Heap       uint64
	// Stop is how long it took to stop.
	Stop time.Duration
	// Goroutines and Descriptors are how many were left afterwards beyond
	// those there were before.
	Goroutines, Descriptors int
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
	return parent.tell(result)
}

// receiverConfig is the receiver's default, over the simulated sandboxes.
func receiverConfig(root string, storage []string, interval time.Duration) *sandboxreceiver.Config {
	config := sandboxreceiver.NewFactory().CreateDefaultConfig().(*sandboxreceiver.Config)
	config.CollectionInterval = interval
	config.Timeout = min(config.Timeout, interval/2)
	config.GVisor.Roots = []string{root}
	config.Kata.StoragePaths = storage
	return config
}

// running is a receiver that runs, with telemetry that counts, as a
// collector's does.
type running struct {
	receiver.Metrics
	telemetry *sdkmetric.ManualReader
}

func startReceiver(config *sandboxreceiver.Config, next consumer.Metrics) (*running, error) {
	factory := sandboxreceiver.NewFactory()
	settings := receivertest.NewNopSettings(factory.Type())
	telemetry := sdkmetric.NewManualReader()
	settings.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(telemetry))
	settings.Logger = zap.NewNop()
	r, err := factory.CreateMetrics(context.Background(), settings, config, next)
	if err != nil {
		return nil, err
	}
	return &running{r, telemetry}, r.Start(context.Background(), componenttest.NewNopHost())
}

// pulls is how many pulls have succeeded so far, as the receiver tells.
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
	config := receiverConfig(t.RuntimeRoot, t.StoragePaths, t.Interval)
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

// settle waits a moment for the number of goroutines to fall to the one given,
// and returns what it is.
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
	last, complete := sink.awaitSandboxes(t.GVisor+t.Kata, time.Until(begin)+t.Patience)
	result.First = last.Sub(begin)
	if !complete {
		result.Missing = t.GVisor + t.Kata - sink.sandboxes()
		return nil
	}
	// The first cycle comes at once; those after it have their own pace.
	time.Sleep(t.Interval)
	stop, err := startProfile(t.Profile)
	if err != nil {
		return err
	}
	sink.use(forget)
	before, err := r.take()
	if err != nil {
		return err
	}
	cycles, err := cpuOf(t.Cycles, func() error {
		time.Sleep(t.Interval)
		return nil
	})
	if err != nil {
		return err
	}
	after, err := r.take()
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	result.CPU = median(cycles)
	result.Pulls = float64(after.pulls-before.pulls) / float64(t.Cycles)
	result.Heap = liveHeap()
	if result.PeakMemory, err = peakMemory("self"); err != nil {
		return err
	}
	if !sink.keepSample(2 * t.Interval) {
		return errors.New("nothing came after the measured cycles")
	}
	// Counting points takes time, so only those of a sample are counted.
	result.Points = result.Pulls * float64(sink.sample.DataPointCount()) / float64(max(1, len(deliveredBy(sink.sample))))
	result.Allocations = float64(after.objects-before.objects) / float64(t.Cycles) / result.Points
	return nil
}

// copyAllocations is how many objects a copy of the data needs per point.
// Nobody else may allocate meanwhile.
func copyAllocations(data pmetric.Metrics) float64 {
	const copies = 5
	before := allocated()
	for range copies {
		data.CopyTo(pmetric.NewMetrics())
	}
	return float64(allocated()-before) / copies / float64(data.DataPointCount())
}

// reading is what a running receiver has allocated and done so far.
type reading struct {
	objects uint64
	pulls   int64
}

func (r *running) take() (now reading, err error) {
	if now.pulls, err = r.pulls(); err != nil {
		return now, err
	}
	now.objects = allocated()
	return now, nil
}

// startProfile begins a CPU profile and returns what ends it, and writes a
// profile of all allocations next to it.
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

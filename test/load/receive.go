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
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/pdataconv"
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
	// Profile is where to write a CPU profile of the measured cycles, if at
	// all.
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
	// CPU is that of one cycle.
	CPU time.Duration
	// Deliveries is how many sandboxes delivered in the measured cycles.
	Deliveries int64
	// Points is how many points one cycle yields.
	Points int64
	// Allocations and AllocatedBytes are those of one point.
	Allocations float64
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

// startReceiver starts a receiver with telemetry that counts, as a collector's
// does.
func startReceiver(config *sandboxreceiver.Config, next consumer.Metrics) (receiver.Metrics, error) {
	factory := sandboxreceiver.NewFactory()
	settings := receivertest.NewNopSettings(factory.Type())
	settings.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))
	settings.Logger = zap.NewNop()
	r, err := factory.CreateMetrics(context.Background(), settings, config, next)
	if err != nil {
		return nil, err
	}
	return r, r.Start(context.Background(), componenttest.NewNopHost())
}

func measureReceiver(t receiveTask) (result receiveResult, failed error) {
	config := receiverConfig(t.RuntimeRoot, t.StoragePaths, t.Interval)
	config.GVisor.Enabled, config.Kata.Enabled = t.GVisor > 0, t.Kata > 0
	if t.Naming != "" {
		config.Naming = pdataconv.Naming(t.Naming)
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
	measured := measureCycles(&result, t, sink, started.Add(config.InitialDelay))
	stopping := time.Now()
	if err := errors.Join(measured, r.Shutdown(context.Background())); err != nil {
		return result, err
	}
	result.Stop = time.Since(stopping)
	if result.PeakMemory, err = peakMemory("self"); err != nil {
		return result, err
	}
	left, err := descriptors()
	result.Descriptors = left - files
	result.Goroutines = settle(goroutines) - goroutines
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
func measureCycles(result *receiveResult, t receiveTask, sink *sink, begin time.Time) (failed error) {
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
	sink.use(countSandboxes)
	before, err := cpuTime()
	if err != nil {
		return err
	}
	time.Sleep(t.Interval * time.Duration(t.Cycles))
	after, err := cpuTime()
	if err := errors.Join(err, stop()); err != nil {
		return err
	}
	result.CPU = (after - before) / time.Duration(t.Cycles)
	result.Deliveries = sink.deliveries.Load()

	sink.use(countPoints)
	objects := allocated()
	time.Sleep(t.Interval)
	objects = allocated() - objects
	result.Points = sink.points.Load()
	if result.Points == 0 {
		return errors.New("no points came in a whole interval")
	}
	result.Allocations = float64(objects) / float64(result.Points)
	sink.use(forget)
	result.Heap = liveHeap()
	return nil
}

// startProfile begins a CPU profile and returns what ends it.
func startProfile(path string) (stop func() error, err error) {
	if path == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

//go:build linux

package e2e

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// hangInterval is the collection interval of [TestSandboxThatHangs].
const hangInterval = 5 * time.Second

// Deadlines of the test, with time for the batches on their way to the sink.
const (
	onTheWay     = 2 * time.Second
	noticed      = 2*hangInterval + onTheWay
	recovered    = hangInterval + onTheWay
	hangDuration = 4 * hangInterval
)

// stateOf returns the state of a sandbox in the last data received from it.
func stateOf(sink *otlpsink.Sink, id string) (string, error) {
	for _, metrics := range slices.Backward(sink.Received()) {
		for _, resource := range slices.Backward(slices.Collect(values(metrics.ResourceMetrics().All()))) {
			if value, found := resource.Resource().Attributes().Get("sandbox.id"); !found || value.Str() != id {
				continue
			}
			if state := stateIn(resource); state != "" {
				return state, nil
			}
		}
	}
	return "", fmt.Errorf("no state of %s received", id)
}

// values returns the values of a sequence of pairs.
func values(all iter.Seq2[int, pmetric.ResourceMetrics]) iter.Seq[pmetric.ResourceMetrics] {
	return func(yield func(pmetric.ResourceMetrics) bool) {
		for _, value := range all {
			if !yield(value) {
				return
			}
		}
	}
}

// stateIn returns the state in the metrics of a sandbox, which is empty if they only
// end the series of one.
func stateIn(resource pmetric.ResourceMetrics) (state string) {
	for _, scope := range resource.ScopeMetrics().All() {
		for _, metric := range scope.Metrics().All() {
			if metric.Name() != "sandbox.state" {
				continue
			}
			for _, point := range metric.Sum().DataPoints().All() {
				if value, _ := point.Attributes().Get("sandbox.state"); !point.Flags().NoRecordedValue() {
					state += value.Str()
				}
			}
		}
	}
	return state
}

func awaitState(t *testing.T, sink *otlpsink.Sink, id, want string, within time.Duration) {
	t.Helper()
	began := time.Now()
	process.Eventually(t, within, func() error {
		got, err := stateOf(sink, id)
		if err == nil && got != want {
			err = fmt.Errorf("state is %s, want %s", got, want)
		}
		return err
	})
	t.Logf("%s after %v", want, time.Since(began).Round(100*time.Millisecond))
}

// openConnections returns the number of connections to the control socket of a
// sandbox that it has accepted or not accepted yet, and not closed.
func openConnections(t *testing.T, r *runsc.Runtime, id string) (connections int) {
	t.Helper()
	text, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	// The last column is the path, the fourth the flags: that of a listener is set
	// for the socket itself.
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 8 && strings.HasSuffix(fields[7], "/runsc-"+id+".sock") && fields[3] != "00010000" {
			connections++
		}
	}
	return connections
}

// A sandbox whose sentry is stopped is unresponsive within two intervals, receives few
// requests, and runs again within one interval. Others are not affected.
func TestSandboxThatHangs(t *testing.T) {
	r := runsc.New(t)
	hung := r.Start(runsc.Container{ID: "hung", Script: runsc.Idle, MetricServer: metricServer})
	r.Start(runsc.Container{ID: "bystander", Script: runsc.Idle, MetricServer: metricServer})
	sink := startOTLP(t, otlpRoots(r.Root)+fmt.Sprintf("    collection_interval: %v\n", hangInterval))
	for _, id := range []string{"hung", "bystander"} {
		awaitState(t, sink, id, "running", noticed)
	}
	before := openConnections(t, r, "hung")

	pid := hung.State().Sandbox.PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	awaitState(t, sink, "hung", "unresponsive", noticed)
	time.Sleep(hangDuration)
	awaitState(t, sink, "hung", "unresponsive", 0)
	// Those that the receiver has closed wait for the sentry, too.
	requests := openConnections(t, r, "hung") - before
	t.Logf("%d requests in %v", requests, hangDuration)
	if requests < 1 || requests > 3 {
		t.Errorf("%d requests in %v to a sandbox that hangs, want 1 to 3", requests, hangDuration)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	awaitState(t, sink, "hung", "running", recovered)
	awaitState(t, sink, "bystander", "running", 0)
	process.Eventually(t, noticed, func() error {
		if left := openConnections(t, r, "hung") - before; left != 0 {
			return fmt.Errorf("%d connections are left open", left)
		}
		return nil
	})
	hung.Pause()
	awaitState(t, sink, "hung", "paused", recovered)
	hung.Resume()
	awaitState(t, sink, "hung", "running", recovered)
}

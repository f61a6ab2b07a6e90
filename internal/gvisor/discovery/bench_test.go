package discovery

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
)

// benchmarkMetrics returns registered metrics in the typical number and size.
func benchmarkMetrics() []string {
	metrics := make([]string, 178)
	for i := range metrics {
		metrics[i] = fmt.Sprintf(`{"name":"/netstack/group/metric_number_%d","prometheus_name":"netstack_group_metric_number_%d",`+
			`"description":"Number of times that something happened which somebody thought worth counting, and a few words more `+
			`that explain what it is about in the netstack of this sandbox.","cumulative":true,"sync":true}`, i, i)
	}
	return metrics
}

// benchmarkRoot creates a root with state files of typical size. Each file contains
// the same metrics in a different order, as runsc writes them.
func benchmarkRoot(b *testing.B, sandboxes int) string {
	b.Helper()
	root := b.TempDir()
	metrics := benchmarkMetrics()
	for i := range sandboxes {
		id := fmt.Sprintf("%064x", i)
		rotated := append(append([]string{}, metrics[i%len(metrics):]...), metrics[:i%len(metrics)]...)
		created := testTime.Add(time.Duration(i))
		extra := `,"metricMetadata":{"platform":"systrap","version":"release-20260901.0"},"metricServerAddress":"/run/metrics.sock",` +
			`"controlSocketPath":"` + root + `/runsc-` + id + `.sock","registeredMetrics":{"metrics":[` + strings.Join(rotated, ",") + `]}`
		path := writeState(b, root, id, id, created)
		require.NoError(b, os.WriteFile(path, stateFile(id, id, created, extra), 0o640))
	}
	return root
}

// minimalObserver is an observer that keeps only the present sandboxes.
type minimalObserver struct{ present map[Key]*Sandbox }

func (o *minimalObserver) Added(s *Sandbox)                 { o.present[s.Key] = s }
func (o *minimalObserver) Changed(s *Sandbox)               { o.present[s.Key] = s }
func (o *minimalObserver) Gone(s *Sandbox)                  { delete(o.present, s.Key) }
func (*minimalObserver) Skipped(string, Reason)             {}
func (*minimalObserver) DiscoveryError(error)               {}
func (*minimalObserver) SkippedEntries(string, Reason, int) {}
func (*minimalObserver) Scanned()                           {}
func (*minimalObserver) Checked()                           {}

func benchmarkFinder(b *testing.B, root string) (*finder, *minimalObserver) {
	b.Helper()
	observer := &minimalObserver{map[Key]*Sandbox{}}
	later := time.Now().Add(time.Hour)
	return newFinder(Settings{
		Roots:         []string{root},
		Registrations: registration.NewCache("runsc_", registration.Limits{}),
		Logger:        zap.NewNop(),
	}, observer, func() time.Time { return later }), observer
}

func BenchmarkFirstScan(b *testing.B) {
	const sandboxes = 1000
	root := benchmarkRoot(b, sandboxes)
	b.ReportAllocs()
	for b.Loop() {
		f, observer := benchmarkFinder(b, root)
		f.runDue(b.Context())
		if len(observer.present) != sandboxes {
			b.Fatalf("%d sandboxes are present, want %d", len(observer.present), sandboxes)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/sandboxes, "µs/sandbox")
}

func BenchmarkRescan(b *testing.B) {
	const sandboxes = 5000
	root := b.TempDir()
	for i := range sandboxes {
		id := fmt.Sprintf("%064x", i)
		writeState(b, root, id, id, testTime)
	}
	f, _ := benchmarkFinder(b, root)
	f.runDue(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		f.rescanAll()
		f.runDue(b.Context())
	}
}

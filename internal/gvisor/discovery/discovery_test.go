package discovery

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stoppingContext ends after a number of looks at it.
type stoppingContext struct {
	context.Context
	checks int
}

func (c *stoppingContext) Err() error {
	if c.checks--; c.checks < 0 {
		return context.Canceled
	}
	return nil
}

// TestRun uses real events: all it waits for comes long before the next scan.
func TestRun(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "runsc")
	require.NoError(t, os.Mkdir(root, 0o755))
	command := exec.Command("sleep", "600")
	require.NoError(t, command.Start())
	killed := false
	defer func() {
		if !killed {
			_ = command.Process.Kill()
			_ = command.Wait()
		}
	}()

	r := newRecorder(t)
	d := New(Settings{
		Roots:            []string{filepath.Join(base, "*")},
		Registrations:    registration.NewCache("runsc_", registration.Limits{}),
		VerifyProcesses:  true,
		Processes:        host.Processes{Root: "/proc"},
		WatchedProcesses: 10,
		Logger:           zap.NewNop(),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Run(ctx, r)
	}()
	defer func() {
		cancel()
		<-done
	}()
	r.await("the empty root was read", func() bool { return r.counts != nil })

	name := filepath.Join(root, "web_sandbox:web.state")
	data := stateFile("web", "web", time.Now(), fmt.Sprintf(`,"pid":%d`, command.Process.Pid))
	data = []byte(strings.Replace(string(data), `"pid":1,`, "", 1))
	require.NoError(t, os.WriteFile(name, data, 0o640))
	found := Key{root, "web"}
	r.await("the sandbox was added", func() bool { return r.present[found] != nil && !r.present[found].Exited })

	require.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(data), "running", "paused", 1)), 0o640))
	r.await("the change was noticed", func() bool { return r.present[found].Status == "paused" })

	killed = true
	require.NoError(t, command.Process.Kill())
	r.await("the exit was noticed", func() bool { return r.present[found].Exited })
	_ = command.Wait()

	require.NoError(t, os.Remove(name))
	r.await("the sandbox was gone", func() bool { return r.present[found] == nil })

	late := filepath.Join(base, "late")
	require.NoError(t, os.Mkdir(late, 0o755))
	writeState(t, late, "db", "db", firstLife)
	r.await("a later root was found", func() bool { return r.present[Key{late, "db"}] != nil })
	require.NoError(t, os.RemoveAll(late))
	r.await("a root had vanished", func() bool { return len(r.present) == 0 })
	assert.NoError(t, r.troubled)
}

func TestDefaultRoots(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/[1]")
	for _, pattern := range DefaultRoots() {
		assert.True(t, filepath.IsAbs(pattern), pattern)
		_, err := filepath.Match(pattern, "")
		require.NoError(t, err, pattern)
	}
	assert.Contains(t, DefaultRoots(), `/run/user/\[1]/runsc`)
	t.Setenv("XDG_RUNTIME_DIR", "relative")
	assert.NotContains(t, strings.Join(DefaultRoots(), " "), "relative")
}

func TestResolveBoundsRoots(t *testing.T) {
	base := t.TempDir()
	for i := range maxRoots + 2 {
		require.NoError(t, os.Mkdir(filepath.Join(base, fmt.Sprint(i)), 0o755))
	}
	found, failed, excess := resolve([]string{filepath.Join(base, "*"), base})
	assert.Len(t, found, maxRoots)
	assert.Empty(t, failed)
	assert.Equal(t, 3, excess)
}

// benchmarkRoot holds state files of the usual size, each with the same metrics
// in another order, as runsc writes them.
func benchmarkRoot(b *testing.B, sandboxes int) string {
	b.Helper()
	root := b.TempDir()
	metrics := make([]string, 178)
	for i := range metrics {
		metrics[i] = fmt.Sprintf(`{"name":"/netstack/group/metric_number_%d","prometheus_name":"netstack_group_metric_number_%d","description":"Number of times that something happened which somebody thought worth counting, and a few words more that explain what it is about in the netstack of this sandbox.","cumulative":true,"sync":true}`, i, i)
	}
	for i := range sandboxes {
		id := fmt.Sprintf("%064x", i)
		rotated := append(append([]string{}, metrics[i%len(metrics):]...), metrics[:i%len(metrics)]...)
		path := writeState(b, root, id, id, firstLife.Add(time.Duration(i)))
		require.NoError(b, os.WriteFile(path, stateFile(id, id, firstLife.Add(time.Duration(i)),
			`,"metricMetadata":{"platform":"systrap","version":"release-20260901.0"},"metricServerAddress":"/run/metrics.sock","controlSocketPath":"`+root+`/runsc-`+id+`.sock","registeredMetrics":{"metrics":[`+strings.Join(rotated, ",")+`]}`), 0o640))
	}
	return root
}

// silent is an observer that keeps what it must.
type silent struct{ present map[Key]*Sandbox }

func (s *silent) Added(one *Sandbox)   { s.present[one.Key] = one }
func (s *silent) Changed(one *Sandbox) { s.present[one.Key] = one }
func (s *silent) Gone(one *Sandbox)    { delete(s.present, one.Key) }
func (*silent) Passed(map[Reason]int)  {}
func (*silent) Trouble(error)          {}

func benchmarkFinder(b *testing.B, root string) (*finder, *silent) {
	b.Helper()
	observer := &silent{map[Key]*Sandbox{}}
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
		f.work(b.Context())
		if len(observer.present) != sandboxes {
			b.Fatal(len(observer.present))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/sandboxes, "µs/sandbox")
}

func BenchmarkRescan(b *testing.B) {
	const sandboxes = 5000
	root := b.TempDir()
	for i := range sandboxes {
		id := fmt.Sprintf("%064x", i)
		writeState(b, root, id, id, firstLife)
	}
	f, _ := benchmarkFinder(b, root)
	f.work(b.Context())
	b.ReportAllocs()
	for b.Loop() {
		f.overflowed()
		f.work(b.Context())
	}
}

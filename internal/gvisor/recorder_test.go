package gvisor

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// recorder is an observer that keeps what it is given.
type recorder struct {
	t testing.TB

	mu      sync.Mutex
	present []*Sandbox
	news    []string
	skipped map[string]string
	scanned bool
	err     error
	changed chan struct{}
}

func newRecorder(tb testing.TB) *recorder {
	tb.Helper()
	return &recorder{t: tb, skipped: map[string]string{}, changed: make(chan struct{}, 1)}
}

func (r *recorder) update(news string, change func()) {
	r.mu.Lock()
	change()
	if news != "" {
		r.news = append(r.news, news)
	}
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
}

func (r *recorder) Added(s sandbox.Sandbox) {
	r.update("added "+s.Identity().ID, func() { r.present = append(r.present, s.(*Sandbox)) })
}

func (r *recorder) Gone(s sandbox.Sandbox) {
	r.update("gone "+s.Identity().ID, func() {
		i := slices.Index(r.present, s.(*Sandbox))
		if assert.GreaterOrEqual(r.t, i, 0, "it was never added") {
			r.present = slices.Delete(r.present, i, i+1)
		}
	})
	assert.NoError(r.t, s.Close())
}

func (r *recorder) Skipped(path, reason string) {
	r.update("", func() {
		r.skipped[filepath.Base(path)] = reason
		if reason == "" {
			delete(r.skipped, filepath.Base(path))
		}
	})
}

func (r *recorder) Scanned() { r.update("", func() { r.scanned = true }) }

func (r *recorder) DiscoveryError(err error) { r.update("", func() { r.err = err }) }

func (r *recorder) await(what string, condition func() bool) {
	r.t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		r.mu.Lock()
		met := condition()
		r.mu.Unlock()
		if met {
			return
		}
		select {
		case <-r.changed:
		case <-timeout:
			r.t.Fatalf("waited in vain until %s", what)
		}
	}
}

// find is a present sandbox by id; the lock must be held.
func (r *recorder) find(id string) *Sandbox {
	for _, s := range r.present {
		if s.identity.ID == id {
			return s
		}
	}
	return nil
}

// get waits for a sandbox.
func (r *recorder) get(id string) (s *Sandbox) {
	r.t.Helper()
	r.await(id+" was added", func() bool {
		s = r.find(id)
		return s != nil
	})
	return s
}

func testConfig(roots ...string) Config {
	return Config{
		Enabled:         true,
		Roots:           roots,
		Trust:           sandbox.FirstUse,
		MetricPrefix:    "runsc_",
		MaxResponseSize: 4 << 20,
		VerifyPeer:      true,
	}
}

func newRuntime(tb testing.TB, config Config) *Runtime {
	tb.Helper()
	runtime, err := New(&config, sandbox.Prometheus, zap.NewNop())
	require.NoError(tb, err)
	return runtime
}

// watch runs a runtime until the test ends.
func watch(tb testing.TB, runtime *Runtime) *recorder {
	tb.Helper()
	r := newRecorder(tb)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(tb, runtime.Watch(ctx, r)) })
	tb.Cleanup(func() {
		cancel()
		running.Wait()
		for _, s := range r.present {
			assert.NoError(tb, s.Close())
		}
	})
	r.await("the roots were read", func() bool { return r.scanned })
	return r
}

func pull(tb testing.TB, s *Sandbox, timeout time.Duration) (*sandbox.Reading, error) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), timeout)
	defer cancel()
	r := new(sandbox.Reading)
	err := s.Pull(ctx, r)
	return r, err
}

const longTimeout = 30 * time.Second

// series writes the points of a reading as a Prometheus page would, with the
// labels of the sandbox, sorted.
func series(id *sandbox.Identity, r *sandbox.Reading) []string {
	var lines []string
	for _, point := range r.Points {
		form := point.Family.Prometheus
		labels := map[string]string{}
		if id != nil {
			for _, label := range id.UpstreamLabels {
				labels[label.Key] = label.Value
			}
		}
		for i, key := range form.LabelKeys {
			labels[key] = point.Labels[i]
		}
		var texts []string
		for _, key := range slices.Sorted(maps.Keys(labels)) {
			texts = append(texts, fmt.Sprintf("%s=%q", key, labels[key]))
		}
		line := form.Name
		if len(texts) > 0 {
			line += "{" + strings.Join(texts, ",") + "}"
		}
		value := point.Value.Scaled(form.Scale)
		if value.IsFloat() {
			line += " " + strconv.FormatFloat(value.AsFloat(), 'f', 6, 64)
		} else {
			line += " " + strconv.FormatInt(value.AsInt(), 10)
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

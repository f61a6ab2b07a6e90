package reason

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/runtimes"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newHost returns the directory of simulated sandboxes and the runtimes that find them.
func newHost(t *testing.T) (*fleet.Fleet, []sandbox.Runtime) {
	t.Helper()
	directory, err := os.MkdirTemp("", "r") //nolint:usetesting // t.TempDir is too long for a socket address
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	f, err := fleet.New(directory, fleet.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	var config runtimes.Config
	config.SetDefaults(sandbox.Default)
	config.GVisor.Roots, config.Kata.StoragePaths = []string{f.RuntimeRoot()}, f.StoragePaths()
	created, err := config.New(sandbox.Settings{Naming: sandbox.OTel, Preset: sandbox.Default}, zap.NewNop())
	require.NoError(t, err)
	return f, created
}

func TestExplain(t *testing.T) {
	f, created := newHost(t)
	for _, id := range []string{"web", "batch"} {
		_, err := f.AddGVisor(gvisor.Options{ID: id})
		require.NoError(t, err)
	}
	for id, hypervisor := range map[string]string{"db": "dragonball", "cache": "qemu"} {
		pod, err := f.AddKata(kata.Options{ID: id, Rust: true, Hypervisor: hypervisor})
		require.NoError(t, err)
		defer func() { assert.Zero(t, pod.Load().Calls, "no request must be sent") }()
	}
	_, err := f.AddKata(kata.Options{ID: "new", Rust: true, Booting: true})
	require.NoError(t, err)
	root, storagePath := f.RuntimeRoot(), f.StoragePaths()[1]
	require.NoError(t, os.WriteFile(filepath.Join(root, "my.state"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(storagePath, "file"), nil, 0o600))

	found, err := Explain(t.Context(), created, func(id *sandbox.Identity) bool { return id.ID != "batch" })
	require.NoError(t, err)
	reason := func(runtime, name string) sandbox.SkipReason {
		reason, ok := Find(runtime, name)
		require.True(t, ok)
		return reason
	}
	assert.Equal(t, []Candidate{
		{Runtime: "gvisor", Path: filepath.Join(root, "batch"), Decision: Skipped, Reason: reason("gvisor", "excluded")},
		{Runtime: "gvisor", Path: filepath.Join(root, "my.state"), Decision: Skipped, Reason: reason("gvisor", "foreign")},
		{Runtime: "gvisor", Path: filepath.Join(root, "web"), Decision: Collected, State: sandbox.Running},
		{
			Runtime: "kata", Path: filepath.Join(storagePath, "cache"), Decision: NotContacted, State: sandbox.Skipped,
			Reason: reason("kata", "unsafe_hypervisor"),
		},
		{Runtime: "kata", Path: filepath.Join(storagePath, "db"), Decision: Collected, State: sandbox.Running},
		{Runtime: "kata", Path: filepath.Join(storagePath, "file"), Decision: Skipped, Reason: reason("kata", "not_directory")},
		{
			Runtime: "kata", Path: filepath.Join(storagePath, "new"), Decision: NotContacted, State: sandbox.Booting,
			Reason: reason("kata", "no_state"),
		},
	}, found)
}

// fakeRuntime reports what a test prescribes, and then waits for the end.
type fakeRuntime struct {
	report func(sandbox.Observer) error
}

func (fakeRuntime) Name() string { return sandbox.RuntimeGVisor }

func (r fakeRuntime) Watch(ctx context.Context, o sandbox.Observer) error {
	if err := r.report(o); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (fakeRuntime) AppendRuntimeMetrics(*sandbox.Reading, sandbox.Stats) {}

func TestExplainReturnsWhatIsKnown(t *testing.T) {
	leftover, _ := Find(sandbox.RuntimeGVisor, "leftover")
	counted := Candidate{Runtime: "gvisor", Path: "/run/runsc", Entries: 7, Decision: Skipped, Reason: leftover}
	for name, test := range map[string]struct {
		report func(sandbox.Observer) error
		err    string
	}{
		"discovery error": {func(o sandbox.Observer) error {
			o.DiscoveryError(errors.New("permission denied"))
			o.Scanned()
			return nil
		}, "discover gvisor sandboxes: permission denied"},
		"resolved error": {func(o sandbox.Observer) error {
			o.DiscoveryError(errors.New("permission denied"))
			o.DiscoveryError(nil)
			o.Scanned()
			return nil
		}, ""},
		"permanent error": {func(sandbox.Observer) error { return errors.New("no inotify") }, "discover gvisor sandboxes: no inotify"},
		"panic":           {func(sandbox.Observer) error { panic("a bug") }, "discover gvisor sandboxes: panic: a bug"},
		"no end of the scan": {
			func(sandbox.Observer) error { return nil }, "discover gvisor sandboxes: context canceled",
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			runtime := fakeRuntime{func(o sandbox.Observer) error {
				o.SkippedEntries("/run/runsc", "leftover", 7)
				o.SkippedEntries("/run/other", "leftover", 1)
				o.SkippedEntries("/run/other", "leftover", 0)
				o.Skipped("/run/runsc/a.state", "busy")
				o.Skipped("/run/runsc/a.state", "")
				if name == "no end of the scan" {
					cancel()
				}
				return test.report(o)
			}}
			found, err := Explain(ctx, []sandbox.Runtime{runtime}, nil)
			assert.Equal(t, []Candidate{counted}, found)
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.err)
			}
		})
	}
}

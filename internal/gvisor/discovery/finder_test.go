package discovery

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
)

// stateFile is the content of a state file.
func stateFile(containerID, sandboxID string, created time.Time, extra string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"createdAt":%q,"status":"running","spec":{"ociVersion":"1.0.2"},"sandbox":{"id":%q,"pid":1%s}}`,
		containerID, created.Format(time.RFC3339Nano), sandboxID, extra)
}

// writeState writes the state file of a container and its lock file, and
// returns the path of the former.
func writeState(tb testing.TB, root, containerID, sandboxID string, created time.Time) string {
	tb.Helper()
	name := statefile.Name{ContainerID: containerID, SandboxID: sandboxID}
	path := filepath.Join(root, name.String())
	require.NoError(tb, os.WriteFile(filepath.Join(root, name.LockFile()), nil, 0o600))
	require.NoError(tb, os.WriteFile(path, stateFile(containerID, sandboxID, created, ""), 0o640))
	return path
}

// rig is a finder over real directories, with a clock of its own and without
// events but those of the test.
type rig struct {
	*finder
	*recorder
	t       *testing.T
	clock   time.Time
	watched map[string]int
	logs    *observer.ObservedLogs
}

func newRig(t *testing.T, patterns ...string) *rig {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	r := &rig{recorder: newRecorder(t), t: t, watched: map[string]int{}, logs: logs}
	// Well after the files of the test are written, so that they count as
	// settled; a test that is about that sets the clock itself.
	r.clock = time.Now().Add(time.Hour)
	r.finder = newFinder(Settings{
		Roots:         patterns,
		Registrations: registration.NewCache("runsc_", registration.Limits{}),
		Logger:        zap.New(core),
	}, r.recorder, func() time.Time { return r.clock })
	r.watch = func(path string) error {
		r.watched[path]++
		return nil
	}
	r.unwatch = func(path string) { delete(r.watched, path) }
	return r
}

// step lets time pass and does what is due then.
func (r *rig) step(passed time.Duration) []string {
	r.t.Helper()
	r.clock = r.clock.Add(passed)
	r.work(r.t.Context())
	assert.True(r.t, r.next().After(r.clock), "nothing may be left due")
	return r.take()
}

func (r *rig) warnings() int { return r.logs.FilterLevelExact(zapcore.WarnLevel).Len() }

func TestFinderFollowsFiles(t *testing.T) {
	root := t.TempDir()
	writeState(t, root, "web", "web", firstLife)
	writeState(t, root, "pod", "pod", firstLife)
	app := writeState(t, root, "app", "pod", firstLife)
	for _, name := range []string{"null-netns", "runsc-web.sock", "metrics.sock", "web_sandbox:web.state.swp"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), nil, 0o600))
	}
	r := newRig(t, root)
	// Of a pod's files, either may come first.
	assert.Subset(t, []string{"added web", "added pod", "added pod +app", "changed pod +app"}, r.step(0))
	assert.Equal(t, []Container{{ID: "app"}, {ID: "pod"}}, r.present[Key{root, "pod"}].Containers)
	assert.Empty(t, r.counts, "other files of a root are nothing to report")
	assert.Equal(t, 1, r.watched[root])

	assert.Empty(t, r.step(scanInterval), "files that did not change are not read again")

	// An event concerns one file only.
	require.NoError(t, os.WriteFile(app, stateFile("app", "pod", firstLife.Add(1), ""), 0o640))
	writeState(t, root, "web", "web", firstLife.Add(1))
	r.touched(app)
	assert.Empty(t, r.step(0), "a burst of events is waited for")
	r.touched(app)
	assert.Equal(t, []string{"changed pod +app"}, r.step(eventDelay))

	// What no event told of is found later.
	assert.Equal(t, []string{"gone web", "added web"}, r.step(scanInterval))

	require.NoError(t, os.Remove(app))
	r.touched(app)
	assert.Equal(t, []string{"changed pod"}, r.step(eventDelay))
	require.NoError(t, os.Remove(filepath.Join(root, "pod_sandbox:pod.state")))
	assert.Equal(t, []string{"gone pod"}, r.step(scanInterval))
	assert.Len(t, r.present, 1)
	assert.Zero(t, r.warnings())
}

func TestFinderEventsAboutOtherPaths(t *testing.T) {
	root := t.TempDir()
	r := newRig(t, root)
	r.step(0)
	for _, path := range []string{"/elsewhere/web_sandbox:web.state", filepath.Join(root, "web_sandbox:web.lock"), filepath.Join(root, "x.state"), ""} {
		r.touched(path)
		assert.Empty(t, r.pending, path)
	}
	// A state file that vanishes before it is read.
	r.touched(filepath.Join(root, "web_sandbox:web.state"))
	assert.Empty(t, r.step(eventDelay))
	assert.Empty(t, r.roots[root].files)
}

func TestFinderOverflow(t *testing.T) {
	root := t.TempDir()
	r := newRig(t, root)
	r.step(0)
	writeState(t, root, "web", "web", firstLife)
	assert.Empty(t, r.step(0))
	r.overflowed()
	assert.Equal(t, []string{"added web"}, r.step(0))
}

// TestFinderUnsettledFile: a file that was written at the very time it was read
// may be written again without any visible change.
func TestFinderUnsettledFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", firstLife)
	info, err := os.Stat(path)
	require.NoError(t, err)
	r := newRig(t, root)
	r.clock = info.ModTime()
	assert.Equal(t, []string{"added web"}, r.step(0))
	r.touched(path)
	assert.Equal(t, []string{"changed web"}, r.step(eventDelay), "read again")
	r.touched(path)
	assert.Equal(t, []string{"changed web"}, r.step(2*clockGranularity), "for the last time")
	r.touched(path)
	assert.Empty(t, r.step(eventDelay))
}

func TestFinderLockedFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", firstLife)
	lock, err := os.Open(strings.TrimSuffix(path, "state") + "lock")
	require.NoError(t, err)
	defer lock.Close()
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))

	r := newRig(t, root)
	assert.Empty(t, r.step(0))
	assert.Equal(t, map[Reason]int{Busy: 1}, r.counts)
	delay := firstRetry
	for range 8 {
		for file := range r.pending {
			assert.Equal(t, r.clock.Add(delay), file.due, "retries come at growing distances")
		}
		assert.Empty(t, r.step(delay))
		delay = min(2*delay, lastRetry)
	}
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_UN))
	r.touched(path)
	assert.Equal(t, []string{"added web"}, r.step(eventDelay), "an event brings the next retry forward")
	assert.Empty(t, r.counts)
	assert.Zero(t, r.warnings(), "that is no fault")

	// A lock while nothing changes is not even looked at.
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	assert.Empty(t, r.step(scanInterval))
	assert.Empty(t, r.counts)
}

func TestFinderWithoutLockFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", firstLife)
	require.NoError(t, os.Remove(strings.TrimSuffix(path, "state")+"lock"))
	r := newRig(t, root)
	assert.Equal(t, []string{"added web"}, r.step(0))
}

// TestFinderHalfWrittenFile: what was known before holds until the file is
// complete.
func TestFinderHalfWrittenFile(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", firstLife)
	r := newRig(t, root)
	assert.Equal(t, []string{"added web"}, r.step(0))

	whole := stateFile("web", "web", firstLife, `,"podName":"p"`)
	require.NoError(t, os.WriteFile(path, whole[:len(whole)/2], 0o640))
	info, err := os.Stat(path)
	require.NoError(t, err)
	r.clock = info.ModTime()
	r.touched(path)
	r.resolveAt, r.roots[root].scanAt = r.clock.Add(time.Hour), r.clock.Add(time.Hour)
	assert.Empty(t, r.step(eventDelay))
	assert.Equal(t, map[Reason]int{Busy: 1}, r.counts)
	assert.Empty(t, r.step(firstRetry))
	assert.Zero(t, r.warnings())

	require.NoError(t, os.WriteFile(path, whole, 0o640))
	assert.Equal(t, []string{"changed web"}, r.step(2*firstRetry))
	assert.Equal(t, "p", r.present[Key{root, "web"}].PeerPodName)
	assert.Empty(t, r.counts)
}

func TestFinderPassesOver(t *testing.T) {
	for name, test := range map[string]struct {
		reason Reason
		make   func(t *testing.T, path string)
		logged bool
	}{
		"garbage": {Malformed, func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, []byte("secret, but not JSON"), 0o640))
		}, true},
		"empty": {Malformed, func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, nil, 0o640))
		}, true},
		"too large": {Oversize, func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, nil, 0o640))
			require.NoError(t, os.Truncate(path, statefile.MaxSize+1))
		}, true},
		"symbolic link": {NotRegular, func(t *testing.T, path string) {
			t.Helper()
			elsewhere := filepath.Join(t.TempDir(), "x")
			require.NoError(t, os.WriteFile(elsewhere, stateFile("bad", "bad", firstLife, ""), 0o640))
			require.NoError(t, os.Symlink(elsewhere, path))
		}, true},
		"FIFO": {NotRegular, func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, syscall.Mkfifo(path, 0o640))
		}, true},
		"directory": {NotRegular, func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.Mkdir(path, 0o755))
		}, true},
		"of another sandbox": {Foreign, func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(path, stateFile("other", "other", firstLife, ""), 0o640))
		}, true},
		"foreign name": {Foreign, func(t *testing.T, path string) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(path), "my.state"), stateFile("my", "my", firstLife, ""), 0o640))
		}, false},
		"container without sandbox": {NoRootContainer, func(t *testing.T, path string) {
			t.Helper()
			writeState(t, filepath.Dir(path), "app", "pod", firstLife)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			writeState(t, root, "good", "good", firstLife)
			test.make(t, filepath.Join(root, "bad_sandbox:bad.state"))
			r := newRig(t, root)
			assert.Equal(t, []string{"added good"}, r.step(0))
			assert.Equal(t, map[Reason]int{test.reason: 1}, r.counts)
			for range 3 {
				assert.Empty(t, r.step(scanInterval))
			}
			assert.Equal(t, test.logged, r.warnings() == 1, "logged once, not once per scan: %v", r.logs.All())
			for _, entry := range r.logs.All() {
				assert.NotContains(t, fmt.Sprint(entry.ContextMap()), "secret")
			}

			// It may become a good one.
			bad := filepath.Join(root, "bad_sandbox:bad.state")
			require.NoError(t, os.RemoveAll(bad))
			require.NoError(t, os.RemoveAll(filepath.Join(root, "my.state")))
			require.NoError(t, os.RemoveAll(filepath.Join(root, "app_sandbox:pod.state")))
			writeState(t, root, "bad", "bad", firstLife)
			assert.Equal(t, []string{"added bad"}, r.step(scanInterval))
			assert.Empty(t, r.counts)
		})
	}
}

// TestFinderBlockedLock: a lock file that is none cannot block either.
func TestFinderBlockedLock(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", firstLife)
	lock := strings.TrimSuffix(path, "state") + "lock"
	require.NoError(t, os.Remove(lock))
	require.NoError(t, syscall.Mkfifo(lock, 0o600))
	r := newRig(t, root)
	assert.Equal(t, []string{"added web"}, r.step(0))
}

func TestFinderBoundsFiles(t *testing.T) {
	root := t.TempDir()
	for i := range 5 {
		id := fmt.Sprintf("s%d", i)
		writeState(t, root, id, id, firstLife)
	}
	r := newRig(t, root)
	r.maxFiles = 3
	assert.Len(t, r.step(0), 3)
	assert.Equal(t, map[Reason]int{TooMany: 2}, r.counts)
	assert.Empty(t, r.step(scanInterval), "those that were taken stay")
	for key := range r.present {
		require.NoError(t, os.Remove(filepath.Join(root, key.ID+"_sandbox:"+key.ID+".state")))
		break
	}
	r.step(scanInterval)
	assert.Len(t, r.step(scanInterval), 1, "and make room for others in the end")
	assert.Equal(t, map[Reason]int{TooMany: 1}, r.counts)
}

func TestFinderRoots(t *testing.T) {
	base := t.TempDir()
	fixed := filepath.Join(base, "docker")
	r := newRig(t, fixed, filepath.Join(base, "containerd", "*"))
	assert.Empty(t, r.step(0))
	assert.Empty(t, r.roots, "roots may be missing")
	require.NoError(t, r.troubled)

	require.NoError(t, os.Mkdir(fixed, 0o755))
	writeState(t, fixed, "web", "web", firstLife)
	assert.Equal(t, []string{"added web"}, r.step(resolveInterval))

	namespace := filepath.Join(base, "containerd", "k8s.io")
	require.NoError(t, os.MkdirAll(namespace, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(base, "containerd", "file"), nil, 0o600))
	writeState(t, namespace, "pod", "pod", firstLife)
	assert.Equal(t, []string{"added pod"}, r.step(resolveInterval))
	assert.Len(t, r.watched, 2)

	// Replaced by another of the same name.
	require.NoError(t, os.Rename(fixed, filepath.Join(base, "old")))
	require.NoError(t, os.Mkdir(fixed, 0o755))
	writeState(t, fixed, "new", "new", firstLife)
	assert.Equal(t, []string{"gone web", "added new"}, r.step(resolveInterval))

	require.NoError(t, os.RemoveAll(filepath.Join(base, "containerd")))
	assert.Equal(t, []string{"gone pod"}, r.step(resolveInterval))
	assert.Len(t, r.watched, 1)
	assert.Empty(t, r.counts)
	assert.NoError(t, r.troubled)
}

// TestFinderRootWithReusedInode: a root that is made anew may have the inode of
// the one before; an event about the root itself tells.
func TestFinderRootWithReusedInode(t *testing.T) {
	root := t.TempDir()
	r := newRig(t, root)
	r.step(0)
	writeState(t, root, "web", "web", firstLife)
	r.touched(root)
	assert.Equal(t, []string{"added web"}, r.step(0))
	assert.Equal(t, 2, r.watched[root], "watched again")
}

func TestFinderCountsARootOnce(t *testing.T) {
	base := t.TempDir()
	real, link := filepath.Join(base, "run", "runsc"), filepath.Join(base, "var-run")
	require.NoError(t, os.MkdirAll(real, 0o755))
	require.NoError(t, os.Symlink(filepath.Join(base, "run"), link))
	writeState(t, real, "web", "web", firstLife)
	r := newRig(t, filepath.Join(link, "runsc"), real, filepath.Join(base, "*", "runsc"), real+"/")
	assert.Equal(t, []string{"added web"}, r.step(0))
	assert.Contains(t, r.present, Key{filepath.Join(link, "runsc"), "web"}, "the first path counts")
	assert.Empty(t, r.step(resolveInterval))
}

func TestFinderUnwatchedRoot(t *testing.T) {
	root := t.TempDir()
	r := newRig(t, root)
	r.watch = func(string) error { return errors.New("too many watches") }
	r.step(0)
	writeState(t, root, "web", "web", firstLife)
	assert.Equal(t, []string{"added web"}, r.step(unwatchedInterval))
	for range 3 {
		r.step(unwatchedInterval)
	}
	assert.Equal(t, 1, r.warnings())

	// Once it can be watched, it is read seldom again.
	r.watch = func(string) error { return nil }
	r.step(unwatchedInterval)
	writeState(t, root, "late", "late", firstLife)
	assert.Empty(t, r.step(unwatchedInterval))
}

func TestFinderUnreadableRoot(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "runsc")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	r := newRig(t, file)
	r.step(0)
	require.ErrorContains(t, r.troubled, file)
	assert.Equal(t, map[Reason]int{Unreadable: 1}, r.counts)
	r.step(resolveInterval)
	assert.Equal(t, 1, r.warnings())

	require.NoError(t, os.Remove(file))
	r.step(resolveInterval)
	require.NoError(t, r.troubled, "it heals")
	assert.Empty(t, r.counts)
}

// TestFinderWithoutRights: many files that may not be read make one message.
func TestFinderWithoutRights(t *testing.T) {
	root := t.TempDir()
	for _, id := range []string{"a", "b", "c"} {
		writeState(t, root, id, id, firstLife)
	}
	r := newRig(t, root)
	r.step(0)
	for _, file := range r.roots[root].files {
		if file.name.SandboxID != "c" {
			r.pass(file, &fs.PathError{Op: "open", Path: file.path(), Err: syscall.EACCES})
		}
	}
	r.report()
	require.ErrorContains(t, r.troubled, "2 of 3 state files")
	assert.Equal(t, map[Reason]int{Unreadable: 2}, r.counts)
	assert.Zero(t, r.warnings())
	for _, file := range r.roots[root].files {
		r.pass(file, nil)
	}
	r.report()
	require.NoError(t, r.troubled)
	assert.Empty(t, r.counts)
}

func TestFinderInvisibleProcesses(t *testing.T) {
	root := t.TempDir()
	writeState(t, root, "web", "web", firstLife)
	writeState(t, root, "db", "db", firstLife)
	for _, own := range []bool{true, false} {
		r := newRig(t, root)
		processes := newFakeProcesses()
		r.liveness.table = processes
		r.ownProcessesOnly = own
		assert.ElementsMatch(t, []string{"added web exited", "added db exited"}, r.step(0))
		if own {
			assert.ErrorContains(t, r.troubled, "verify_peer")
		} else {
			assert.NoError(t, r.troubled, "all processes can be seen, so these are gone")
		}
	}
}

// TestFinderStops: a scan of many files ends with the context.
func TestFinderStops(t *testing.T) {
	root := t.TempDir()
	for i := range 10 {
		id := fmt.Sprintf("s%d", i)
		writeState(t, root, id, id, firstLife)
	}
	r := newRig(t, root)
	ctx := &stoppingContext{Context: t.Context(), checks: 3}
	r.work(ctx)
	assert.Less(t, len(r.take()), 10)
	assert.Nil(t, r.counts, "nothing is reported about what was not looked at")
}

func TestSharedTexts(t *testing.T) {
	root := t.TempDir()
	for _, id := range []string{"a", "b", "c"} {
		path := writeState(t, root, id, id, firstLife)
		version := "1"
		if id == "c" {
			version = "2"
		}
		require.NoError(t, os.WriteFile(path, stateFile(id, id, firstLife,
			`,"metricMetadata":{"version":"`+version+`","platform":"kvm"},"registeredMetrics":{"metrics":[{"name":"/fs/opens","prometheus_name":"fs_opens","description":"d","cumulative":true}]}`), 0o640))
	}
	r := newRig(t, root)
	r.step(0)
	a, b, c := r.present[Key{root, "a"}], r.present[Key{root, "b"}], r.present[Key{root, "c"}]
	assert.Same(t, a.Metadata, b.Metadata)
	assert.NotSame(t, a.Metadata, c.Metadata)
	assert.Equal(t, "kvm", a.Metadata.Value("platform"))
	assert.Equal(t, "2", c.Metadata.Value("version"))
	assert.Empty(t, c.Metadata.Value("nothing"))
	require.NoError(t, a.RegistrationError)
	assert.NotNil(t, a.Registration)
	assert.Same(t, a.Registration, c.Registration)
}

func TestInvalidRegistration(t *testing.T) {
	root := t.TempDir()
	path := writeState(t, root, "web", "web", firstLife)
	require.NoError(t, os.WriteFile(path, stateFile("web", "web", firstLife, `,"registeredMetrics":{"metrics":[{"name":"/x"}]}`), 0o640))
	r := newRig(t, root)
	assert.Equal(t, []string{"added web"}, r.step(0), "the sandbox is there all the same")
	assert.Error(t, r.present[Key{root, "web"}].RegistrationError)
}

func TestCondenserForgets(t *testing.T) {
	c := newCondenser(registration.NewCache("", registration.Limits{}))
	for i := range 3 * keptTexts {
		s, err := statefile.Parse(stateFile("a", "a", firstLife, fmt.Sprintf(`,"metricServerAddress":"%d","metricMetadata":{"k":"%d"}`, i, i)))
		require.NoError(t, err)
		f := c.condense(testRoot, s, firstLife)
		require.Equal(t, fmt.Sprint(i), f.sandbox.MetricServer)
		require.Equal(t, fmt.Sprint(i), f.sandbox.Metadata.Value("k"))
	}
	assert.LessOrEqual(t, len(c.texts), keptTexts)
	assert.LessOrEqual(t, len(c.metadata), keptTexts)
}

func TestCondense(t *testing.T) {
	c := newCondenser(registration.NewCache("", registration.Limits{}))
	data := bytes.ReplaceAll(stateFile("a", "a", firstLife, `,"podName":"p"`), []byte(`"ociVersion"`),
		[]byte(`"annotations":{"io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"other","io.kubernetes.cri.sandbox-namespace":"n","io.kubernetes.cri.sandbox-uid":"u"},"ociVersion"`))
	state, err := statefile.Parse(data)
	require.NoError(t, err)
	got := c.condense(testRoot, state, firstLife).sandbox
	assert.True(t, got.InPod)
	assert.Equal(t, "p", got.Pod.Name, "runsc's own word comes first")
	assert.Equal(t, "n", got.Pod.Namespace)
	assert.Equal(t, "u", got.Pod.UID)
	assert.Equal(t, firstLife, got.Started, "files of older releases do not tell")
	assert.Empty(t, got.PeerPodNamespace)
}

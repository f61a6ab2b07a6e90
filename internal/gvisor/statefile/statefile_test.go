package statefile

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestParse(t *testing.T) {
	for file, want := range map[string]*State{
		"full.json": {
			ContainerID: "app-1",
			Created:     time.Date(2026, 11, 20, 9, 40, 15, 50119899, time.UTC),
			Status:      Running,
			OCIVersion:  "1.0.2-dev",
			// CHOWN, KILL, SYS_ADMIN and CHECKPOINT_RESTORE.
			Capabilities: 1<<0 | 1<<5 | 1<<21 | 1<<40,
			Annotations: Annotations{
				InPod: true, ContainerName: "app", NVProxy: true,
				Pod: sandbox.Pod{Name: "web-0", Namespace: "shop", UID: "0b1ee0de-0000-4000-8000-000000000001"},
			},
			Sandbox: Sandbox{
				ID: "pod-1", PodName: "web-0", PodNamespace: "shop", PID: 42,
				RegisteredMetrics: []byte(`{"metrics":[{"name":"/fs/opens","prometheus_name":"fs_opens","cumulative":true}]}`),
				Metadata:          []sandbox.Attribute{{Key: "numcores", Value: "8"}, {Key: "platform", Value: "kvm"}, {Key: "version", Value: "release-20260901.0"}},
				MetricServer:      "%RUNTIME_ROOT%/metrics.sock",
				Socket:            "/run/runsc/runsc-pod-1.sock",
				Started:           time.Date(2026, 11, 20, 9, 40, 14, 891176192, time.UTC),
				Checkpointed:      true, Restored: true,
				CPUTimeSaved: 374526474, WallTimeSaved: 14872880881,
			},
		},
		"2023.json": {
			ContainerID: "old",
			Created:     time.Date(2023, 5, 4, 17, 54, 54, 5e8, time.UTC),
			Status:      Created,
			OCIVersion:  "1.0.2",
			RunsAsRoot:  true,
			Sandbox:     Sandbox{ID: "old", PID: 8, Socket: "/run/runsc-old.sock"},
		},
		"crio.json": {
			ContainerID: "abc",
			Created:     time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Status:      Running,
			OCIVersion:  "1.2.0",
			RunsAsRoot:  true,
			Annotations: Annotations{
				InPod: true, ContainerName: "POD",
				Pod: sandbox.Pod{Name: "db-0", Namespace: "store", UID: "0b1ee0de-0000-4000-8000-000000000002"},
			},
			Sandbox: Sandbox{ID: "abc", PID: 9},
		},
	} {
		t.Run(file, func(t *testing.T) {
			got, err := Parse(read(t, filepath.Join("testdata", file)))
			require.NoError(t, err)
			assert.Empty(t, cmp.Diff(want, got))
		})
	}
}

// TestParseCaptures reads files that real sandboxes left.
func TestParseCaptures(t *testing.T) {
	const captures = "../../../../shared/gvisor/"
	for file, want := range map[string]struct {
		container, sandbox, pod, podUID string
		inPod                           bool
		capabilities                    int
	}{
		"cli-instrumented.state.json":  {"busy2", "busy2", "", "", false, 3},
		"docker.state.json":            {"4d637874d6cc501ca23bf10b34e4a0e51058b6ade07c064b62d359b69c2c451e", "4d637874d6cc501ca23bf10b34e4a0e51058b6ade07c064b62d359b69c2c451e", "", "", false, 14},
		"cri-pod-sandbox.state.json":   {"106e32c86055b5b0b93668e90130ea01543fab66a36c2ba35749d6704bf6069a", "106e32c86055b5b0b93668e90130ea01543fab66a36c2ba35749d6704bf6069a", "web-0", "uid-web-0", true, 14},
		"cri-pod-container.state.json": {"95ae7c43af5002975407c6e04d00795885ca909337dad9c19aeedaa91312fb7a", "106e32c86055b5b0b93668e90130ea01543fab66a36c2ba35749d6704bf6069a", "web-0", "uid-web-0", true, 14},
	} {
		t.Run(file, func(t *testing.T) {
			if _, err := os.Stat(captures); err != nil {
				t.Skip("captures are not here")
			}
			got, err := Parse(read(t, captures+file))
			require.NoError(t, err)
			assert.Equal(t, want.container, got.ContainerID)
			assert.Equal(t, want.sandbox, got.Sandbox.ID)
			assert.Equal(t, want.pod, got.Sandbox.PodName)
			assert.Equal(t, want.podUID, got.Annotations.Pod.UID)
			assert.Equal(t, want.inPod, got.Annotations.InPod)
			assert.Len(t, slices.Collect(got.Capabilities.Names()), want.capabilities)
			assert.Equal(t, Running, got.Status)
			assert.True(t, got.RunsAsRoot)
			assert.Len(t, got.Sandbox.Metadata, 10)
			assert.Greater(t, len(got.Sandbox.RegisteredMetrics), 40_000)
			assert.True(t, filepath.IsAbs(got.Sandbox.Socket))
			assert.False(t, got.Sandbox.Started.IsZero())
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const minimal = `{"id":"a","createdAt":"2026-01-02T03:04:05Z","status":"running","sandbox":{"id":"a"}}`
	_, err := Parse([]byte(minimal))
	require.NoError(t, err, "what the cases below change is right by itself")

	replace := func(old, replacement string) string {
		require.Contains(t, minimal, old)
		return strings.Replace(minimal, old, replacement, 1)
	}
	long := strings.Repeat("x", maxPath+1)
	var many strings.Builder
	for i := range maxMetadata + 1 {
		if i > 0 {
			many.WriteByte(',')
		}
		many.WriteString(`"k` + strings.Repeat("k", i) + `":""`)
	}
	for name, test := range map[string]struct {
		data string
		want error
	}{
		"empty":                 {"", jsonscan.ErrTruncated},
		"half written":          {minimal[:len(minimal)-10], jsonscan.ErrTruncated},
		"not an object":         {"[]", jsonscan.ErrKind},
		"null":                  {"null", ErrMissing},
		"trailing":              {minimal + "{}", jsonscan.ErrTrailing},
		"no id":                 {replace(`"id":"a",`, ``), ErrMissing},
		"no creation time":      {replace(`"createdAt":"2026-01-02T03:04:05Z",`, ``), ErrMissing},
		"no status":             {replace(`"status":"running",`, ``), ErrMissing},
		"no sandbox":            {replace(`{"id":"a"}}`, `null}`), ErrMissing},
		"id is a path":          {replace(`"id":"a",`, `"id":"../a",`), ErrValue},
		"sandbox id is a path":  {replace(`{"id":"a"}`, `{"id":"/etc"}`), ErrValue},
		"time":                  {replace("2026-01-02T", "2026-13-02T"), ErrValue},
		"start time":            {replace(`{"id":"a"}`, `{"id":"a","startTime":"now"}`), ErrValue},
		"id twice":              {replace(`"id":"a",`, `"id":"a","id":"b",`), jsonscan.ErrField},
		"id in another case":    {replace(`"id":"a",`, `"id":"a","ID":"b",`), jsonscan.ErrField},
		"pid is no number":      {replace(`{"id":"a"}`, `{"id":"a","pid":"1"}`), jsonscan.ErrKind},
		"pid is too large":      {replace(`{"id":"a"}`, `{"id":"a","pid":99999999}`), ErrValue},
		"pod name is too long":  {replace(`{"id":"a"}`, `{"id":"a","podName":"`+long+`"}`), ErrLimit},
		"socket is too long":    {replace(`{"id":"a"}`, `{"id":"a","controlSocketPath":"`+long+`"}`), ErrLimit},
		"too much metadata":     {replace(`{"id":"a"}`, `{"id":"a","metricMetadata":{`+many.String()+`}}`), ErrLimit},
		"metadata twice":        {replace(`{"id":"a"}`, `{"id":"a","metricMetadata":{"k":"1","k":"2"}}`), ErrValue},
		"metadata is no text":   {replace(`{"id":"a"}`, `{"id":"a","metricMetadata":{"k":1}}`), jsonscan.ErrKind},
		"registration is wrong": {replace(`{"id":"a"}`, `{"id":"a","registeredMetrics":{x}}`), jsonscan.ErrSyntax},
		"annotation":            {replace(`"status"`, `"spec":{"annotations":{"io.kubernetes.cri.sandbox-uid":1}},"status"`), jsonscan.ErrKind},
		"nesting":               {replace(`"status"`, `"x":`+strings.Repeat("[", 100)+`,"status"`), jsonscan.ErrDepth},
		"too large":             {minimal + strings.Repeat(" ", MaxSize), jsonscan.ErrInputSize},
	} {
		t.Run(name, func(t *testing.T) {
			state, err := Parse([]byte(test.data))
			require.ErrorIs(t, err, test.want)
			assert.Nil(t, state)
		})
	}
}

func TestParseAcceptsLongArguments(t *testing.T) {
	argument := strings.Repeat("x", 1<<20)
	state, err := Parse([]byte(`{"id":"a","createdAt":"2026-01-02T03:04:05Z","status":"asleep","sandbox":{"id":"a","pid":-1},"spec":{"process":{"args":["` + argument + `"]}}}`))
	require.NoError(t, err)
	assert.Equal(t, Status("asleep"), state.Status, "a status of a later release is kept as it is")
	assert.Zero(t, state.Sandbox.PID)
}

// TestPodIdentityIsNotMixed: a pod's author can give it annotations with the
// keys of a container manager that is not there.
func TestPodIdentityIsNotMixed(t *testing.T) {
	for name, test := range map[string]struct {
		annotations string
		want        Annotations
	}{
		"containerd first": {
			`"io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.cri-o.KubeName":"forged","io.kubernetes.cri.container-type":"sandbox","io.kubernetes.cri.sandbox-name":"web"`,
			Annotations{InPod: true, Pod: sandbox.Pod{Name: "web"}},
		},
		"names without a manager": {
			`"io.kubernetes.cri.sandbox-name":"forged","io.kubernetes.cri-o.KubeName":"forged","io.kubernetes.pod.uid":"forged"`,
			Annotations{},
		},
		"labels that are no object": {
			`"io.kubernetes.cri-o.ContainerType":"sandbox","io.kubernetes.cri-o.KubeName":"db","io.kubernetes.cri-o.Labels":"{\"io.kubernetes.pod.uid\":\"u\""`,
			Annotations{InPod: true, Pod: sandbox.Pod{Name: "db"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			state, err := Parse([]byte(`{"id":"a","createdAt":"2026-01-02T03:04:05Z","status":"running","sandbox":{"id":"a"},"spec":{"annotations":{` + test.annotations + `}}}`))
			require.NoError(t, err)
			assert.Equal(t, test.want, state.Annotations)
		})
	}
}

// TestNoSecrets breaks a file at every byte and looks for what must not get
// out, in errors and in what was parsed.
func TestNoSecrets(t *testing.T) {
	data := bytes.TrimSpace(read(t, "testdata/full.json"))
	secrets := []string{"very-secret", "PASSWORD", "com.example", "LANG=C", "/bin/server"}
	for i := range data {
		if _, err := Parse(data[:i]); assert.Error(t, err, "cut at %d", i) {
			assertWithout(t, err.Error(), secrets)
		}
		broken := bytes.Clone(data)
		broken[i] = 0
		if _, err := Parse(broken); err != nil {
			assertWithout(t, err.Error(), secrets)
		}
	}
	state, err := Parse(data)
	require.NoError(t, err)
	clear(data)
	state.Sandbox.RegisteredMetrics = nil
	assertWithout(t, cmp.Diff(&State{}, state), secrets)
	assert.Equal(t, "app", state.Annotations.ContainerName, "nothing else shares memory with the file")
}

func assertWithout(t *testing.T, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		assert.NotContains(t, text, secret)
	}
}

func TestFieldErrorNamesTheField(t *testing.T) {
	_, err := Parse([]byte(`{"id":"a b"}`))
	var wrong *FieldError
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, "id", wrong.Field)
	require.EqualError(t, err, "state file: id: field has an impossible value")
	assert.NotErrorIs(t, err, ErrMissing)
}

func TestParseName(t *testing.T) {
	for file, want := range map[string]Name{
		"web_sandbox:web.state":               {"web", "web"},
		"app_sandbox:pod.state":               {"app", "pod"},
		"a.b+c-d_e_sandbox:F0.state":          {"a.b+c-d_e", "F0"},
		"x_sandbox_sandbox:x.state.state":     {"x_sandbox", "x.state"},
		"web_sandbox:web.lock":                {},
		"web_sandbox:web.state.tmp":           {},
		"web.state":                           {},
		"_sandbox:web.state":                  {},
		"web_sandbox:.state":                  {},
		"web_sandbox:..state":                 {},
		"web_sandbox:we b.state":              {},
		"w/b_sandbox:web.state":               {},
		"a_sandbox:b_sandbox:c.state":         {},
		"null-netns":                          {},
		"":                                    {},
		"web_sandbox:w\x00b.state":            {},
		"wéb_sandbox:web.state":               {},
		strings.Repeat("a", 300) + "_sandbox": {},
	} {
		got, ok := ParseName(file)
		assert.Equal(t, want, got, file)
		assert.Equal(t, want != Name{}, ok, file)
		if ok {
			assert.Equal(t, file, got.String())
			assert.Equal(t, strings.TrimSuffix(file, ".state")+".lock", got.Lock())
		}
	}
	assert.True(t, Name{"web", "web"}.Root())
	assert.False(t, Name{"app", "web"}.Root())
}

func TestCapabilities(t *testing.T) {
	var set Capabilities
	for _, name := range []string{"CAP_NET_RAW", "CAP_CHOWN", "CAP_CHOWN", "CAP_NO_SUCH", "KILL"} {
		set.add([]byte(name))
	}
	assert.Equal(t, []string{"CHOWN", "KILL", "NET_RAW"}, slices.Collect(set.Names()))
	assert.Len(t, slices.Collect(Capabilities(1<<64-1).Names()), len(capabilityNames), "unknown bits have no name")
	for range set.Names() {
		break
	}
	assert.Equal(t, set, set.Select(func(string) bool { return true }))
	assert.Equal(t, []string{"NET_RAW"}, slices.Collect(set.Select(func(name string) bool { return name == "NET_RAW" }).Names()))
	assert.Equal(t, AllCapabilities, AllCapabilities.Select(func(string) bool { return true }))
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		original := bytes.Clone(data)
		state, err := Parse(data)
		if !bytes.Equal(original, data) {
			t.Fatal("the input was written to")
		}
		if (state == nil) == (err == nil) {
			t.Fatalf("state %v and error %v", state, err)
		}
		if err != nil {
			return
		}
		if !ValidID(state.ContainerID) || !ValidID(state.Sandbox.ID) || state.Created.IsZero() || state.Sandbox.PID < 0 {
			t.Fatalf("accepted %+v", state)
		}
		for i, attribute := range state.Sandbox.Metadata {
			if i > 0 && state.Sandbox.Metadata[i-1].Key >= attribute.Key {
				t.Fatalf("metadata is not sorted: %q", attribute.Key)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data := read(b, "testdata/full.json")
	registration := `{"metrics":[` + strings.Repeat(`{"name":"/netstack/tcp/some_metric_name","prometheus_name":"netstack_tcp_some_metric_name","description":"Number of something that happens now and then.","cumulative":true,"sync":true},`, 250) + `{"name":"/x"}]}`
	data = bytes.Replace(data, []byte(`"registeredMetrics":{`), []byte(`"registeredMetrics":`+registration+`,"x":{`), 1)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func read(tb testing.TB, file string) []byte {
	tb.Helper()
	data, err := os.ReadFile(file)
	require.NoError(tb, err)
	return data
}

package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
)

func TestMain(m *testing.M) {
	if os.Getenv(commandVariable) != "" {
		main()
	}
	goleak.VerifyTestMain(m)
}

// invocation is one run of the command.
type invocation struct {
	stdout, stderr bytes.Buffer
	status         int
	stop           func()
}

// start runs the command and waits until it reports that the sandboxes exist.
func start(t *testing.T, args ...string) *invocation {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	i := &invocation{}
	reader, writer := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		i.status = run(ctx, append([]string{"simulate"}, args...), &i.stdout, io.MultiWriter(writer, &i.stderr))
		_ = writer.Close()
	}()
	lines := bufio.NewScanner(reader)
	require.True(t, lines.Scan(), "the command must print a line")
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		_, _ = io.Copy(io.Discard, reader)
	}()
	i.stop = func() {
		cancel()
		<-ended
		<-drained
		remaining, err := os.ReadDir(os.TempDir())
		require.NoError(t, err)
		assert.Empty(t, remaining, "temporary directories are removed")
	}
	t.Cleanup(i.stop)
	return i
}

func TestSimulateCreatesTheSandboxesOfItsFlags(t *testing.T) {
	i := start(t, "--gvisor", "3", "--kata=2", "--kata-runtime-rs=1", "--points", "5",
		"--hostile", "stall=2", "--hostile", "stall=1", "--hostile", "kata-huge=1")
	states, err := filepath.Glob(filepath.Join(os.TempDir(), "*", "runsc", "*.state"))
	require.NoError(t, err)
	assert.Len(t, states, 6)
	pods, err := filepath.Glob(filepath.Join(os.TempDir(), "*", "vc", "sbs", "*", "persist.json"))
	require.NoError(t, err)
	assert.Len(t, pods, 3)
	i.stop()
	assert.Zero(t, i.status, i.stderr.String())
	assert.Contains(t, i.stderr.String(), "6 gVisor sandboxes in "+os.TempDir())
	assert.Contains(t, i.stderr.String(), "4 Kata pods in ")
	assert.Empty(t, i.stdout.String(), "standard output is reserved for the configuration")
}

func TestSimulateUsesTheGivenDirectories(t *testing.T) {
	root, storage := filepath.Join(t.TempDir(), "root"), t.TempDir()
	i := start(t, "--gvisor=1", "--kata=1", "--root", root, "--storage", storage)
	states, err := filepath.Glob(filepath.Join(root, "*.state"))
	require.NoError(t, err)
	assert.Len(t, states, 1)
	pods, err := os.ReadDir(filepath.Join(storage, "vc", "sbs"))
	require.NoError(t, err)
	assert.Len(t, pods, 1)
	i.stop()
	_, err = os.Stat(root)
	assert.True(t, os.IsNotExist(err), "a directory that the command created is removed")
	remaining, err := os.ReadDir(storage)
	require.NoError(t, err, "a directory that existed before is kept")
	assert.Empty(t, remaining)
}

func TestPrintedConfigurationIsValidAndComplete(t *testing.T) {
	cgroupRoot := filepath.Join(t.TempDir(), "cgroup")
	for name, c := range map[string]struct {
		args         []string
		gvisor, kata bool
	}{
		"both":               {[]string{"--gvisor=1", "--kata=1"}, true, true},
		"gVisor only":        {[]string{"--gvisor=1"}, true, false},
		"unregistered only":  {[]string{"--gvisor-unregistered=1"}, true, false},
		"Kata only":          {[]string{"--kata-runtime-rs=1"}, false, true},
		"hostile":            {[]string{"--hostile=old=1"}, true, false},
		"hostile pods":       {[]string{"--hostile=kata-huge=1"}, false, true},
		"cgroups":            {[]string{"--gvisor=1", "--cgroup-root=" + cgroupRoot}, true, false},
		"special characters": {[]string{"--gvisor=1", "--root=" + filepath.Join(t.TempDir(), `a "b" $HOME: #c`)}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			i := start(t, append(c.args, "--print-config")...)
			roots, err := filepath.Glob(filepath.Join(os.TempDir(), "*", "runsc"))
			require.NoError(t, err)
			for _, arg := range c.args {
				if path, found := strings.CutPrefix(arg, "--root="); found {
					roots = []string{path}
				}
			}
			i.stop()
			require.Zero(t, i.status, i.stderr.String())
			// The collector expands variables before it reads a value.
			retrieved, err := confmap.NewRetrievedFromYAML([]byte(strings.ReplaceAll(i.stdout.String(), "$$", "$")))
			require.NoError(t, err)
			conf, err := retrieved.AsConf()
			require.NoError(t, err)
			section, err := conf.Sub("receivers::sandbox")
			require.NoError(t, err)
			config := sandboxreceiver.NewFactory().CreateDefaultConfig().(*sandboxreceiver.Config)
			require.NoError(t, section.Unmarshal(config))
			require.NoError(t, confmap.Validate(config))
			assert.Equal(t, c.gvisor, config.GVisor.Enabled)
			assert.Equal(t, c.kata, config.Kata.Enabled)
			assert.Equal(t, name == "cgroups", config.Usage.CgroupRoot == cgroupRoot)
			if c.gvisor {
				assert.Equal(t, roots, config.GVisor.Roots)
			}
			if c.kata {
				require.Len(t, config.Kata.StoragePaths, 2)
				assert.Equal(t, "sbs", filepath.Base(config.Kata.StoragePaths[0]))
			}
		})
	}
}

func TestInvalidFlags(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		texts []string
	}{
		"nothing":         {nil, []string{"nothing to simulate"}},
		"negative":        {[]string{"--gvisor=-1"}, []string{"invalid --gvisor -1: must not be negative"}},
		"negative count":  {[]string{"--gvisor-unregistered=-1"}, []string{"invalid --gvisor-unregistered -1: must not be negative"}},
		"points":          {[]string{"--gvisor=1", "--points=1"}, []string{"invalid --points 1: must be at least 2"}},
		"too many points": {[]string{"--gvisor=1", "--points=1000000"}, []string{"invalid number of points 1000000"}},
		"churn":           {[]string{"--gvisor=1", "--churn=-1"}, []string{"invalid --churn -1: must be between"}},
		"hostile mode":    {[]string{"--hostile=nonsense=1"}, []string{`invalid hostile mode "nonsense"`, "stall-midway"}},
		"hostile count":   {[]string{"--hostile=stall"}, []string{`invalid --hostile "stall": must be of the form mode=count`}},
		"hostile zero":    {[]string{"--hostile=stall=0"}, []string{`"stall=0"`}},
		"several":         {[]string{"--gvisor=-1", "--churn=-2", "--hostile=x"}, []string{"--gvisor", "--churn", "--hostile"}},
		"unknown flag":    {[]string{"--gvisors=1"}, []string{"unknown flag: --gvisors"}},
		"no number":       {[]string{"--gvisor=many"}, []string{`"many"`, "--gvisor"}},
		"argument":        {[]string{"--gvisor=1", "more"}, []string{`"more"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			var stdout, stderr bytes.Buffer
			status := exitUsage
			if name == "too many points" { // depends on the registration
				status = exitError
			}
			assert.Equal(t, status, run(t.Context(), append([]string{"simulate"}, c.args...), &stdout, &stderr))
			for _, text := range c.texts {
				assert.Contains(t, stderr.String(), text)
			}
			assert.True(t, strings.HasPrefix(stderr.String(), "sandboxctl: "))
			assert.Empty(t, stdout.String())
			remaining, err := os.ReadDir(os.TempDir())
			require.NoError(t, err)
			assert.Empty(t, remaining)
		})
	}
}

func TestHelpListsEveryModeAndFlag(t *testing.T) {
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), []string{"simulate", "--help"}, &stdout, &stderr))
	for _, mode := range fleet.Modes() {
		assert.Regexp(t, `(?m)^  `+string(mode.Mode)+` +`+regexp.QuoteMeta(mode.Description)+`$`, stdout.String())
	}
	for _, flag := range []string{"gvisor", "kata", "points", "churn", "hostile", "root", "storage", "cgroup-root", "print-config"} {
		assert.Contains(t, stdout.String(), "--"+flag)
	}
	stdout.Reset()
	require.Zero(t, run(t.Context(), nil, &stdout, &stderr))
	assert.Contains(t, stdout.String(), "simulate")
	assert.Equal(t, exitUsage, run(t.Context(), []string{"nonsense"}, &stdout, &stderr))
	assert.Contains(t, stderr.String(), "nonsense")
}

func TestCommandFailsIfRequestCrashesShim(t *testing.T) {
	i := start(t, "--kata-runtime-rs-qemu=1")
	sockets, err := filepath.Glob(filepath.Join(os.TempDir(), "*", "kata", "*", "shim-monitor.sock"))
	require.NoError(t, err)
	require.Len(t, sockets, 1)
	conn, err := host.DialUnix(t.Context(), sockets[0])
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://shim/metrics", http.NoBody)
	require.NoError(t, err)
	require.NoError(t, request.Write(conn))
	_, _ = io.ReadAll(conn) // ends when the shim crashes
	i.stop()
	assert.Equal(t, 1, i.status)
	assert.Contains(t, i.stderr.String(), "1 Kata pods crashed")
}

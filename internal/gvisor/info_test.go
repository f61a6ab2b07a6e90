package gvisor

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// info returns what AppendInfo appends.
func infoLines(s *Sandbox, verified bool) []string {
	r := new(sandbox.Reading)
	s.AppendInfo(r, verified)
	return series(&s.identity, r)
}

func TestAppendInfo(t *testing.T) {
	runtime := newRuntime(t, testConfig("/run/runsc"))
	first := record()
	first.Capabilities = 1<<5 | 1<<0
	s := runtime.newSandbox(first)

	const labels = `iteration="1zo45mry6r0nd",sandbox="busy2"`
	unverified := []string{
		`runsc_meta_sandbox_checkpointed{` + labels + `} 0`,
		`runsc_meta_sandbox_cpu_time_saved_milliseconds{` + labels + `} 0`,
		`runsc_meta_sandbox_presence{` + labels + `} 1`,
		`runsc_meta_sandbox_restored{` + labels + `} 0`,
		`runsc_meta_sandbox_running{` + labels + `} 1`,
		`runsc_meta_sandbox_wall_time_saved_milliseconds{` + labels + `} 0`,
	}
	assert.Equal(t, unverified, infoLines(s, false))
	verified := append([]string{
		`runsc_meta_sandbox_capabilities{capability="CHOWN",` + labels + `} 1`,
		`runsc_meta_sandbox_capabilities{capability="KILL",` + labels + `} 1`,
		`runsc_meta_sandbox_creation_time_seconds{` + labels + `} 1795167829.901691`,
		`runsc_meta_sandbox_metadata{iteration="1zo45mry6r0nd",platform="kvm",sandbox="busy2",version="release-20260901.0"} 1`,
		`runsc_meta_spec_metadata{hasuid0="true",iteration="1zo45mry6r0nd",nvproxy="false",ociversion="1.0.0",sandbox="busy2",tpuproxy="false"} 1`,
	}, unverified...)
	slices.Sort(verified)
	assert.Equal(t, verified, infoLines(s, true))

	second := *first
	second.Status, second.Checkpointed, second.Restored = "creating", true, true
	second.CPUTimeSaved, second.WallTimeSaved = 1500*time.Microsecond, 2*time.Second
	second.Spec = discovery.Spec{OCIVersion: discovery.InconsistentVersion, NVProxy: true, TPUProxy: true}
	s.record.Store(&second)
	got := strings.Join(infoLines(s, true), "\n")
	for _, want := range []string{
		`checkpointed{` + labels + `} 1`, `restored{` + labels + `} 1`, `running{` + labels + `} 0`, `presence{` + labels + `} 1`,
		`cpu_time_saved_milliseconds{` + labels + `} 1`, `wall_time_saved_milliseconds{` + labels + `} 2000`,
		`hasuid0="false",iteration="1zo45mry6r0nd",nvproxy="true",ociversion="INCONSISTENT",sandbox="busy2",tpuproxy="true"} 1`,
	} {
		assert.Contains(t, got, want)
	}

	for _, change := range []func(*discovery.Sandbox){
		func(s *discovery.Sandbox) { s.Status = "stopped" },
		func(s *discovery.Sandbox) { s.Exited = true },
	} {
		ended := *first
		change(&ended)
		s.record.Store(&ended)
		assert.Empty(t, infoLines(s, true), "nothing is said of a sandbox without a process")
	}
}

// TestAppendSeries: every series that was there ends once.
func TestAppendSeries(t *testing.T) {
	runtime := newRuntime(t, testConfig("/run/runsc"))
	ended := func(s *Sandbox) []string {
		r := new(sandbox.Reading)
		s.AppendSeries(r)
		return names(series(&s.identity, r))
	}
	s := runtime.newSandbox(record())
	assert.Empty(t, ended(s), "nothing has begun")
	begun := names(infoLines(s, false))
	assert.Equal(t, begun, ended(s))
	assert.Empty(t, ended(s), "all has ended already")

	begun = names(infoLines(s, true))
	changed := *record()
	changed.Spec.NVProxy = true
	changed.Capabilities = 1 << 5
	s.record.Store(&changed)
	begun = append(begun, names(infoLines(s, true))...)
	infoLines(s, false)
	slices.Sort(begun)
	assert.Equal(t, slices.Compact(begun), ended(s), "also those with labels that have changed since")
	assert.Empty(t, ended(s))
}

// names are series without their values.
func names(lines []string) []string {
	var result []string
	for _, line := range lines {
		result = append(result, line[:strings.LastIndexByte(line, ' ')])
	}
	return result
}

func TestCapabilityFilter(t *testing.T) {
	for filter, test := range map[string]struct {
		want   []string
		inOTel bool
	}{
		"":                   {[]string{"CHOWN", "KILL", "SYS_ADMIN"}, false},
		"CAP_KILL":           {[]string{"KILL"}, true},
		"^KILL$":             {[]string{"KILL"}, true},
		"SYS":                {[]string{"SYS_ADMIN"}, true},
		"^CAP_(KILL|CHOWN)$": {[]string{"CHOWN", "KILL"}, true},
		"nothing":            {nil, true},
	} {
		config := testConfig("/run/runsc")
		config.CapabilityFilter = filter
		runtime := newRuntime(t, config)
		one := record()
		one.Capabilities = 1<<0 | 1<<5 | 1<<21
		r := new(sandbox.Reading)
		runtime.newSandbox(one).AppendInfo(r, true)
		var got []string
		for _, point := range r.Points {
			if point.Family == runtime.families.capability {
				got = append(got, point.Labels...)
			}
		}
		assert.Equal(t, test.want, got, filter)
		assert.Equal(t, test.inOTel, runtime.families.capability.OTel.Name != "", filter)
	}
}

func TestOTelDescriptors(t *testing.T) {
	f := newFamilies("runsc_", true)
	for name, family := range map[string]*sandbox.Family{
		"gvisor.sandbox.spec":            f.spec,
		"gvisor.sandbox.capability":      f.capability,
		"gvisor.sandbox.checkpointed":    f.checkpointed,
		"gvisor.sandbox.restored":        f.restored,
		"gvisor.sandbox.cpu_time_saved":  f.cpuTimeSaved,
		"gvisor.sandbox.wall_time_saved": f.wallTimeSaved,
	} {
		assert.Equal(t, name, family.OTel.Name)
		assert.Len(t, family.OTel.LabelKeys, len(family.Prometheus.LabelKeys))
	}
	assert.InDelta(t, 1.5, sandbox.Int(1500).Scaled(f.cpuTimeSaved.OTel.Scale).AsFloat(), 1e-9)
	assert.Equal(t, "s", f.cpuTimeSaved.OTel.Unit)
}

func TestOTelOmitsRedundantFamilies(t *testing.T) {
	f := newFamilies("runsc_", true)
	metadata := f.infoOf(record().Metadata).family
	for _, family := range []*sandbox.Family{f.presence, f.running, f.creationTime, f.noCPUTimeSaved, f.noWallTimeSaved, metadata} {
		assert.Empty(t, family.OTel.Name)
		assert.NotEmpty(t, family.Prometheus.Name)
	}
	assert.Equal(t, f.cpuTimeSaved.Prometheus, f.noCPUTimeSaved.Prometheus)
	assert.Equal(t, f.wallTimeSaved.Prometheus, f.noWallTimeSaved.Prometheus)
}

// TestAppendInfoInOTel checks that only families of the naming are emitted, and that
// metadata become resource attributes.
func TestAppendInfoInOTel(t *testing.T) {
	config := testConfig("/run/runsc")
	runtime, err := New(&config, sandbox.OTel, zap.NewNop())
	require.NoError(t, err)
	s := runtime.newSandbox(record())
	r := new(sandbox.Reading)
	s.AppendInfo(r, true)
	var names []string
	for _, point := range r.Points {
		names = append(names, point.Family.OTel.Name)
	}
	assert.Equal(t, []string{"gvisor.sandbox.checkpointed", "gvisor.sandbox.restored", "gvisor.sandbox.spec"}, names)
	assert.Equal(t, "kvm", s.Identity().Value("gvisor.platform"))
	assert.Empty(t, s.Identity().Value("gvisor.overlay"))
}

func TestInfosAreShared(t *testing.T) {
	runtime := newRuntime(t, testConfig("/run/runsc"))
	one, other := record(), record()
	other.Metadata = one.Metadata
	first, second := runtime.newSandbox(one), runtime.newSandbox(other)
	assert.Same(t, first.info, second.info)
	for range 3 * maxInfos {
		runtime.infoOf(&discovery.Metadata{})
	}
	assert.LessOrEqual(t, len(runtime.infos), maxInfos)
}

func TestAppendRuntimeMetrics(t *testing.T) {
	runtime := newRuntime(t, testConfig("/run/runsc"))
	a := newAdmission(runtime, newRecorder(t))
	for i, change := range []func(*discovery.Sandbox){
		func(s *discovery.Sandbox) { s.Checkpointed = true },
		func(s *discovery.Sandbox) { s.Checkpointed, s.Restored = true, true },
		func(s *discovery.Sandbox) { s.Restored, s.Exited = true, true },
	} {
		s := record()
		s.ID = string(rune('a' + i))
		change(s)
		a.Added(s)
	}
	r := new(sandbox.Reading)
	runtime.AppendRuntimeMetrics(r, sandbox.Stats{Started: time.Unix(1795169978, 55547000), Seen: 7, Running: 5, Broken: 3})
	assert.Equal(t, []string{
		"process_start_time_seconds 1795169978.055547",
		"runsc_meta_metric_server_presence 1",
		"runsc_meta_num_sandboxes_broken_metrics 3",
		"runsc_meta_num_sandboxes_checkpointed 2",
		"runsc_meta_num_sandboxes_restored 1",
		"runsc_meta_num_sandboxes_running 5",
		"runsc_meta_num_sandboxes_total 7",
	}, series(nil, r))
}

// TestUpstreamPage compares with a page that gVisor's own exporter served of one
// sandbox.
func TestUpstreamPage(t *testing.T) {
	const captures = "../../../shared/gvisor/"
	if _, err := os.Stat(captures); err != nil {
		t.Skip("captures are not here")
	}
	root := t.TempDir()
	data, err := os.ReadFile(captures + "cli-instrumented.state.json")
	require.NoError(t, err)
	name := statefile.Name{ContainerID: "busy2", SandboxID: "busy2"}
	require.NoError(t, os.WriteFile(root+"/"+name.String(), data, 0o640))
	config := testConfig(root)
	config.VerifyPeer = false
	runtime := newRuntime(t, config)
	s := watch(t, runtime).get("busy2")

	r := new(sandbox.Reading)
	s.AppendInfo(r, true)
	got := series(&s.identity, r)
	texts := helpAndTypes(r)
	r.Reset()
	runtime.AppendRuntimeMetrics(r, sandbox.Stats{Started: time.Unix(1795169978, 55547000), Seen: 1, Running: 1})
	got = append(got, series(nil, r)...)
	texts = append(texts, helpAndTypes(r)...)

	page, err := os.Open(captures + "metric-server.prom")
	require.NoError(t, err)
	defer page.Close()
	var wanted, wantedTexts []string
	for lines := bufio.NewScanner(page); lines.Scan(); {
		line := lines.Text()
		if !strings.Contains(line, "runsc_meta_") && !strings.Contains(line, "process_start_time_seconds") {
			continue
		}
		if strings.HasPrefix(line, "#") {
			wantedTexts = append(wantedTexts, line)
			continue
		}
		wanted = append(wanted, line[:strings.LastIndexByte(line, ' ')]) // without the time
	}
	assert.ElementsMatch(t, wanted, got)
	slices.Sort(texts)
	assert.ElementsMatch(t, wantedTexts, slices.Compact(texts))
}

func helpAndTypes(r *sandbox.Reading) (lines []string) {
	types := map[sandbox.Kind]string{sandbox.Gauge: "gauge", sandbox.Counter: "counter"}
	for _, point := range r.Points {
		descriptor := point.Family.Prometheus
		lines = append(lines, "# HELP "+descriptor.Name+" "+descriptor.Description, "# TYPE "+descriptor.Name+" "+types[descriptor.Kind])
	}
	return lines
}

package gvisor

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// infoLines returns the points that AppendInfo appends.
func infoLines(s *Sandbox, verified bool) []string {
	r := new(sandbox.Reading)
	s.AppendInfo(r, verified)
	return exposition(&s.identity, r)
}

// recordLabels are the upstream labels of the sandbox in record.
const recordLabels = `iteration="1zo45mry6r0nd",sandbox="busy2"`

func TestAppendInfo(t *testing.T) {
	changed := record()
	changed.Capabilities = 1<<5 | 1<<0
	s := newRuntime(t, testConfig("/run/runsc")).newSandbox(changed)
	unverified := []string{
		`runsc_meta_sandbox_checkpointed{` + recordLabels + `} 0`,
		`runsc_meta_sandbox_cpu_time_saved_milliseconds{` + recordLabels + `} 0`,
		`runsc_meta_sandbox_presence{` + recordLabels + `} 1`,
		`runsc_meta_sandbox_restored{` + recordLabels + `} 0`,
		`runsc_meta_sandbox_running{` + recordLabels + `} 1`,
		`runsc_meta_sandbox_wall_time_saved_milliseconds{` + recordLabels + `} 0`,
	}
	assert.Equal(t, unverified, infoLines(s, false))
	verified := append([]string{
		`runsc_meta_sandbox_capabilities{capability="CHOWN",` + recordLabels + `} 1`,
		`runsc_meta_sandbox_capabilities{capability="KILL",` + recordLabels + `} 1`,
		`runsc_meta_sandbox_creation_time_seconds{` + recordLabels + `} 1795167829.901691`,
		`runsc_meta_sandbox_metadata{iteration="1zo45mry6r0nd",platform="kvm",sandbox="busy2",version="release-20260901.0"} 1`,
		`runsc_meta_spec_metadata{hasuid0="true",iteration="1zo45mry6r0nd",nvproxy="false",` +
			`ociversion="1.0.0",sandbox="busy2",tpuproxy="false"} 1`,
	}, unverified...)
	slices.Sort(verified)
	assert.Equal(t, verified, infoLines(s, true))
}

func TestAppendInfoOfRestoredSandbox(t *testing.T) {
	changed := record()
	changed.Status, changed.Checkpointed, changed.Restored = "creating", true, true
	changed.CPUTimeSaved, changed.WallTimeSaved = 1500*time.Microsecond, 2*time.Second
	changed.Spec = discovery.Spec{OCIVersion: discovery.InconsistentVersion, NVProxy: true, TPUProxy: true}
	s := newRuntime(t, testConfig("/run/runsc")).newSandbox(changed)
	got := strings.Join(infoLines(s, true), "\n")
	for _, want := range []string{
		`checkpointed{` + recordLabels + `} 1`,
		`restored{` + recordLabels + `} 1`,
		`running{` + recordLabels + `} 0`,
		`presence{` + recordLabels + `} 1`,
		`cpu_time_saved_milliseconds{` + recordLabels + `} 1`,
		`wall_time_saved_milliseconds{` + recordLabels + `} 2000`,
		`hasuid0="false",iteration="1zo45mry6r0nd",nvproxy="true",ociversion="INCONSISTENT",sandbox="busy2",tpuproxy="true"} 1`,
	} {
		assert.Contains(t, got, want)
	}
}

// TestAppendInfoFollowsRecord checks that points are those of the current record.
func TestAppendInfoFollowsRecord(t *testing.T) {
	s := newRuntime(t, testConfig("/run/runsc")).newSandbox(record())
	running, restored := `runsc_meta_sandbox_running{`+recordLabels+`} `, `runsc_meta_sandbox_restored{`+recordLabels+`} `
	assert.Subset(t, infoLines(s, true), []string{running + "1", restored + "0"})
	changeRecord(s, func(record *discovery.Sandbox) {
		record.Status, record.Restored, record.Spec.NVProxy = "creating", true, true
	})
	assert.Subset(t, infoLines(s, true), []string{running + "0", restored + "1"})
	assert.Contains(t, strings.Join(infoLines(s, true), "\n"), `nvproxy="true"`)
}

func TestAppendInfoOfStoppedSandbox(t *testing.T) {
	for _, change := range []func(*discovery.Sandbox){
		func(s *discovery.Sandbox) { s.Status = "stopped" },
		func(s *discovery.Sandbox) { s.Exited = true },
	} {
		s := newRuntime(t, testConfig("/run/runsc")).newSandbox(record())
		assert.NotEmpty(t, infoLines(s, true))
		changeRecord(s, change)
		assert.Empty(t, infoLines(s, true), "a sandbox without a process must emit nothing")
	}
}

func TestEachSeriesEndsOnce(t *testing.T) {
	s := newRuntime(t, testConfig("/run/runsc")).newSandbox(record())
	ended := func() []string {
		r := new(sandbox.Reading)
		s.AppendSeries(r)
		return seriesOf(exposition(&s.identity, r))
	}
	assert.Empty(t, ended(), "nothing was emitted")
	emitted := seriesOf(infoLines(s, false))
	assert.Equal(t, emitted, ended())
	assert.Empty(t, ended(), "all series have ended already")

	emitted = seriesOf(infoLines(s, true))
	changeRecord(s, func(record *discovery.Sandbox) {
		record.Spec.NVProxy = true
		record.Capabilities = 1 << 5
	})
	emitted = append(emitted, seriesOf(infoLines(s, true))...)
	infoLines(s, false)
	slices.Sort(emitted)
	assert.Equal(t, slices.Compact(emitted), ended(), "series with previous labels must end as well")
	assert.Empty(t, ended())
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
		changed := record()
		changed.Capabilities = 1<<0 | 1<<5 | 1<<21
		r := new(sandbox.Reading)
		runtime.newSandbox(changed).AppendInfo(r, true)
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

// TestAppendInfoInOTel checks that AppendInfo appends only families that the naming
// "otel" has. In this naming, metadata are resource attributes.
func TestAppendInfoInOTel(t *testing.T) {
	config := testConfig("/run/runsc")
	runtime, err := New(&config, sandbox.Settings{Naming: sandbox.OTel}, zap.NewNop())
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

func TestRunningAsUpstream(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*discovery.Sandbox)
		want   [2]bool // unverified, verified
	}{
		"running": {func(*discovery.Sandbox) {}, [2]bool{true, true}},
		"created": {func(s *discovery.Sandbox) { s.Status = "created" }, [2]bool{true, true}},
		"paused":  {func(s *discovery.Sandbox) { s.Status = "paused" }, [2]bool{true, true}},
		"booting": {func(s *discovery.Sandbox) { s.Status = "creating" }, [2]bool{false, false}},
		"unseen":  {func(s *discovery.Sandbox) { s.Unseen = true }, [2]bool{false, true}},
	} {
		s := record()
		test.change(s)
		assert.Equal(t, test.want, [2]bool{isRunning(s, false), isRunning(s, true)}, name)
	}
}

package kata

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/simulatetest"
)

// modeChecks hold one check per mode, which verifies that a pod behaves as the
// mode's description states.
var modeChecks = map[simulate.Mode]func(*testing.T, *Pod){
	Refuse:           checkRefuse,
	HangBeforeHost:   checkHangBeforeHost,
	HangAfterHost:    checkHangAfterHost,
	Trickle:          checkTrickle,
	Endless:          checkEndless,
	Truncated:        checkTruncated,
	ForgedHost:       checkForgedHost,
	SpoofedLabels:    checkSpoofedLabels,
	TypeFlips:        checkTypeFlips,
	QuotedNames:      checkQuotedNames,
	NewlineInjection: checkNewlineInjection,
	Huge:             checkHuge,
	ManySeries:       checkManySeries,
	MissingNewline:   checkMissingNewline,
	CreatedAhead:     checkCreatedAhead,
	MixedAnnotations: checkMixedAnnotations,
	Spinning:         checkSpinning,
}

func TestEachModeMatchesItsDescription(t *testing.T) {
	for _, info := range Modes() {
		for _, rust := range []bool{false, true} {
			t.Run(string(info.Mode)+map[bool]string{false: "/go", true: "/runtime-rs"}[rust], func(t *testing.T) {
				assert.NotEmpty(t, info.Description)
				assert.True(t, info.Mode.ForKata())
				require.Contains(t, modeChecks, info.Mode, "each mode needs a check")
				modeChecks[info.Mode](t, addPod(t, Options{Mode: info.Mode, Rust: rust}))
			})
		}
	}
	assert.Len(t, modeChecks, len(Modes()))
}

func TestPackageDocumentationListsEachMode(t *testing.T) {
	data, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	for _, info := range Modes() {
		assert.Regexp(t, `//.* `+string(info.Mode)+`[,.]`, string(data))
	}
}

func TestInvalidMode(t *testing.T) {
	_, err := New(newStorage(t), Options{Mode: "stall"})
	assert.ErrorContains(t, err, `invalid mode "stall"`)
}

func checkRefuse(t *testing.T, p *Pod) {
	_, err := host.DialUnix(t.Context(), p.SocketPath())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
}

func checkHangBeforeHost(t *testing.T, p *Pod) {
	assert.Empty(t, untilSilence(t, p))
}

func checkHangAfterHost(t *testing.T, p *Pod) {
	text := untilSilence(t, p)
	if p.options.Rust {
		assert.Empty(t, text)
		return
	}
	assert.InEpsilon(t, 37_500, len(text), 0.08, "all of the host part but the last few KB")
	assert.NotContains(t, text, "kata_guest_")
	assert.NotContains(t, text, "\r\n0\r\n")
}

func checkTrickle(t *testing.T, p *Pod) {
	conn := simulatetest.Dial(t, p.SocketPath())
	_, err := io.WriteString(conn, getMetrics)
	require.NoError(t, err)
	buffer := make([]byte, 64)
	for range 10 {
		n, err := conn.Read(buffer)
		require.NoError(t, err)
		assert.LessOrEqual(t, n, 5)
	}
}

func checkEndless(t *testing.T, p *Pod) {
	assert.Len(t, metrics(t, p), maxResponse)
}

func checkTruncated(t *testing.T, p *Pod) {
	truncated := get(t, p, "/metrics")
	require.ErrorIs(t, truncated.err, io.ErrUnexpectedEOF)
	assert.Greater(t, len(truncated.text), 15_000)
}

func checkForgedHost(t *testing.T, p *Pod) {
	text := metrics(t, p)
	for _, forged := range []string{"kata_shim_threads", "kata_hypervisor_scrape_count", "process_zzz", "go_goroutines", "up"} {
		assert.Contains(t, text, "\n"+forged+" 666666\n")
	}
	honest := 58
	if p.options.Rust {
		honest = 9
	}
	assert.Equal(t, honest, honestHostFamilies(text))
}

// honestHostFamilies counts the families of the host that are not forged.
func honestHostFamilies(text string) int {
	n := 0
	last := ""
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "#") || strings.HasSuffix(line, " "+strconv.Itoa(ForgedValue)+"\n") {
			continue
		}
		name := line[:strings.IndexAny(line, "{ ")]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if strings.HasSuffix(name, "_milliseconds"+suffix) || strings.HasSuffix(name, "duration_seconds"+suffix) {
				name = strings.TrimSuffix(name, suffix)
			}
		}
		if name != last && !strings.HasPrefix(name, "kata_guest_") && !strings.HasPrefix(name, "kata_agent_") {
			n++
		}
		last = name
	}
	return n
}

func checkSpoofedLabels(t *testing.T, p *Pod) {
	text := metrics(t, p)
	parse(t, text)
	assert.Contains(t, text, `sandbox_id="victim"`)
	assert.Contains(t, text, `cri_namespace="kube-system"`)
	assert.Equal(t, 1, strings.Count(text, "# TYPE kata_guest_tasks "))
}

func checkTypeFlips(t *testing.T, p *Pod) {
	families := parse(t, metrics(t, p))
	assert.Equal(t, dto.MetricType_COUNTER, families["kata_guest_tasks"].GetType())
	assert.Equal(t, dto.MetricType_HISTOGRAM, families["kata_agent_scrape_count"].GetType())
}

func checkQuotedNames(t *testing.T, p *Pod) {
	text := metrics(t, p)
	if p.options.Rust {
		assert.Contains(t, text, `{"kata_shim.threads"} 666666`)
		return
	}
	names := familyNames(text)
	assert.Equal(t, []string{"process_virtual_memory_max_bytes", "process_zzz", "kata_shim_threads"}, names[57:60])
}

func checkNewlineInjection(t *testing.T, p *Pod) {
	text := metrics(t, p)
	assert.Equal(t, p.options.Rust, strings.Contains(text, "\nkata_shim_threads 666666\n"), "unescaped only from runtime-rs")
	if !p.options.Rust {
		parse(t, text)
	}
}

func checkHuge(t *testing.T, p *Pod) {
	text := metrics(t, p)
	assert.InEpsilon(t, hugeSize, len(text), 0.01)
	assert.Greater(t, len(familyNames(text)), 200_000)
}

func checkManySeries(t *testing.T, p *Pod) {
	assert.Equal(t, manySeriesCount, strings.Count(metrics(t, p), "\nkata_guest_vm_stat{"))
}

func checkMissingNewline(t *testing.T, p *Pod) {
	if !p.options.Rust {
		assert.InEpsilon(t, 37_500, len(untilSilence(t, p)), 0.08)
		return
	}
	assert.Contains(t, metrics(t, p), "0# HELP kata_hypervisor_scrape_count ")
}

func checkSpinning(t *testing.T, p *Pod) {
	if p.options.Rust {
		assert.Contains(t, metrics(t, p), "\nkata_guest_tasks{item=\"cur\" 666666\n")
		return
	}
	assert.InEpsilon(t, 37_500, len(untilSilence(t, p)), 0.08)
}

// untilSilence requests the metrics and returns all bytes that arrive until
// nothing has arrived for a while.
func untilSilence(t *testing.T, p *Pod) string {
	t.Helper()
	conn := simulatetest.Dial(t, p.SocketPath())
	_, err := io.WriteString(conn, getMetrics)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.Load().Calls > 0 }, simulatetest.Timeout, time.Millisecond)
	return string(simulatetest.ReadUntilSilence(t, conn))
}

func TestForgedSamplesAreMarked(t *testing.T) {
	for _, text := range []string{forgedHost, spoofedLabels, quotedNames, quotedNamesGo, newlineInjectionGo} {
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "#") {
				assert.True(t, strings.HasSuffix(line, " "+strconv.Itoa(ForgedValue)+"\n"), line)
			}
		}
	}
}

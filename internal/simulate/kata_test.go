package simulate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

func addKata(tb testing.TB, options KataOptions) *Kata {
	tb.Helper()
	k, err := newFleet(tb, Options{}).AddKata(options)
	require.NoError(tb, err)
	return k
}

// answer is what a shim answers, read to its end.
type answer struct {
	status   int
	header   http.Header
	encoding []string
	length   int64
	text     string
	err      error
}

// longestAnswer is where reading ends in any case.
const longestAnswer = 32 << 20

// get asks for a path on a new connection.
func get(tb testing.TB, k *Kata, path string) answer {
	tb.Helper()
	return request(tb, dial(tb, k.SocketPath()), http.MethodGet, path)
}

func request(tb testing.TB, conn net.Conn, method, path string) answer {
	tb.Helper()
	_, err := io.WriteString(conn, method+" "+path+" HTTP/1.1\r\nHost: shim\r\n\r\n")
	require.NoError(tb, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(tb, err)
	data, failed := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if failed == nil && len(data) < longestAnswer {
		require.NoError(tb, response.Body.Close())
	}
	return answer{response.StatusCode, response.Header, response.TransferEncoding, response.ContentLength, string(data), failed}
}

func body(tb testing.TB, a answer) string {
	tb.Helper()
	require.NoError(tb, a.err)
	return a.text
}

func parse(tb testing.TB, text string) map[string]*dto.MetricFamily {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	require.NoError(tb, err)
	return families
}

// samples counts the lines that hold a number.
func samples(text string) int {
	n := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			n++
		}
	}
	return n
}

func familyNames(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if rest, found := strings.CutPrefix(line, "# TYPE "); found {
			name, _, _ := strings.Cut(rest, " ")
			names = append(names, name)
		}
	}
	return names
}

func TestGoShimAnswersLikeTheCapture(t *testing.T) {
	k := addKata(t, KataOptions{})
	response := get(t, k, "/metrics")
	assert.Equal(t, []string{"chunked"}, response.encoding)
	assert.Equal(t, "text/plain; charset=utf-8", response.header.Get("Content-Type"))
	text := body(t, response)
	assert.InEpsilon(t, 70_000, len(text), 0.05, "bytes")
	assert.InEpsilon(t, 986, samples(text), 0.02, "samples")
	families := parse(t, text)
	assert.Len(t, families, 75)

	names := familyNames(text)
	last := ""
	guest := 0
	for _, name := range names {
		if strings.HasPrefix(name, "kata_guest_") || strings.HasPrefix(name, "kata_agent_") {
			guest++
			continue
		}
		assert.Zero(t, guest, "%s: host families come first", name)
		assert.Greater(t, name, last, "host families are sorted")
		last = name
	}
	assert.Equal(t, 17, guest)
	assert.True(t, strings.HasPrefix(names[0], "go_"))
	assert.True(t, strings.HasPrefix(last, "process_"))
	assert.Contains(t, text, "\nkata_guest_meminfo{item=\"mem_total\"} 2.5276510208e+10\n", "numbers as Go prints them")
	assertHistogramsAreSound(t, families)
	assert.NotEqual(t, names, familyNames(body(t, get(t, k, "/metrics"))), "the guest's families come in random order")
}

func assertHistogramsAreSound(t *testing.T, families map[string]*dto.MetricFamily) {
	t.Helper()
	histograms := 0
	for _, family := range families {
		if family.GetType() != dto.MetricType_HISTOGRAM {
			continue
		}
		for _, metric := range family.Metric {
			histograms++
			last := uint64(0)
			for _, bucket := range metric.Histogram.Bucket {
				assert.GreaterOrEqual(t, bucket.GetCumulativeCount(), last)
				last = bucket.GetCumulativeCount()
			}
			assert.Equal(t, metric.Histogram.GetSampleCount(), last)
			assert.True(t, math.IsInf(metric.Histogram.Bucket[len(metric.Histogram.Bucket)-1].GetUpperBound(), 1))
		}
	}
	assert.Equal(t, 17, histograms)
}

func TestFamiliesAreThoseOfTheCaptures(t *testing.T) {
	for name, options := range map[string]KataOptions{
		"go-shim.prom": {}, "go-shim-no-agent.prom": {NoGuest: true}, "runtime-rs-shim.prom": {Rust: true},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("../../../shared/kata/" + name)
			if os.IsNotExist(err) {
				t.Skip("the captures are not here")
			}
			require.NoError(t, err)
			captured, ours := parse(t, string(data)), parse(t, body(t, get(t, addKata(t, options), "/metrics")))
			for name, family := range captured {
				if assert.Contains(t, ours, name) {
					assert.Equal(t, family.GetType(), ours[name].GetType(), name)
					assert.Len(t, ours[name].Metric, len(family.Metric), name)
				}
			}
			assert.Len(t, ours, len(captured))
		})
	}
}

func TestRustShimAnswersLikeTheCapture(t *testing.T) {
	k := addKata(t, KataOptions{Rust: true})
	response := get(t, k, "/metrics")
	assert.Empty(t, response.encoding)
	assert.NotContains(t, response.header, "Content-Type")
	text := body(t, response)
	assert.Equal(t, response.length, int64(len(text)))
	assert.InEpsilon(t, 33_000, len(text), 0.05, "bytes")
	assert.InEpsilon(t, 606, samples(text), 0.02, "samples")
	parse(t, text)
	names := familyNames(text)
	require.Len(t, names, 26)
	assert.Equal(t, []string{
		"kata_hypervisor_scrape_count", "kata_hypervisor_seccomp", "kata_hypervisor_signals", "kata_hypervisor_vcpu",
		"kata_shim_fds", "kata_shim_io_stat", "kata_shim_proc_stat", "kata_shim_proc_status", "kata_shim_threads",
	}, names[17:], "the host part comes last")
	assert.Contains(t, text, "\nkata_guest_meminfo{item=\"mem_total\"} 25276510208\n", "numbers as Rust prints them")
	assert.NotContains(t, text, "vmpmd")

	other := body(t, get(t, addKata(t, KataOptions{Rust: true, Hypervisor: "clh"}), "/metrics"))
	assert.NotContains(t, other, "kata_hypervisor_")
	assert.Contains(t, other, "kata_shim_threads")
}

func TestUnitsDifferBetweenTheRuntimes(t *testing.T) {
	resident := func(options KataOptions, family string) float64 {
		for _, metric := range parse(t, body(t, get(t, addKata(t, options), "/metrics")))[family].Metric {
			if metric.Label[0].GetValue() == "vmrss" {
				return metric.Gauge.GetValue()
			}
		}
		return 0
	}
	assert.Greater(t, resident(KataOptions{}, "kata_shim_proc_status"), 5e7, "bytes")
	rust := resident(KataOptions{Rust: true}, "kata_shim_proc_status")
	assert.Greater(t, rust, 1e4, "KiB")
	assert.Less(t, rust, 1e6, "KiB")
	assert.Less(t, resident(KataOptions{}, "kata_agent_proc_status"), 1e6, "KiB")
}

func TestPodsWithoutAGuestAnswerWithTheHostPart(t *testing.T) {
	text := body(t, get(t, addKata(t, KataOptions{NoGuest: true}), "/metrics"))
	assert.NotContains(t, text, "kata_guest_")
	assert.InEpsilon(t, 39_400, len(text), 0.06, "bytes")
	assert.Len(t, parse(t, text), 58)
}

func TestOtherPaths(t *testing.T) {
	for _, rust := range []bool{false, true} {
		k := addKata(t, KataOptions{Rust: rust})
		assert.Equal(t, "vsock://3:1024", body(t, get(t, k, "/agent-url")))
		assert.Zero(t, k.Load().Strange)
		response := get(t, k, "/iptables")
		assert.Equal(t, http.StatusNotFound, response.status)
		assert.Equal(t, int64(1), k.Load().Strange)
		response = request(t, dial(t, k.SocketPath()), http.MethodPost, "/metrics")
		if rust {
			assert.Equal(t, http.StatusNotFound, response.status)
		} else {
			assert.Equal(t, http.StatusOK, response.status)
			assert.Positive(t, samples(body(t, response)))
		}
	}
}

func TestConnectionsAreKept(t *testing.T) {
	for _, rust := range []bool{false, true} {
		k := addKata(t, KataOptions{Rust: rust})
		conn := dial(t, k.SocketPath())
		for range 3 {
			assert.Positive(t, samples(body(t, request(t, conn, http.MethodGet, "/metrics"))))
		}
		load := k.Load()
		assert.Equal(t, int64(3), load.Calls)
		assert.Equal(t, int64(1), load.MostInFlight)
		assert.Positive(t, load.ShortestGap)
		assert.Equal(t, 1, load.Connections)
	}
}

func TestAskingADeadlyShimKillsIt(t *testing.T) {
	k := addKata(t, KataOptions{Rust: true, Hypervisor: "qemu"})
	// Connecting alone does no harm, nor does another path.
	conn := dial(t, k.SocketPath())
	assert.Equal(t, agentURL, body(t, get(t, k, "/agent-url")))
	assert.False(t, k.Aborted())

	_, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: shim\r\n\r\n")
	require.NoError(t, err)
	answer, _ := io.ReadAll(conn)
	assert.Empty(t, answer)
	assert.True(t, k.Aborted())
	_, err = host.DialUnix(t.Context(), k.SocketPath())
	assert.ErrorIs(t, err, syscall.ECONNREFUSED, "it does not come back")
}

func TestGoPodsTellWhoTheyAre(t *testing.T) {
	for style, key := range map[PodStyle]string{Containerd: "io.kubernetes.cri.sandbox-name", CRIO: "io.kubernetes.cri-o.KubeName"} {
		k := addKata(t, KataOptions{Pod: style})
		data, err := os.ReadFile(filepath.Join(filepath.Dir(k.SocketPath()), "persist.json"))
		require.NoError(t, err)
		assert.Contains(t, string(data), DecoySecret)
		var persist struct {
			HypervisorState   struct{ Type string }
			SandboxCgroupPath string
			Config            struct {
				HypervisorType   string
				ContainerConfigs []struct {
					ID          string
					Annotations map[string]string
				}
			}
		}
		require.NoError(t, json.Unmarshal(data, &persist))
		assert.Equal(t, "qemu", persist.HypervisorState.Type)
		assert.Equal(t, "qemu", persist.Config.HypervisorType)
		require.Len(t, persist.Config.ContainerConfigs, 2)
		assert.Equal(t, k.ID(), persist.Config.ContainerConfigs[0].ID)
		assert.Equal(t, k.PodName(), persist.Config.ContainerConfigs[0].Annotations[key])
		info, err := os.Stat(k.SocketPath())
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	}
}

func TestRustPodsTellTheirHypervisorOnceTheyHaveBooted(t *testing.T) {
	k := addKata(t, KataOptions{Rust: true, Hypervisor: "clh", Booting: true})
	path := filepath.Join(filepath.Dir(k.SocketPath()), "state.json")
	_, err := os.Stat(path)
	require.True(t, os.IsNotExist(err))
	require.NoError(t, k.FinishBooting())
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var state struct {
		Hypervisor struct {
			Type string `json:"hypervisor_type"`
		} `json:"hypervisor"`
		Resource struct {
			Cgroup struct{ Path string } `json:"cgroup_state"`
		} `json:"resource"`
	}
	require.NoError(t, json.Unmarshal(data, &state))
	assert.Equal(t, "clh", state.Hypervisor.Type)
	assert.Contains(t, state.Resource.Cgroup.Path, "/pod"+k.pod.uid+"/")
}

// hostFamiliesOf is how many families an honest host sends.
func hostFamiliesOf(k *Kata) int {
	if k.options.Rust {
		return 9
	}
	return 58
}

// checkKataMode proves of a mode that it does what it says.
func checkKataMode(t *testing.T, k *Kata) {
	t.Helper()
	switch k.Mode() {
	case KataRefuse:
		_, err := host.DialUnix(t.Context(), k.SocketPath())
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	case KataHangBeforeHost:
		assert.Empty(t, untilSilence(t, k))
	case KataHangAfterHost:
		text := untilSilence(t, k)
		if k.options.Rust {
			assert.Empty(t, text)
			return
		}
		assert.InEpsilon(t, 37_500, len(text), 0.08, "all of the host part but the last few KB")
		assert.NotContains(t, text, "kata_guest_")
		assert.NotContains(t, text, "\r\n0\r\n")
	case KataTrickle:
		conn := dial(t, k.SocketPath())
		_, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: shim\r\n\r\n")
		require.NoError(t, err)
		buffer := make([]byte, 64)
		for range 10 {
			n, err := conn.Read(buffer)
			require.NoError(t, err)
			assert.LessOrEqual(t, n, 5)
		}
	case KataEndless:
		assert.Len(t, body(t, get(t, k, "/metrics")), longestAnswer)
	case KataTruncated:
		truncated := get(t, k, "/metrics")
		require.ErrorIs(t, truncated.err, io.ErrUnexpectedEOF)
		assert.Greater(t, len(truncated.text), 15_000)
	case KataForgedHost:
		text := body(t, get(t, k, "/metrics"))
		for _, forged := range []string{"kata_shim_threads", "kata_hypervisor_scrape_count", "process_zzz", "go_goroutines", "up"} {
			assert.Contains(t, text, "\n"+forged+" 666666\n")
		}
		assert.Equal(t, hostFamiliesOf(k), honestHostFamilies(text))
	case KataSpoofedLabels:
		text := body(t, get(t, k, "/metrics"))
		parse(t, text)
		assert.Contains(t, text, `sandbox_id="victim"`)
		assert.Contains(t, text, `cri_namespace="kube-system"`)
		assert.Equal(t, 1, strings.Count(text, "# TYPE kata_guest_tasks "))
	case KataTypeFlips:
		families := parse(t, body(t, get(t, k, "/metrics")))
		assert.Equal(t, dto.MetricType_COUNTER, families["kata_guest_tasks"].GetType())
		assert.Equal(t, dto.MetricType_HISTOGRAM, families["kata_agent_scrape_count"].GetType())
	case KataQuotedNames:
		text := body(t, get(t, k, "/metrics"))
		if k.options.Rust {
			assert.Contains(t, text, `{"kata_shim.threads"} 666666`)
			return
		}
		names := familyNames(text)
		assert.Equal(t, []string{"process_virtual_memory_max_bytes", "process_zzz", "kata_shim_threads"}, names[57:60])
	case KataNewlineInjection:
		text := body(t, get(t, k, "/metrics"))
		assert.Equal(t, k.options.Rust, strings.Contains(text, "\nkata_shim_threads 666666\n"), "raw only from runtime-rs")
		if !k.options.Rust {
			parse(t, text)
		}
	case KataHuge:
		text := body(t, get(t, k, "/metrics"))
		assert.InEpsilon(t, KataHugeBytes, len(text), 0.01)
		assert.Greater(t, len(familyNames(text)), 200_000)
	case KataManySeries:
		assert.Equal(t, KataManySeriesCount, strings.Count(body(t, get(t, k, "/metrics")), "\nkata_guest_vm_stat{"))
	case KataMissingNewline:
		if !k.options.Rust {
			assert.InEpsilon(t, 37_500, len(untilSilence(t, k)), 0.08)
			return
		}
		assert.Contains(t, body(t, get(t, k, "/metrics")), "0# HELP kata_hypervisor_scrape_count ")
	default:
		t.Fatal("no check for this mode")
	}
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

// untilSilence is all the bytes that come before nothing comes any more.
func untilSilence(t *testing.T, k *Kata) string {
	t.Helper()
	conn := dial(t, k.SocketPath())
	_, err := io.WriteString(conn, "GET /metrics HTTP/1.1\r\nHost: shim\r\n\r\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return k.Load().Calls > 0 }, patience, time.Millisecond)
	return string(readUntilSilence(t, conn))
}

func TestEachKataModeDoesWhatItSays(t *testing.T) {
	for _, mode := range kataModes {
		for _, rust := range []bool{false, true} {
			t.Run(string(mode.Mode)+map[bool]string{false: "/go", true: "/runtime-rs"}[rust], func(t *testing.T) {
				assert.NotEmpty(t, mode.About)
				checkKataMode(t, addKata(t, KataOptions{Mode: mode.Mode, Rust: rust}))
			})
		}
	}
}

func TestHostilePodsStopWithTheirFleet(t *testing.T) {
	for _, mode := range kataModes {
		t.Run(string(mode.Mode), func(t *testing.T) {
			fleet := newFleet(t, Options{Hostile: map[Mode]int{mode.Mode: 1}})
			k := fleet.Kata()[0]
			if mode.Mode != KataRefuse {
				_, err := io.WriteString(dial(t, k.SocketPath()), "GET /metrics HTTP/1.1\r\nHost: shim\r\n\r\n")
				require.NoError(t, err)
				require.Eventually(t, func() bool { return k.Load().Calls > 0 }, patience, time.Millisecond)
			}
			require.NoError(t, fleet.Close(), "while the request is under way")
		})
	}
}

func TestUnknownKataModesAreRefused(t *testing.T) {
	_, err := newFleet(t, Options{}).AddKata(KataOptions{Mode: Stall})
	assert.ErrorContains(t, err, "stall")
}

func TestHostMetricsAreThoseOfThisProcess(t *testing.T) {
	var metrics hostMetrics
	language, process, err := metrics.parts()
	require.NoError(t, err)
	assert.True(t, bytes.HasPrefix(language, []byte("# HELP go_")))
	assert.True(t, bytes.HasPrefix(process, []byte("# HELP process_")))
	assert.Len(t, familyNames(string(language)), 29)
	assert.Len(t, familyNames(string(process)), 9)
	again, _, err := metrics.parts()
	require.NoError(t, err)
	assert.Same(t, &language[0], &again[0], "taken once for many pods")
}

func BenchmarkGoShimText(b *testing.B) {
	k := addKata(b, KataOptions{})
	var parts kataParts
	b.ReportAllocs()
	for b.Loop() {
		if err := parts.fill(k, time.Hour); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(len(parts.host) + len(parts.guest)))
}

package reader

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Minimal responses have just enough families for a host part.
const (
	minimalGo = "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n" +
		"# TYPE process_virtual_memory_max_bytes gauge\nprocess_virtual_memory_max_bytes 1.8446744073709552e+19\n"
	minimalRust = "# HELP kata_shim_fds x\n# TYPE kata_shim_fds gauge\nkata_shim_fds 7\n" +
		"# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n"
)

// sampleTests are lines in the guest part, in the naming "otel".
var sampleTests = []struct {
	name    string
	lines   []string
	want    []string // points of the guest
	dropped string
}{
	{
		"valid",
		[]string{`kata_guest_load{item="load1"} 1.0700000524520874`},
		[]string{"kata.guest.cpu.load_average.1m{} 1.07"},
		"",
	},
	{"malformed", []string{"kata_agent_threads nine", "kata_agent_threads{ 9", "!"}, nil, "malformed 3"},
	{
		"foreign",
		[]string{"up 1", "kata_monitor_running_shim_count 1", `target_info{service_name="x"} 1`, "kata_agent 1"},
		nil,
		"foreign 4",
	},
	{"quoted names", []string{`{"kata_shim.threads"} 1`, `{"process.zzz"} 1`}, nil, "foreign 2"},
	{"unknown families", []string{"kata_guest_new 1", "kata_agent_process_open_fds 4"}, nil, "unknown 2"},
	{"unknown item", []string{`kata_guest_load{item="load60"} 1`}, nil, "unknown 1"},
	{"missing item", []string{"kata_guest_load 1"}, nil, "bad_label 1"},
	{
		"additional labels",
		[]string{
			`kata_guest_load{item="load1",sandbox_id="victim"} 1`,
			`kata_agent_threads{cri_namespace="kube-system"} 1`,
			`kata_agent_threads{job="x"} 1`,
		},
		nil,
		"bad_label 3",
	},
	{"le and quantile", []string{`kata_guest_load{item="load1",le="1"} 1`, `kata_agent_threads{quantile="1"} 1`}, nil, "bad_label 2"},
	{"missing label", []string{`kata_guest_netdev_stat{item="recv_bytes"} 1`}, nil, "bad_label 1"},
	{"empty label", []string{`kata_guest_netdev_stat{interface="",item="recv_bytes"} 1`}, nil, "bad_label 1"},
	{
		"control characters",
		[]string{
			`kata_guest_netdev_stat{interface="a\nb",item="recv_bytes"} 1`,
			"kata_guest_netdev_stat{interface=\"\x7f\",item=\"recv_bytes\"} 1",
			"kata_guest_netdev_stat{interface=\"\u0085\",item=\"recv_bytes\"} 1",
		},
		nil,
		"bad_label 3",
	},
	{"invalid UTF-8", []string{"kata_guest_netdev_stat{interface=\"\xc2\",item=\"recv_bytes\"} 1"}, nil, "malformed 1"},
	{
		"UTF-8",
		[]string{`kata_guest_netdev_stat{interface="ß",item="recv_bytes"} 1`},
		[]string{"kata.guest.network.io{network.interface.name=ß,network.io.direction=receive} 1"},
		"",
	},
	{
		"long label",
		[]string{`kata_guest_netdev_stat{interface="` + strings.Repeat("x", 300) + `",item="recv_bytes"} 1`},
		nil,
		"limit 1",
	},
	{"long line", []string{"kata_agent_threads 1" + strings.Repeat(" ", 5000)}, nil, "limit 1"},
	{"many labels", []string{`kata_agent_threads{a="",b="",c="",d="",e="",f="",g="",h="",i=""} 1`}, nil, "limit 1"},
	{
		"CPU numbers",
		[]string{
			`kata_guest_cpu_time{cpu="01",item="user"} 1`,
			`kata_guest_cpu_time{cpu="1024",item="user"} 1`,
			`kata_guest_cpu_time{cpu="x",item="user"} 1`,
			`kata_guest_cpu_time{cpu="1023",item="user"} 1`,
		},
		[]string{"kata.guest.cpu.logical.time{cpu.logical_number=1023,cpu.mode=user} 1"},
		"bad_label 3",
	},
	{
		"duplicates",
		[]string{"kata_agent_threads 1", "kata_agent_threads 2", "kata_agent_threads 1"},
		[]string{"kata.agent.thread.count{} 1"},
		"duplicate 2",
	},
	{
		"duplicate with reordered labels",
		[]string{
			`kata_guest_netdev_stat{interface="a",item="recv_bytes"} 1`,
			`kata_guest_netdev_stat{item="recv_bytes",interface="a"} 2`,
		},
		[]string{"kata.guest.network.io{network.interface.name=a,network.io.direction=receive} 1"},
		"duplicate 1",
	},
	{
		"swapped label values",
		[]string{
			`kata_guest_filesystem_bytes{device="a",mount="b",item="used"} 1`,
			`kata_guest_filesystem_bytes{device="b",mount="a",item="used"} 2`,
		},
		[]string{
			"kata.guest.filesystem.usage{system.device=a,system.filesystem.mountpoint=b,system.filesystem.state=used} 1",
			"kata.guest.filesystem.usage{system.device=b,system.filesystem.mountpoint=a,system.filesystem.state=used} 2",
		},
		"",
	},
	{"not finite", []string{"kata_agent_threads NaN", "kata_agent_threads +Inf", "kata_agent_threads -inf"}, nil, "non_finite 3"},
	{
		"timestamp",
		[]string{"kata_agent_threads 1 1600000000000", "kata_agent_threads 2"},
		[]string{"kata.agent.thread.count{} 2"},
		"timestamped 1",
	},
	{
		"zero counter",
		[]string{`kata_guest_cpu_time{cpu="0",item="user"} 0`},
		[]string{"kata.guest.cpu.logical.time{cpu.logical_number=0,cpu.mode=user} 0"},
		"",
	},
	{"negative counter", []string{`kata_guest_cpu_time{cpu="0",item="user"} -1`}, nil, "negative 1"},
	{"negative gauge", []string{`kata_agent_threads -1`}, []string{"kata.agent.thread.count{} -1"}, ""},
	{
		"wrong declared types",
		[]string{"# TYPE kata_agent_threads counter", "kata_agent_threads 1", "# TYPE kata_agent_threads histogram", ""},
		[]string{"kata.agent.thread.count{} 1"},
		"",
	},
	{
		"histogram of the host",
		[]string{
			`kata_shim_rpc_durations_histogram_milliseconds_bucket{action="create",le="1"} 1`,
			`kata_shim_rpc_durations_histogram_milliseconds_count{action="create"} 1`,
		},
		nil,
		"forged 2",
	},
	{
		"host families",
		[]string{
			"kata_shim_threads 1", "kata_hypervisor_threads 1", "kata_virtiofsd_fds 1",
			"kata_shim_new 1", "process_cpu_seconds_total 1", "kata_hypervisor_scrape_count 1",
		},
		nil,
		"forged 6",
	},
	{"family of passive readings", []string{`kata_cgroup_cpu{item="user"} 1`}, nil, "foreign 1"},
	{"fractional count", []string{"kata_agent_threads 1.5"}, []string{"kata.agent.thread.count{} 1.5"}, ""},
	{
		"vmstat keys",
		[]string{
			`kata_guest_vm_stat{item="nr_free_pages"} 5`,
			`kata_guest_vm_stat{item="oom_kill"} 6`,
			`kata_guest_vm_stat{item="brand_new"} 7`,
		},
		[]string{
			"kata.guest.vmstat.pages{kata.vmstat.key=nr_free_pages} 5",
			"kata.guest.memory.oom_kills{} 6",
			"kata.guest.vmstat.other{kata.vmstat.key=brand_new} 7",
		},
		"",
	},
}

// TestSamples checks the rules for individual samples.
func TestSamples(t *testing.T) {
	for _, test := range sampleTests {
		for _, flavor := range []catalog.Flavor{catalog.Go, catalog.Rust} {
			t.Run(fmt.Sprint(test.name, " ", flavor), func(t *testing.T) {
				settings := settingsFor(t, "otel")
				guest := "# TYPE kata_guest_tasks gauge\n" + strings.Join(test.lines, "\n") + "\n"
				text := guest + minimalRust
				want := []string{"kata.shim.file_descriptor.count{} 7", "kata.shim.thread.count{} 9"}
				if flavor == catalog.Go {
					text = minimalGo + guest
					want = want[1:]
				}
				want = append(want, test.want...)
				reading := read(t, New(flavor, "clh", settings), text)
				var got []string
				for series, value := range points(settings, reading) {
					value, _, _ = strings.Cut(value, " ")
					got = append(got, series+" "+value)
				}
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("points %q\nwant %q", got, want)
				}
				if got := dropped(reading); got != test.dropped {
					t.Errorf("dropped %q, want %q", got, test.dropped)
				}
			})
		}
	}
}

// TestHostValues checks the conversions of values that only the host has.
func TestHostValues(t *testing.T) {
	for _, test := range []struct {
		name, text       string
		otel, prometheus string // values in each naming, empty if there is no point
	}{
		{"process missing", "kata_virtiofsd_threads 0", "", "0"},
		{"process present", "kata_virtiofsd_threads 3", "3", "3"},
		{"wrapped", "kata_shim_pod_overhead_memory_in_bytes 1.8446744073709519e+19", "-32768", "1.8446744073709519e+19"},
		{
			"lowest wrapped", "kata_shim_pod_overhead_memory_in_bytes 9.223372036854776e+18",
			"-9.223372036854776e+18", "9.223372036854776e+18",
		},
		{"not wrapped", "kata_shim_pod_overhead_memory_in_bytes 1.71966464e+08", "1.71966464e+08", "1.71966464e+08"},
		{"not yet known", "kata_shim_pod_overhead_cpu 0", "", "0"},
		{"negative overhead", "kata_shim_pod_overhead_cpu -2.5", "-2.5", "-2.5"},
		{"unlimited", "process_virtual_memory_max_bytes 1.8446744073709552e+19", "", "1.8446744073709552e+19"},
		{"limited", "process_virtual_memory_max_bytes 1e+09", "1e+09", "1e+09"},
		{"no Go memory limit", "go_gc_gomemlimit_bytes 9.223372036854776e+18", "", "9.223372036854776e+18"},
		{"duplicate of another metric", "process_open_fds 11", "", "11"},
	} {
		for _, naming := range sandbox.Namings {
			want := test.otel
			if naming == "prometheus" {
				want = test.prometheus
			}
			settings := settingsFor(t, naming)
			name, _, _ := strings.Cut(test.text, " ")
			reading := read(t, New(catalog.Go, "qemu", settings), "# TYPE "+name+" gauge\n"+test.text+"\n")
			got := ""
			for _, value := range points(settings, reading) {
				got, _, _ = strings.Cut(value, " ")
			}
			if got != want || dropped(reading) != "" {
				t.Errorf("%s, %s: value %q, want %q; dropped %q", test.name, naming, got, want, dropped(reading))
			}
		}
	}
}

// TestNumbers checks which values become integers.
func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		value      float64
		fractional bool
		want       sandbox.Number
	}{
		{5, false, sandbox.Int(5)},
		{-5, false, sandbox.Int(-5)},
		{1 << 60, false, sandbox.Int(1 << 60)},
		{5, true, sandbox.Float(5)},
		{5.5, false, sandbox.Float(5.5)},
		{1 << 63, false, sandbox.Float(1 << 63)},
		{-(1 << 63), false, sandbox.Int(math.MinInt64)},
		{-1e300, false, sandbox.Float(-1e300)},
	} {
		if got := number(test.value, test.fractional); got != test.want {
			t.Errorf("number(%v, %v) is %v, want %v", test.value, test.fractional, got, test.want)
		}
	}
}

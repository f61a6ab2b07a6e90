package reader

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// flavors are the shapes of answers.
var flavors = []struct {
	flavor     catalog.Flavor
	hypervisor string
}{
	{catalog.Go, "qemu"}, {catalog.Go, "firecracker"}, {catalog.Rust, "dragonball"}, {catalog.Rust, "clh"},
}

// TestWholeAnswers reads answers with everything in them: each sample has to
// become a point, or be one that the catalog gives no name.
func TestWholeAnswers(t *testing.T) {
	for _, shape := range flavors {
		for _, naming := range sandbox.Namings {
			t.Run(fmt.Sprint(shape.flavor, " ", shape.hypervisor, " ", naming), func(t *testing.T) {
				settings := settingsFor(t, naming)
				host, guest := hostText(shape.flavor, shape.hypervisor), guestText(shape.flavor)
				reading := newReading()
				if err := New(shape.flavor, shape.hypervisor, settings).Read(strings.NewReader(answer(shape.flavor, host, guest)), reading); err != nil {
					t.Fatal(err)
				}
				if got := dropped(reading); got != "" {
					t.Errorf("dropped %s", got)
				}
				if reading.ResponseSize != len(host)+len(guest) {
					t.Errorf("%d bytes, want %d", reading.ResponseSize, len(host)+len(guest))
				}
				want := expected(t, settings, shape.flavor, host+guest)
				if diff := difference(points(settings, reading), want); diff != "" {
					t.Error(diff)
				}
				checkGrouped(t, settings, reading)
			})
		}
	}
}

// expected works out, from a text of one sample per line and by other means
// than the reader, which points it has to become.
func expected(t *testing.T, settings *Settings, flavor catalog.Flavor, text string) map[string]string {
	t.Helper()
	want := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		series, value, _ := strings.Cut(line, " ")
		name, labels, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		if strings.HasSuffix(name, "_bucket") || strings.HasSuffix(name, "_sum") || strings.Contains(labels, "quantile=") {
			continue
		}
		family := catalog.For(flavor).Family([]byte(name))
		distribution := family == nil
		if distribution {
			name = strings.TrimSuffix(name, "_count")
			family = catalog.For(flavor).Family([]byte(name))
		}
		item, texts := "", map[string]string{}
		for label := range strings.SplitSeq(labels, ",") {
			if key, text, found := strings.Cut(label, "="); found && key == "item" {
				item = strings.Trim(text, `"`)
			} else if found {
				texts[key] = strings.Trim(text, `"`)
			}
		}
		items := family.Items
		if family.OnlyText != "" && texts["cpu"] == family.OnlyText {
			items = family.Only
		}
		var row *catalog.Row
		other := false
		if at := items.Find([]byte(item), -1); at >= 0 {
			row = &items[at]
		} else {
			row, other = family.Other([]byte(item)), true
		}
		form := settings.naming.Of(&row.Family)
		if form.Name == "" {
			continue
		}
		var all []string
		for i, label := range family.Labels {
			if form.LabelKeys[i] != "" {
				all = append(all, form.LabelKeys[i]+"="+texts[label.Key])
			}
		}
		if other {
			all = append(all, form.LabelKeys[0]+"="+item)
		}
		for _, attribute := range form.Attributes {
			all = append(all, attribute.Key+"="+attribute.Value)
		}
		slices.Sort(all)
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		value = strconv.FormatFloat(number, 'g', -1, 64)
		if distribution {
			value = expectedDistribution(form.Kind, number)
		}
		want[form.Name+"{"+strings.Join(all, ",")+"}"] = fmt.Sprintf("%s kind %d origin %d", value, form.Kind, row.Family.Origin)
	}
	return want
}

// expectedDistribution is the one that [writeSamples] writes with this count.
func expectedDistribution(kind sandbox.Kind, count float64) string {
	if kind == sandbox.Histogram {
		each := count / float64(len(catalog.BoundTexts))
		return fmt.Sprintf("%v %v %v %v []", count, 100*each, catalog.Bounds, slices.Repeat([]float64{each}, len(catalog.BoundTexts)))
	}
	var quantiles []sandbox.Quantile
	for i, at := range catalog.Quantiles {
		quantiles = append(quantiles, sandbox.Quantile{Quantile: at, Value: count + float64(i)})
	}
	return fmt.Sprintf("%v %v [] [] %v", count, 5*count, quantiles)
}

// checkGrouped checks that the points of each metric stand together.
func checkGrouped(t *testing.T, settings *Settings, reading *sandbox.Reading) {
	t.Helper()
	seen := map[string]bool{}
	last := ""
	for i := range reading.Points {
		name := settings.naming.Of(reading.Points[i].Family).Name
		if name != last && seen[name] {
			t.Errorf("the points of %s do not stand together", name)
		}
		seen[name], last = true, name
	}
}

func TestDefaultPreset(t *testing.T) {
	for _, shape := range flavors {
		settings := settingsFor(t, "otel", func(o *Options) { o.Families = "default" })
		reading := newReading()
		body := answer(shape.flavor, hostText(shape.flavor, shape.hypervisor), guestText(shape.flavor))
		if err := New(shape.flavor, shape.hypervisor, settings).Read(strings.NewReader(body), reading); err != nil {
			t.Fatal(err)
		}
		if count := len(reading.Points); count < 40 || count >= 100 {
			t.Errorf("%v %s: %d points, want 40 to 99", shape.flavor, shape.hypervisor, count)
		}
		got := points(settings, reading)
		for _, series := range []string{
			"kata.shim.thread.count{}", "kata.shim.cpu.time{cpu.mode=user}", "kata.guest.cpu.time{cpu.mode=idle}",
			"kata.guest.memory.available{}", "kata.guest.network.io{network.interface.name=eth0,network.io.direction=receive}",
			"kata.guest.filesystem.usage{system.device=vda,system.filesystem.mountpoint=/,system.filesystem.state=used}",
		} {
			if _, found := got[series]; !found {
				t.Errorf("%v %s: %s is missing", shape.flavor, shape.hypervisor, series)
			}
		}
	}
}

func TestFilterFamily(t *testing.T) {
	for _, test := range []struct {
		prefixes []string
		want     []string // prefixes of all points
	}{
		{[]string{"kata_shim_go"}, []string{"kata_shim_go_"}},
		{[]string{"go_"}, nil}, // the renamed name counts
		{[]string{"kata_guest_load", "kata_agent_threads"}, []string{"kata_guest_load{", "kata_agent_threads{"}},
		{[]string{"kata_guest", "kata_guest_load"}, []string{"kata_guest_"}},
		{[]string{"kata"}, []string{"kata_"}},
	} {
		settings := settingsFor(t, "prometheus", func(o *Options) { o.FilterFamily = test.prefixes })
		reading := newReading()
		body := hostText(catalog.Go, "qemu") + guestText(catalog.Go)
		if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(body), reading); err != nil {
			t.Fatal(err)
		}
		found := make([]bool, len(test.want))
		for series := range points(settings, reading) {
			at := slices.IndexFunc(test.want, func(prefix string) bool { return strings.HasPrefix(series, prefix) })
			if at < 0 {
				t.Errorf("%q: %s should not be there", test.prefixes, series)
			} else {
				found[at] = true
			}
		}
		if slices.Contains(found, false) {
			t.Errorf("%q: found %v of %q", test.prefixes, found, test.want)
		}
		if got := dropped(reading); got != "" {
			t.Errorf("%q: what a filter leaves out counts as dropped: %s", test.prefixes, got)
		}
	}
}

// miniature answers hold the fewest families that are a host part.
const (
	miniGo   = "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n# TYPE process_virtual_memory_max_bytes gauge\nprocess_virtual_memory_max_bytes 1.8446744073709552e+19\n"
	miniRust = "# HELP kata_shim_fds x\n# TYPE kata_shim_fds gauge\nkata_shim_fds 7\n# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n"
)

// TestSamples checks the rules of single samples, those the guest's on both
// flavors.
func TestSamples(t *testing.T) {
	for _, test := range []struct {
		name, guest string
		want        []string // guest points, besides those of the host
		dropped     string
	}{
		{"good", `kata_guest_load{item="load1"} 1.0700000524520874`, []string{"kata.guest.cpu.load_average.1m{} 1.07"}, ""},
		{"malformed", "kata_agent_threads nine\nkata_agent_threads{ 9\n!", nil, "malformed 3"},
		{"foreign", "up 1\nkata_monitor_running_shim_count 1\ntarget_info{service_name=\"x\"} 1\nkata_agent 1", nil, "foreign 4"},
		{"quoted", `{"kata_shim.threads"} 1` + "\n" + `{"process.zzz"} 1`, nil, "foreign 2"},
		{"unknown family", "kata_guest_new 1\nkata_agent_process_open_fds 4", nil, "unknown 2"},
		{"unknown item", `kata_guest_load{item="load60"} 1`, nil, "unknown 1"},
		{"no item", "kata_guest_load 1", nil, "bad_label 1"},
		{"another label", `kata_guest_load{item="load1",sandbox_id="victim"} 1` + "\n" + `kata_agent_threads{cri_namespace="kube-system"} 1` + "\n" + `kata_agent_threads{job="x"} 1`, nil, "bad_label 3"},
		{"le and quantile", `kata_guest_load{item="load1",le="1"} 1` + "\n" + `kata_agent_threads{quantile="1"} 1`, nil, "bad_label 2"},
		{"missing label", `kata_guest_netdev_stat{item="recv_bytes"} 1`, nil, "bad_label 1"},
		{"empty label", `kata_guest_netdev_stat{interface="",item="recv_bytes"} 1`, nil, "bad_label 1"},
		{"control characters", `kata_guest_netdev_stat{interface="a\nb",item="recv_bytes"} 1` + "\nkata_guest_netdev_stat{interface=\"\x7f\",item=\"recv_bytes\"} 1\nkata_guest_netdev_stat{interface=\"\u0085\",item=\"recv_bytes\"} 1", nil, "bad_label 3"},
		{"not UTF-8", "kata_guest_netdev_stat{interface=\"\xc2\",item=\"recv_bytes\"} 1", nil, "malformed 1"},
		{"UTF-8", `kata_guest_netdev_stat{interface="ß",item="recv_bytes"} 1`, []string{"kata.guest.network.io{network.interface.name=ß,network.io.direction=receive} 1"}, ""},
		{"long label", `kata_guest_netdev_stat{interface="` + strings.Repeat("x", 300) + `",item="recv_bytes"} 1`, nil, "limit 1"},
		{"long line", "kata_agent_threads 1" + strings.Repeat(" ", 5000), nil, "limit 1"},
		{"many labels", `kata_agent_threads{a="",b="",c="",d="",e="",f="",g="",h="",i=""} 1`, nil, "limit 1"},
		{
			"cpu numbers", `kata_guest_cpu_time{cpu="01",item="user"} 1` + "\n" + `kata_guest_cpu_time{cpu="1024",item="user"} 1` + "\n" + `kata_guest_cpu_time{cpu="x",item="user"} 1` + "\n" + `kata_guest_cpu_time{cpu="1023",item="user"} 1`,
			[]string{"kata.guest.cpu.logical.time{cpu.logical_number=1023,cpu.mode=user} 1"},
			"bad_label 3",
		},
		{"duplicate", "kata_agent_threads 1\nkata_agent_threads 2\nkata_agent_threads 1", []string{"kata.agent.thread.count{} 1"}, "duplicate 2"},
		{
			"same in another order", `kata_guest_netdev_stat{interface="a",item="recv_bytes"} 1` + "\n" + `kata_guest_netdev_stat{item="recv_bytes",interface="a"} 2`,
			[]string{"kata.guest.network.io{network.interface.name=a,network.io.direction=receive} 1"},
			"duplicate 1",
		},
		{
			"two labels change places", `kata_guest_filesystem_bytes{device="a",mount="b",item="used"} 1` + "\n" + `kata_guest_filesystem_bytes{device="b",mount="a",item="used"} 2`,
			[]string{"kata.guest.filesystem.usage{system.device=a,system.filesystem.mountpoint=b,system.filesystem.state=used} 1", "kata.guest.filesystem.usage{system.device=b,system.filesystem.mountpoint=a,system.filesystem.state=used} 2"},
			"",
		},
		{"not finite", "kata_agent_threads NaN\nkata_agent_threads +Inf\nkata_agent_threads -inf", nil, "non_finite 3"},
		{"timestamped", "kata_agent_threads 1 1600000000000\nkata_agent_threads 2", []string{"kata.agent.thread.count{} 2"}, "timestamped 1"},
		{"negative counter", `kata_guest_cpu_time{cpu="0",item="user"} -1`, nil, "negative 1"},
		{"negative level", `kata_agent_threads -1`, []string{"kata.agent.thread.count{} -1"}, ""},
		{"flipped type", "# TYPE kata_agent_threads counter\nkata_agent_threads 1\n# TYPE kata_agent_threads histogram\n", []string{"kata.agent.thread.count{} 1"}, ""},
		{"histogram of the host", `kata_shim_rpc_durations_histogram_milliseconds_bucket{action="create",le="1"} 1` + "\n" + `kata_shim_rpc_durations_histogram_milliseconds_count{action="create"} 1`, nil, "forged 2"},
		{"host families", "kata_shim_threads 1\nkata_hypervisor_threads 1\nkata_virtiofsd_fds 1\nkata_shim_new 1\nprocess_cpu_seconds_total 1\nkata_hypervisor_scrape_count 1", nil, "forged 6"},
		{"read on the host", `kata_cgroup_cpu{item="user"} 1`, nil, "foreign 1"},
		{"fraction of a count", "kata_agent_threads 1.5", []string{"kata.agent.thread.count{} 1.5"}, ""},
		{
			"key of vmstat", `kata_guest_vm_stat{item="nr_free_pages"} 5` + "\n" + `kata_guest_vm_stat{item="oom_kill"} 6` + "\n" + `kata_guest_vm_stat{item="brand_new"} 7`,
			[]string{"kata.guest.vmstat.pages{kata.vmstat.key=nr_free_pages} 5", "kata.guest.memory.oom_kills{} 6", "kata.guest.vmstat.other{kata.vmstat.key=brand_new} 7"},
			"",
		},
	} {
		for _, flavor := range []catalog.Flavor{catalog.Go, catalog.Rust} {
			t.Run(fmt.Sprint(test.name, " ", flavor), func(t *testing.T) {
				settings := settingsFor(t, "otel")
				body := "# TYPE kata_guest_tasks gauge\n" + test.guest + "\n" + miniRust
				want := []string{"kata.shim.file_descriptor.count{} 7", "kata.shim.thread.count{} 9"}
				if flavor == catalog.Go {
					body = miniGo + "# TYPE kata_guest_tasks gauge\n" + test.guest + "\n"
					want = want[1:]
				}
				want = append(want, test.want...)
				reading := newReading()
				if err := New(flavor, "clh", settings).Read(strings.NewReader(body), reading); err != nil {
					t.Fatal(err)
				}
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

// TestHostValues checks what is special about values that only the host has.
func TestHostValues(t *testing.T) {
	for _, test := range []struct {
		name, text string
		otel, peer string // the value in each naming, empty if there is no point
	}{
		{"no such process", "kata_virtiofsd_threads 0", "", "0"},
		{"a process", "kata_virtiofsd_threads 3", "3", "3"},
		{"wrapped", "kata_shim_pod_overhead_memory_in_bytes 1.8446744073709519e+19", "-32768", "1.8446744073709519e+19"},
		{"not wrapped", "kata_shim_pod_overhead_memory_in_bytes 1.71966464e+08", "1.71966464e+08", "1.71966464e+08"},
		{"not known yet", "kata_shim_pod_overhead_cpu 0", "", "0"},
		{"negative overhead", "kata_shim_pod_overhead_cpu -2.5", "-2.5", "-2.5"},
		{"unlimited", "process_virtual_memory_max_bytes 1.8446744073709552e+19", "", "1.8446744073709552e+19"},
		{"limited", "process_virtual_memory_max_bytes 1e+09", "1e+09", "1e+09"},
		{"no Go memory limit", "go_gc_gomemlimit_bytes 9.223372036854776e+18", "", "9.223372036854776e+18"},
		{"said elsewhere", "process_open_fds 11", "", "11"},
	} {
		for _, naming := range sandbox.Namings {
			want := test.otel
			if naming == "prometheus" {
				want = test.peer
			}
			settings := settingsFor(t, naming)
			reading := newReading()
			name, _, _ := strings.Cut(test.text, " ")
			if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader("# TYPE "+name+" gauge\n"+test.text+"\n"), reading); err != nil {
				t.Fatal(err)
			}
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

// TestNumbers checks which points hold integers.
func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		value float64
		real  bool
		want  sandbox.Number
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
		if got := number(test.value, test.real); got != test.want {
			t.Errorf("number(%v, %v) is %v, want %v", test.value, test.real, got, test.want)
		}
	}
}

const histogramName = "kata_shim_rpc_durations_histogram_milliseconds"

// histogramText is a histogram with these values of its buckets.
func histogramText(action string, values []float64, sum, count string) string {
	var out strings.Builder
	for i, value := range values {
		fmt.Fprintf(&out, "%s_bucket{action=%q,le=%q} %v\n", histogramName, action, catalog.BoundTexts[i], value)
	}
	if sum != "" {
		fmt.Fprintf(&out, "%s_sum{action=%q} %s\n", histogramName, action, sum)
	}
	if count != "" {
		fmt.Fprintf(&out, "%s_count{action=%q} %s\n", histogramName, action, count)
	}
	return out.String()
}

func TestHistograms(t *testing.T) {
	good := []float64{0, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}
	whole := histogramText("wait", good, "8", "3")
	const want = "3 8 [1 2 4 8 16 32 64 128 256 512] [0 1 0 1 0 0 0 0 0 0 1] []"
	for _, test := range []struct {
		name, text string
		want       int // histograms
		dropped    string
	}{
		{"whole", whole, 1, ""},
		{"two", whole + histogramText("kill", good, "8", "3"), 2, ""},
		{"action", strings.ReplaceAll(whole, "wait", "w-t"), 0, "bad_label 13"},
		{"of nothing", histogramText("wait", make([]float64, 11), "0", "0"), 1, ""},
		{"twice", whole + whole, 1, "duplicate 1"},
		{"not cumulative", histogramText("wait", []float64{1, 0, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"count differs", histogramText("wait", good, "8", "4"), 0, "inconsistent 1"},
		{"bucket missing", histogramText("wait", good[:10], "8", "2"), 0, "inconsistent 1"},
		{"other bounds", strings.Replace(whole, `le="2"`, `le="3"`, 1), 0, "inconsistent 1"},
		{"buckets change places", strings.NewReplacer(`le="2"`, `le="4"`, `le="4"`, `le="2"`).Replace(whole), 0, "inconsistent 1"},
		{"negative", histogramText("wait", []float64{-1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"fraction", histogramText("wait", []float64{0.5, 1, 1, 2, 2, 2, 2, 2, 2, 2, 3}, "8", "3"), 0, "inconsistent 1"},
		{"not a number", strings.Replace(whole, `le="1"} 0`, `le="1"} NaN`, 1), 0, "inconsistent 1"},
		{"sum not a number", histogramText("wait", good, "NaN", "3"), 0, "inconsistent 1"},
		{"no sum", histogramText("wait", good, "", "3"), 0, "inconsistent 1"},
		{"no count", histogramText("wait", good, "8", "") + histogramText("kill", good, "8", "3"), 1, "inconsistent 1"},
		{"cut off", histogramText("wait", good, "8", ""), 0, "inconsistent 1"},
		{"bucket behind the sum", histogramText("wait", good[:10], "8", "") + histogramName + `_bucket{action="wait",le="+Inf"} 3` + "\n" + histogramText("wait", nil, "", "3"), 0, "inconsistent 1"},
		{"two sums", histogramText("wait", good, "8", "") + histogramText("wait", nil, "8", "3"), 0, "inconsistent 1"},
		{"no bound", histogramName + `_bucket{action="wait"} 1` + "\n", 0, "inconsistent 1"},
		{"bare name", histogramName + `{action="wait"} 1` + "\n", 0, "unknown 1"},
		{"another label", strings.ReplaceAll(whole, "{action", `{x="y",action`), 0, "bad_label 13"},
		{"bad line within", strings.Replace(whole, "_sum", "_sum!", 1), 0, "malformed 1, inconsistent 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := settingsFor(t, "prometheus")
			reading := newReading()
			body := "# TYPE " + histogramName + " histogram\n" + test.text + "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n"
			if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(body), reading); err != nil {
				t.Fatal(err)
			}
			if got := len(reading.Points) - 1; got != test.want {
				t.Errorf("%d histograms, want %d", got, test.want)
			}
			if got := dropped(reading); got != test.dropped {
				t.Errorf("dropped %q, want %q", got, test.dropped)
			}
			value, found := points(settings, reading)[histogramName+"{action=wait}"]
			if found && test.name != "of nothing" && !strings.HasPrefix(value, want) {
				t.Errorf("got %s, want %s", value, want)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	text := func(values, sum, count string) string {
		var out strings.Builder
		out.WriteString("# TYPE go_gc_duration_seconds summary\n")
		for i, value := range strings.Fields(values) {
			fmt.Fprintf(&out, "go_gc_duration_seconds{quantile=%q} %s\n", catalog.QuantileTexts[i], value)
		}
		fmt.Fprintf(&out, "go_gc_duration_seconds_sum %s\ngo_gc_duration_seconds_count %s\n", sum, count)
		return out.String()
	}
	for _, test := range []struct {
		name, text    string
		naming        sandbox.Naming
		want, dropped string
	}{
		{"whole", text("1 2 3 4 5", "15", "5"), "otel", "5 15 [] [] [{0 1} {0.25 2} {0.5 3} {0.75 4} {1 5}]", ""},
		{"empty, as Prometheus has it", text("NaN NaN NaN NaN NaN", "0", "0"), "prometheus", "0 0 [] [] [{0 NaN} {0.25 NaN} {0.5 NaN} {0.75 NaN} {1 NaN}]", ""},
		{"empty", text("NaN NaN NaN NaN NaN", "0", "0"), "otel", "0 0 [] [] []", ""},
		{"quantile missing", text("1 2 3 4", "15", "5"), "otel", "", "inconsistent 1"},
		{"count is no count", text("1 2 3 4 5", "15", "-1"), "otel", "", "inconsistent 1"},
		{"sum is no number", text("1 2 3 4 5", "NaN", "5"), "otel", "", "inconsistent 1"},
		{"bucket", strings.Replace(text("1 2 3 4 5", "15", "5"), "_sum", "_bucket", 1), "otel", "", "unknown 1, inconsistent 2"},
	} {
		settings := settingsFor(t, test.naming)
		reading := newReading()
		if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(test.text), reading); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, value := range points(settings, reading) {
			got, _, _ = strings.Cut(value, " kind")
		}
		if got != test.want || dropped(reading) != test.dropped {
			t.Errorf("%s: %q, dropped %q, want %q, %q", test.name, got, dropped(reading), test.want, test.dropped)
		}
	}
}

// TestGoBorder checks where the host part of a Go shim ends.
func TestGoBorder(t *testing.T) {
	family := func(name, samples string) string { return "# TYPE " + name + " gauge\n" + samples + "\n" }
	threads, fds := family("kata_shim_threads", "kata_shim_threads 9"), family("kata_shim_fds", "kata_shim_fds 7")
	last := family("process_virtual_memory_max_bytes", "process_virtual_memory_max_bytes 5")
	for _, test := range []struct {
		name, text string
		want       string // host values
		dropped    string
	}{
		{"in order", fds + threads + last, "5 7 9", ""},
		{"out of order", threads + fds, "9", "forged 1"},
		{"declared again", threads + family("kata_shim_threads", "kata_shim_threads 1"), "9", "forged 1"},
		{"declared again, last of all", last + family("process_virtual_memory_max_bytes", "process_virtual_memory_max_bytes 1"), "5", "forged 1"},
		{"after the last", last + family("process_zzz", "process_zzz 1") + threads, "5", "forged 2"},
		{"after a guest family", fds + family("kata_guest_load", `kata_guest_load{item="load1"} 1`) + threads, "7", "forged 1"},
		{"after a guest family that is in order", family("go_threads", "go_threads 5") + family("kata_agent_threads", "kata_agent_threads 1") + threads, "5", "forged 1"},
		{"after a foreign family", fds + family("up", "up 1") + threads, "7", "forged 1, foreign 1"},
		{"after a new host family", fds + family("kata_shim_new", "kata_shim_new 1") + threads, "7 9", "unknown 1"},
		{"after a new host histogram", fds + "# TYPE kata_shim_new histogram\nkata_shim_new_bucket{le=\"+Inf\"} 1\nkata_shim_new_sum 1\nkata_shim_new_count 1\n" + threads, "7 9", "unknown 3"},
		{"without declarations", "kata_shim_fds 7\nkata_shim_threads 9\nkata_shim_fds 1\n", "7 9", "forged 1"},
		{"only a declaration of the guest", fds + "# TYPE kata_agent_threads gauge\n" + threads, "7", "forged 1"},
		{"a mark of runtime-rs", fds + "# HELP kata_shim_fds x\n" + threads, "7 9", ""},
	} {
		settings := settingsFor(t, "prometheus")
		reading := newReading()
		if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(test.text), reading); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, value := range hostPoints(settings, reading) {
			value, _, _ = strings.Cut(value, " ")
			got = append(got, value)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != test.want || dropped(reading) != test.dropped {
			t.Errorf("%s: values %v, dropped %q, want %s, %q", test.name, got, dropped(reading), test.want, test.dropped)
		}
	}
}

// TestRustBorder checks where the host parts of runtime-rs begin.
func TestRustBorder(t *testing.T) {
	const (
		shim       = "# HELP kata_shim_fds Kata\n# TYPE kata_shim_fds gauge\nkata_shim_fds 7\nkata_shim_threads 9\n"
		forged     = "# HELP kata_shim_fds Kata\n# TYPE kata_shim_fds gauge\nkata_shim_fds 1\nkata_shim_threads 1\n"
		dragonball = "# HELP kata_hypervisor_scrape_count Hypervisor\nkata_hypervisor_scrape_count 5\nkata_hypervisor_signals{item=\"sigbus\"} 6\n"
		fake       = "# HELP kata_hypervisor_scrape_count Hypervisor\nkata_hypervisor_scrape_count 2\nkata_hypervisor_signals{item=\"sigbus\"} 2\n"
		guest      = "kata_agent_threads 3\n"
	)
	for _, test := range []struct {
		name, hypervisor, text string
		want                   string // host values
		guests                 int
		dropped                string
	}{
		{"honest", "clh", guest + shim, "7 9", 1, ""},
		{"honest Dragonball", "dragonball", guest + dragonball + shim, "5 6 7 9", 1, ""},
		{"no guest", "clh", shim, "7 9", 0, ""},
		{"forged part", "clh", forged + guest + shim, "7 9", 1, "forged 2"},
		{"forged part twice", "clh", forged + forged + guest + shim, "7 9", 1, "forged 4"},
		{"forged samples without a mark", "clh", "kata_shim_threads 1\n" + guest + shim, "7 9", 1, "forged 1"},
		{"no newline at the end of the guest's text", "clh", strings.TrimSuffix(guest, "\n") + shim, "7 9", 1, ""},
		{"half a line at the end of the guest's text", "clh", guest + `kata_guest_load{item="` + shim, "7 9", 1, "malformed 1"},
		{"very long line at the end of the guest's text", "clh", guest + strings.Repeat("x", 100_000) + shim, "7 9", 1, "limit 1"},
		{"mark in a label", "clh", `kata_guest_netdev_stat{interface="# HELP kata_shim_fds ",item="recv_bytes"} 1` + "\n" + guest + shim, "7 9", 1, "malformed 1"},
		{"hypervisor of another", "clh", dragonball + guest + shim, "7 9", 1, "forged 2"},
		{"forged Dragonball", "dragonball", fake + guest + dragonball + shim, "5 6 7 9", 1, "forged 2"},
		{"all forged, then all true", "dragonball", fake + forged + guest + dragonball + shim, "5 6 7 9", 1, "forged 4"},
		{"forged shim before Dragonball", "dragonball", forged + guest + dragonball + shim, "5 6 7 9", 1, "forged 2"},
		{"shim family among Dragonball's", "dragonball", guest + dragonball + "kata_shim_threads 1\n" + shim, "5 6 7 9", 1, "forged 1"},
		{"hypervisor family in the shim's part", "dragonball", guest + dragonball + shim + "kata_hypervisor_vcpu{cpu_id=\"0\",item=\"failures\"} 1\n", "5 6 7 9", 1, "forged 1"},
		{"new family of the shim", "clh", guest + shim + "kata_shim_new 1\n", "7 9", 1, "unknown 1"},
		{"family of Go in the shim's part", "clh", guest + shim + "go_threads 1\n", "7 9", 1, "unknown 1"},
	} {
		settings := settingsFor(t, "prometheus")
		reading := newReading()
		if err := New(catalog.Rust, test.hypervisor, settings).Read(strings.NewReader(test.text), reading); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got []string
		for _, value := range hostPoints(settings, reading) {
			value, _, _ = strings.Cut(value, " ")
			got = append(got, value)
		}
		slices.Sort(got)
		guests := len(reading.Points) - len(got)
		if strings.Join(got, " ") != test.want || guests != test.guests || dropped(reading) != test.dropped {
			t.Errorf("%s: values %v, %d of the guest, dropped %q, want %s, %d, %q", test.name, got, guests, dropped(reading), test.want, test.guests, test.dropped)
		}
	}
}

// TestDragonballAlone: the shim's own part comes last, so an answer that ends
// before it is not one of a shim.
func TestDragonballAlone(t *testing.T) {
	body := "kata_agent_threads 3\n" + hypervisorMark + "x\nkata_hypervisor_scrape_count 5\n"
	reading := newReading()
	err := New(catalog.Rust, "dragonball", settingsFor(t, "prometheus")).Read(strings.NewReader(body), reading)
	if sandbox.OutcomeOf(err) != sandbox.Malformed || len(reading.Points) != 0 {
		t.Errorf("%d points, error %v", len(reading.Points), err)
	}
}

// timeout is the error of a connection whose deadline has passed.
var timeout = &net.OpError{Op: "read", Net: "unix", Err: os.ErrDeadlineExceeded}

// TestBroken checks what becomes of answers that break off.
func TestBroken(t *testing.T) {
	goHost, rustHost := hostText(catalog.Go, "qemu"), hostText(catalog.Rust, "clh")
	guest := guestText(catalog.Go)
	for _, test := range []struct {
		name    string
		flavor  catalog.Flavor
		text    string
		err     error // in place of the end
		limit   int64
		outcome sandbox.Outcome
		some    bool // points
	}{
		{"whole", catalog.Go, goHost + guest, nil, 0, sandbox.OK, true},
		{"no guest, as of confidential pods", catalog.Go, goHost, nil, 0, sandbox.OK, true},
		{"whole of runtime-rs", catalog.Rust, guest + rustHost, nil, 0, sandbox.OK, true},
		{"no guest of runtime-rs", catalog.Rust, rustHost, nil, 0, sandbox.OK, true},
		{"empty", catalog.Go, "", nil, 0, sandbox.Refused, false},
		{"empty of runtime-rs", catalog.Rust, "", nil, 0, sandbox.Refused, false},
		{"not an exposition", catalog.Go, "404 page not found\n", nil, 0, sandbox.Malformed, false},
		{"only the guest", catalog.Go, guest, nil, 0, sandbox.Malformed, false},
		{"only the guest of runtime-rs", catalog.Rust, guest, nil, 0, sandbox.Malformed, false},
		{"forged part, then no samples of the shim", catalog.Rust, rustHost + guest + shimMark + "x\n", nil, 0, sandbox.Malformed, false},
		{"stalled in the guest part", catalog.Go, goHost + guest[:1000], timeout, 0, sandbox.Partial, true},
		{"stalled in the host part", catalog.Go, goHost[:1000], timeout, 0, sandbox.Partial, true},
		{"stalled at once", catalog.Go, "", timeout, 0, sandbox.Timeout, false},
		{"stalled before the first sample", catalog.Go, "# HELP go_gc", timeout, 0, sandbox.Timeout, false},
		{"stalled of runtime-rs", catalog.Rust, guest, timeout, 0, sandbox.Timeout, false},
		// A guest could have written the host part that has come so far.
		{"stalled after a host part of runtime-rs", catalog.Rust, guest + rustHost, timeout, 0, sandbox.Timeout, false},
		{"context", catalog.Go, "", context.DeadlineExceeded, 0, sandbox.Timeout, false},
		{"canceled", catalog.Go, goHost, context.Canceled, 0, sandbox.Canceled, false},
		{"cut off", catalog.Go, goHost, io.ErrUnexpectedEOF, 0, sandbox.Partial, true},
		{"cut off at once", catalog.Go, "", io.ErrUnexpectedEOF, 0, sandbox.Disconnected, false},
		{"reset", catalog.Go, "", syscall.ECONNRESET, 0, sandbox.Disconnected, false},
		{"in mid-line", catalog.Go, goHost + "kata_gue", nil, 0, sandbox.Partial, true},
		{"in mid-line of runtime-rs", catalog.Rust, guest + rustHost + "kata_", nil, 0, sandbox.Disconnected, false},
		{"too large", catalog.Go, goHost + guest, nil, int64(len(goHost)) + 100, sandbox.Partial, true},
		{"too large at once", catalog.Go, strings.Repeat("#", 1000), nil, 100, sandbox.Oversize, false},
		{"too large of runtime-rs", catalog.Rust, guest + rustHost, nil, int64(len(guest)), sandbox.Oversize, false},
		{"at the limit", catalog.Rust, guest + rustHost, nil, int64(len(guest) + len(rustHost)), sandbox.OK, true},
		{"failure of the client", catalog.Go, "", sandbox.Failf(sandbox.Malformed, "bad chunk"), 0, sandbox.Malformed, false},
		{"failure of the client after host data", catalog.Go, goHost, sandbox.Failf(sandbox.Malformed, "bad chunk"), 0, sandbox.Partial, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := settingsFor(t, "otel", func(o *Options) { o.MaxResponseSize = test.limit })
			var body io.Reader = strings.NewReader(test.text)
			if test.err != nil {
				body = io.MultiReader(body, iotest.ErrReader(test.err))
			}
			reading := newReading()
			err := New(test.flavor, "clh", settings).Read(body, reading)
			if got := sandbox.OutcomeOf(err); got != test.outcome {
				t.Errorf("outcome %q (%v), want %q", got, err, test.outcome)
			}
			if test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("error %v does not tell that %v", err, test.err)
			}
			if some := len(reading.Points) > 0; some != test.some {
				t.Errorf("%d points", len(reading.Points))
			}
		})
	}
}

// TestSalvage cuts an answer after every line and within: all whole lines of
// the host count.
func TestSalvage(t *testing.T) {
	settings := settingsFor(t, "prometheus", func(o *Options) { o.FilterFamily = []string{"kata_shim_proc", "kata_shim_threads"} })
	host := hostText(catalog.Go, "qemu")
	rd := New(catalog.Go, "qemu", settings)
	most := 0
	for cut := 0; cut < len(host); cut += 97 {
		reading := newReading()
		if err := rd.Read(io.MultiReader(strings.NewReader(host[:cut]), iotest.ErrReader(timeout)), reading); err == nil {
			t.Fatal("no error for an answer that broke off")
		}
		whole := host[:strings.LastIndexByte(host[:cut], '\n')+1]
		want := strings.Count(whole, "\nkata_shim_proc_stat") + strings.Count(whole, "\nkata_shim_threads ") + strings.Count(whole, "\nprocess_")
		if len(reading.Points) != want {
			t.Errorf("cut at %d: %d points, want %d", cut, len(reading.Points), want)
		}
		most = max(most, want)
	}
	if most < 20 {
		t.Errorf("at most %d points: the test does not test", most)
	}
}

func TestStart(t *testing.T) {
	text := func(seconds string) string {
		return "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds " + seconds + "\n"
	}
	fallback := time.Unix(created, 0)
	for _, test := range []struct {
		name, text string
		flavor     catalog.Flavor
		want       time.Time
	}{
		{"plausible", text(fmt.Sprint(started, ".25")), catalog.Go, time.Unix(started, 250e6)},
		{"in Go's spelling", text("1.7999999981e+09"), catalog.Go, time.Unix(1_799_999_998, 100e6)},
		{"in the future", text(fmt.Sprint(pulled + 1)), catalog.Go, fallback},
		{"long before the sandbox", text(fmt.Sprint(created - 601)), catalog.Go, fallback},
		{"none", "# TYPE kata_shim_threads gauge\nkata_shim_threads 9\n", catalog.Go, fallback},
		{"zero", text("0"), catalog.Go, fallback},
		{"negative", text("-1"), catalog.Go, fallback},
		{"not a number", text("NaN"), catalog.Go, fallback},
		{"beyond time", text("1e300"), catalog.Go, fallback},
		{"of the guest", miniGo + text(fmt.Sprint(started)), catalog.Go, fallback},
		{"of the guest of runtime-rs", text(fmt.Sprint(started)) + miniRust, catalog.Rust, fallback},
	} {
		for _, families := range []Families{"default", "all"} {
			settings := settingsFor(t, "otel", func(o *Options) { o.Families = families })
			reading := newReading()
			if err := New(test.flavor, "clh", settings).Read(strings.NewReader(test.text), reading); err != nil {
				t.Fatal(err)
			}
			if !reading.Start.Equal(test.want) {
				t.Errorf("%s, %s: start %v, want %v", test.name, families, reading.Start, test.want)
			}
		}
	}
	// The first start stays.
	rd := New(catalog.Go, "qemu", settingsFor(t, "otel"))
	for _, seconds := range []int{started, started + 1} {
		reading := newReading()
		if err := rd.Read(strings.NewReader(text(fmt.Sprint(seconds))), reading); err != nil || !reading.Start.Equal(time.Unix(started, 0)) {
			t.Errorf("start %v, error %v", reading.Start, err)
		}
	}
}

package catalog

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// eachRow calls a function with every row of both catalogs.
func eachRow(visit func(flavor Flavor, text *TextFamily, row *Row)) {
	for flavor := range flavors {
		for _, text := range For(flavor).Families {
			for row := range text.Rows {
				visit(flavor, text, row)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for _, test := range []struct {
		flavor       Flavor
		family, item string
		otel         string // name, unit, kind, scale, attributes
		peer         string // name, kind, attributes
	}{
		{Go, "kata_shim_threads", "", "kata.shim.thread.count {thread} 2 0 []", "kata_shim_threads 0 []"},
		{Go, "kata_shim_proc_stat", "utime", "kata.shim.cpu.time s 1 0.01 [{cpu.mode user}]", "kata_shim_proc_stat 0 [{item utime}]"},
		{Go, "kata_shim_proc_status", "vmrss", "kata.shim.memory.usage By 2 1 []", "kata_shim_proc_status 0 [{item vmrss}]"},
		{Rust, "kata_shim_proc_status", "vmrss", "kata.shim.memory.usage By 2 1024 []", "kata_shim_proc_status 0 [{item vmrss}]"},
		{Rust, "kata_shim_proc_status", "vmpmd", "", ""},
		{Go, "kata_shim_io_stat", "readbytes", "kata.shim.disk.io By 1 0 [{disk.io.direction read}]", "kata_shim_io_stat 0 [{item readbytes}]"},
		{Go, "kata_shim_io_stat", "read_bytes", "", ""},
		{Rust, "kata_shim_io_stat", "read_bytes", "kata.shim.disk.io By 1 0 [{disk.io.direction read}]", "kata_shim_io_stat 0 [{item read_bytes}]"},
		{Rust, "kata_shim_io_stat", "readbytes", "", ""},
		{Go, "kata_hypervisor_proc_status", "vmrss", "kata.hypervisor.memory.usage By 2 1 []", "kata_hypervisor_proc_status 0 [{item vmrss}]"},
		{Rust, "kata_hypervisor_proc_status", "vmrss", "kata.hypervisor.memory.usage By 2 1 []", "kata_hypervisor_proc_status 0 [{item vmrss}]"},
		{Go, "kata_agent_proc_status", "vmrss", "kata.agent.memory.usage By 2 1024 []", "kata_agent_proc_status 0 [{item vmrss}]"},
		{Go, "kata_agent_scrape_count", "", "kata.agent.scrape.count {scrape} 1 0 []", "kata_agent_scrape_count 1 []"},
		{Go, "kata_guest_cpu_time", "idle", "kata.guest.logical_cpu.time s 1 0.001 [{cpu.mode idle}]", "kata_guest_cpu_time 0 [{item idle}]"},
		{Go, "kata_guest_diskstat", "sectors_read", "kata.guest.disk.io By 1 512 [{disk.io.direction read}]", "kata_guest_diskstat 0 [{item sectors_read}]"},
		{Go, "kata_guest_meminfo", "hugepages_free", "kata.guest.memory.hugepages_free {page} 2 0 []", "kata_guest_meminfo 0 [{item hugepages_free}]"},
		{Go, "go_info", "", "kata.shim.go.info {process} 0 0 []", "kata_shim_go_info 0 []"},
		{Go, "process_cpu_seconds_total", "", " 0 0 []", "kata_shim_process_cpu_seconds_total 1 []"},
		{Rust, "go_info", "", "", ""},
		{Go, "kata_shim_rpc_durations_histogram_milliseconds", "", "kata.shim.rpc.duration s 3 0.001 []", "kata_shim_rpc_durations_histogram_milliseconds 3 []"},
		{Go, "kata_firecracker_latencies_us", "pause_vm", "kata.firecracker.latencies.pause_vm s 0 1e-06 []", "kata_firecracker_latencies_us 0 [{item pause_vm}]"},
		{Go, "kata_firecracker_net", "rx_bytes_count", "kata.firecracker.net.rx_bytes_count By 0 0 []", "kata_firecracker_net 0 [{item rx_bytes_count}]"},
		{Rust, "kata_cgroup_cpu", "user", "kata.cgroup.cpu.time s 1 0 [{cpu.mode user}]", " 0 []"},
		{Rust, "kata_hypervisor_vcpu", "exit_io_in", "kata.hypervisor.vcpu.exits {exit} 1 0 [{kata.vcpu.exit.reason io_in}]", "kata_hypervisor_vcpu 0 [{item exit_io_in}]"},
		{Go, "kata_hypervisor_vcpu", "exit_io_in", "", ""},
		{Go, "kata_shim_threads", "x", "", ""},
		{Go, "up", "", "", ""},
	} {
		otel, peer := "", ""
		if found := Lookup(test.flavor, test.family, test.item); found != nil {
			form := found.OTel
			otel = strings.TrimLeft(fmt.Sprintf("%s %s %d %v %v", form.Name, form.Unit, form.Kind, form.Scale, form.Attributes), " ")
			form = found.Prometheus
			peer = fmt.Sprintf("%s %d %v", form.Name, form.Kind, form.Attributes)
		}
		if otel != strings.TrimLeft(test.otel, " ") || peer != test.peer {
			t.Errorf("Lookup(%v, %q, %q) is\n%q, %q, want\n%q, %q", test.flavor, test.family, test.item, otel, peer, test.otel, test.peer)
		}
	}
}

// units are all that the catalog may use: UCUM, with what is counted in
// braces.
var units = regexp.MustCompile(`^(By|s|1|%|\{[a-z_]+\})$`)

var otelName = regexp.MustCompile(`^kata(\.[a-z0-9]+(_[a-z0-9]+)*)+$`)

// TestMetricsAreWhole checks that rows with the same name make up one metric,
// in which no two are the same series.
func TestMetricsAreWhole(t *testing.T) {
	type shape struct {
		description, unit string
		kind              sandbox.Kind
		origin            sandbox.Origin
	}
	shapes := map[string]shape{}
	series := map[string]string{}
	for _, peer := range []bool{false, true} {
		clear(shapes)
		eachRow(func(flavor Flavor, text *TextFamily, row *Row) {
			form := row.Family.OTel
			if peer {
				form = row.Family.Prometheus
			}
			if form.Name == "" {
				return
			}
			place := fmt.Sprintf("%v: %s{item=%q}", flavor, text.Name, row.Item)
			now := shape{form.Description, form.Unit, form.Kind, row.Family.Origin}
			if before, found := shapes[form.Name]; found && before != now {
				t.Errorf("%s: %s is %v here, but %v elsewhere", place, form.Name, now, before)
			}
			shapes[form.Name] = now

			// Rows of all CPUs and of one have the same peer and different texts.
			key := fmt.Sprint(flavor, form.Name, form.Attributes, form.LabelKeys, peer && slices.ContainsFunc(text.Only, func(only Row) bool { return only.Index == row.Index }))
			isOther := slices.ContainsFunc(text.others, func(other Row) bool { return other.Index == row.Index })
			if before, found := series[key]; found && !isOther {
				t.Errorf("%s is the same series as %s: %s", place, before, key)
			}
			series[key] = place
		})
	}
}

func TestNames(t *testing.T) {
	names := map[string]bool{}
	eachRow(func(flavor Flavor, text *TextFamily, row *Row) {
		form := row.Family.OTel
		switch {
		case form.Name == "" && row.Instead == "":
			t.Errorf("%v: %s{item=%q} has no name and no reason", flavor, text.Name, row.Item)
		case form.Name == "":
		case !otelName.MatchString(form.Name) || !units.MatchString(form.Unit) || !strings.HasSuffix(form.Description, ".") || strings.Contains(form.Description, "{}"):
			t.Errorf("%v: %s{item=%q} is called %q, unit %q, description %q", flavor, text.Name, row.Item, form.Name, form.Unit, form.Description)
		}
		names[form.Name] = true
		keys := slices.Clone(form.LabelKeys)
		for _, attribute := range form.Attributes {
			keys = append(keys, attribute.Key)
		}
		slices.Sort(keys)
		for i, key := range keys {
			if key != "" && i > 0 && keys[i-1] == key {
				t.Errorf("%v: %s{item=%q} has the attribute %s twice", flavor, text.Name, row.Item, key)
			}
		}
	})
	for name := range names {
		for other := range names {
			if strings.HasPrefix(other, name+".") && name != "" {
				t.Errorf("%s is a metric and, for %s, a namespace", name, other)
			}
		}
	}
}

// TestLabelsAreNoIdentity checks that no label is called like one of those that
// say, on every point in the naming "prometheus", which sandbox it is about.
func TestLabelsAreNoIdentity(t *testing.T) {
	identity := []string{"sandbox_id", "cri_uid", "cri_name", "cri_namespace", "job", "instance"}
	eachRow(func(_ Flavor, text *TextFamily, row *Row) {
		for _, key := range row.Family.Prometheus.LabelKeys {
			if slices.Contains(identity, key) {
				t.Errorf("%s has the label %s", text.Name, key)
			}
		}
	})
}

func TestIndexes(t *testing.T) {
	for flavor := range flavors {
		c := For(flavor)
		count := 0
		for _, text := range c.Families {
			for row := range text.Rows {
				count++
				if c.Rows[row.Index] != row {
					t.Errorf("%v: row %d is not at its index", flavor, row.Index)
				}
			}
			if !slices.IsSortedFunc(text.Items, func(a, b Row) int { return strings.Compare(a.Item, b.Item) }) {
				t.Errorf("%v: items of %s are not in order", flavor, text.Name)
			}
		}
		if count != len(c.Rows) {
			t.Errorf("%v: %d rows have an index, want %d", flavor, len(c.Rows), count)
		}
	}
}

func TestSections(t *testing.T) {
	sections := map[Section]string{Guest: "kata_agent_ kata_guest_", Hypervisor: "kata_hypervisor_", Shim: "go_ kata_cgroup_ kata_firecracker_ kata_shim_ kata_virtiofsd_ process_"}
	for flavor := range flavors {
		for _, text := range For(flavor).Families {
			if !hasPrefix([]byte(text.Name), strings.Fields(sections[text.Section])) {
				t.Errorf("%s is in section %v", text.Name, text.Section)
			}
			if text.InText && text.Section == Guest != IsGuestName([]byte(text.Name)) || text.InText && text.Section != Guest != IsHostName([]byte(text.Name)) {
				t.Errorf("%s is in section %v, but its name says otherwise", text.Name, text.Section)
			}
		}
	}
	for name, want := range map[string][2]bool{"up": {}, "go_": {}, "go_x": {true, false}, "kata_guest_x": {false, true}, "kata_monitor_x": {}, "": {}} {
		if got := [2]bool{IsHostName([]byte(name)), IsGuestName([]byte(name))}; got != want {
			t.Errorf("%q: host and guest name %v, want %v", name, got, want)
		}
	}
	if got := For(Go).LastHost; got != "process_virtual_memory_max_bytes" {
		t.Errorf("last host family is %s", got)
	}
}

// TestLabelsOfRustHostParts: where a host part of runtime-rs begins is only known
// at the end of an answer. Labels that need memory would take it from the true
// part for a forged one.
func TestLabelsOfRustHostParts(t *testing.T) {
	for _, text := range For(Rust).Families {
		for _, label := range text.Labels {
			if text.InText && text.Section != Guest && label.Text != CPUNumber {
				t.Errorf("%s has the label %s", text.Name, label.Key)
			}
		}
	}
}

func TestFind(t *testing.T) {
	items := For(Go).Family([]byte("kata_shim_proc_stat")).Items // cstime cutime stime utime
	for _, test := range []struct {
		item       string
		last, want int
	}{
		{"cstime", -1, 0},
		{"cutime", 0, 1},
		{"utime", 2, 3},
		{"utime", -1, 3},
		{"cstime", 3, 0},
		{"cstime", 17, 0},
		{"stime", 2, 2},
		{"", -1, -1},
		{"a", -1, -1},
		{"d", 0, -1},
		{"z", 3, -1},
	} {
		if got := items.Find([]byte(test.item), test.last); got != test.want {
			t.Errorf("Find(%q, %d) is %d, want %d", test.item, test.last, got, test.want)
		}
	}
	name, item := []byte("kata_shim_proc_stat"), []byte("stime")
	if allocations := testing.AllocsPerRun(100, func() {
		For(Go).Family(name).Items.Find(item, 0)
	}); allocations != 0 {
		t.Errorf("a look-up makes %v allocations, want none", allocations)
	}
}

func TestClassifyVMStat(t *testing.T) {
	for kind, keys := range map[vmStat]string{
		vmStatLevel:     "nr_free_pages nr_dirty nr_dirty_threshold nr_unstable nr_writeback nr_mlock nr_zspages nr_future_thing workingset_nodes",
		vmStatSize:      "nr_kernel_stack",
		vmStatPages:     "nr_dirtied nr_written nr_throttled_written nr_vmscan_write nr_vmscan_immediate_reclaim nr_foll_pin_acquired nr_foll_pin_released workingset_refault_anon workingset_nodereclaim pgalloc_normal pgfree pgsteal_kswapd pgscan_direct pgactivate pswpin unevictable_pgs_culled slabs_scanned",
		vmStatFaults:    "pgfault pgmajfault numa_hint_faults numa_hint_faults_local",
		vmStatTransfers: "pgpgin pgpgout",
		vmStatEvents:    "nr_tlb_remote_flush numa_hit thp_fault_alloc compact_stall allocstall_normal drop_slab swap_ra swap_ra_hit zswpin balloon_inflate direct_map_level2_splits oom_kill kswapd_low_wmark_hit_quickly pgscan_direct_throttle",
		vmStatUnknown:   "x nr workingset pgp allocstall oom_killer nr-x \xff",
	} {
		for key := range strings.FieldsSeq(keys) {
			// pgp is of the pages only by its first two letters.
			want := kind
			if key == "pgp" {
				want = vmStatPages
			}
			if got := classifyVMStat([]byte(key)); got != want {
				t.Errorf("%q is kind %d, want %d", key, got, want)
			}
		}
	}
}

// TestCounters checks the truth about families that their text calls gauges.
func TestCounters(t *testing.T) {
	got := map[string]bool{}
	eachRow(func(_ Flavor, text *TextFamily, row *Row) { got[text.Name+" "+row.Item] = row.Counter })
	for name, want := range map[string]bool{
		"kata_shim_proc_stat utime": true, "kata_shim_proc_status vmrss": false, "kata_shim_io_stat rchar": true,
		"kata_guest_netdev_stat recv_bytes": true, "kata_guest_diskstat in_progress": false, "kata_guest_load load1": false,
		"kata_guest_vm_stat pgmajfault": true, "kata_firecracker_net rx_count": false, "kata_agent_total_time ": false,
		"process_cpu_seconds_total ": true, "kata_hypervisor_scrape_count ": true,
	} {
		if counts, found := got[name]; !found || counts != want {
			t.Errorf("%s: counter %v (found %v), want %v", name, counts, found, want)
		}
	}
}

// TestDefaultPresetIsBounded checks that the default preset has no row whose
// number grows with the guest, except for network interfaces and file systems.
func TestDefaultPresetIsBounded(t *testing.T) {
	labeled := map[string]bool{}
	eachRow(func(_ Flavor, text *TextFamily, row *Row) {
		if row.Usual && len(row.Family.OTel.LabelKeys) > 0 && row.Family.OTel.LabelKeys[0] != "" {
			labeled[text.Name] = true
		}
	})
	want := []string{"kata_guest_filesystem_bytes", "kata_guest_netdev_stat", "kata_hypervisor_netdev"}
	if got := slices.Sorted(maps.Keys(labeled)); !slices.Equal(got, want) {
		t.Errorf("families with labels in the default preset: %v, want %v", got, want)
	}
}

package catalog

import (
	"fmt"
	"strings"
	"testing"
)

type lookupTest struct {
	flavor       Flavor
	family, item string
	otel         string // name, unit, kind, scale, attributes
	prometheus   string // name, kind, attributes
}

var lookupTests = []lookupTest{
	{
		Go, "kata_shim_threads", "",
		"kata.shim.thread.count {thread} 2 0 []", "kata_shim_threads 0 []",
	},
	{
		Go, "kata_shim_proc_stat", "utime",
		"kata.shim.cpu.time s 1 0.01 [{cpu.mode user}]", "kata_shim_proc_stat 0 [{item utime}]",
	},
	{
		Go, "kata_shim_proc_status", "vmrss",
		"kata.shim.memory.usage By 2 1 []", "kata_shim_proc_status 0 [{item vmrss}]",
	},
	{
		Rust, "kata_shim_proc_status", "vmrss",
		"kata.shim.memory.usage By 2 1024 []", "kata_shim_proc_status 0 [{item vmrss}]",
	},
	{Rust, "kata_shim_proc_status", "vmpmd", "", ""},
	{
		Go, "kata_shim_io_stat", "readbytes",
		"kata.shim.disk.io By 1 0 [{disk.io.direction read}]", "kata_shim_io_stat 0 [{item readbytes}]",
	},
	{Go, "kata_shim_io_stat", "read_bytes", "", ""},
	{
		Rust, "kata_shim_io_stat", "read_bytes",
		"kata.shim.disk.io By 1 0 [{disk.io.direction read}]", "kata_shim_io_stat 0 [{item read_bytes}]",
	},
	{Rust, "kata_shim_io_stat", "readbytes", "", ""},
	{
		Go, "kata_hypervisor_proc_status", "vmrss",
		"kata.hypervisor.memory.usage By 2 1 []", "kata_hypervisor_proc_status 0 [{item vmrss}]",
	},
	{
		Rust, "kata_hypervisor_proc_status", "vmrss",
		"kata.hypervisor.memory.usage By 2 1 []", "kata_hypervisor_proc_status 0 [{item vmrss}]",
	},
	{
		Go, "kata_agent_proc_status", "vmrss",
		"kata.agent.memory.usage By 2 1024 []", "kata_agent_proc_status 0 [{item vmrss}]",
	},
	{
		Go, "kata_agent_scrape_count", "",
		"kata.agent.scrapes {scrape} 1 0 []", "kata_agent_scrape_count 1 []",
	},
	{
		Go, "kata_guest_cpu_time", "idle",
		"kata.guest.cpu.logical.time s 1 0.001 [{cpu.mode idle}]", "kata_guest_cpu_time 0 [{item idle}]",
	},
	{
		Go, "kata_guest_diskstat", "sectors_read",
		"kata.guest.disk.io By 1 512 [{disk.io.direction read}]", "kata_guest_diskstat 0 [{item sectors_read}]",
	},
	{
		Go, "kata_guest_meminfo", "hugepages_free",
		"kata.guest.memory.hugepages.free {page} 2 0 []", "kata_guest_meminfo 0 [{item hugepages_free}]",
	},
	{
		Go, "go_info", "",
		"kata.shim.go.info {process} 0 0 []", "kata_shim_go_info 0 []",
	},
	{
		Go, "process_cpu_seconds_total", "",
		" 0 0 []", "kata_shim_process_cpu_seconds_total 1 []",
	},
	{Rust, "go_info", "", "", ""},
	{
		Go, "kata_shim_rpc_durations_histogram_milliseconds", "",
		"kata.shim.rpc.server.call.duration s 3 0.001 []", "kata_shim_rpc_durations_histogram_milliseconds 3 []",
	},
	{
		Go, "kata_firecracker_latencies_us", "pause_vm",
		"kata.firecracker.latencies.pause_vm s 0 1e-06 []", "kata_firecracker_latencies_us 0 [{item pause_vm}]",
	},
	{
		Go, "kata_firecracker_net", "rx_bytes_count",
		"kata.firecracker.net.rx_bytes_count By 0 0 []", "kata_firecracker_net 0 [{item rx_bytes_count}]",
	},
	{
		Rust, "kata_cgroup_cpu", "user",
		"kata.cgroup.cpu.time s 1 0 [{cpu.mode user}]", " 0 []",
	},
	{
		Rust, "kata_hypervisor_vcpu", "exit_io_in",
		"kata.hypervisor.vcpu.exits {exit} 1 0 [{kata.vcpu.exit.reason io_in}]", "kata_hypervisor_vcpu 0 [{item exit_io_in}]",
	},
	{Go, "kata_hypervisor_vcpu", "exit_io_in", "", ""},
	{Go, "kata_shim_threads", "x", "", ""},
	{Go, "up", "", "", ""},
}

func TestLookup(t *testing.T) {
	for _, test := range lookupTests {
		otel, prometheus := "", ""
		if found := Lookup(test.flavor, test.family, test.item); found != nil {
			d := found.OTel
			otel = strings.TrimLeft(fmt.Sprintf("%s %s %d %v %v", d.Name, d.Unit, d.Kind, d.Scale, d.Attributes), " ")
			d = found.Prometheus
			prometheus = fmt.Sprintf("%s %d %v", d.Name, d.Kind, d.Attributes)
		}
		if otel != strings.TrimLeft(test.otel, " ") || prometheus != test.prometheus {
			t.Errorf("Lookup(%v, %q, %q) returned\n%q, %q, want\n%q, %q",
				test.flavor, test.family, test.item, otel, prometheus, test.otel, test.prometheus)
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
			t.Errorf("Find(%q, %d) returned %d, want %d", test.item, test.last, got, test.want)
		}
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	name, item := []byte("kata_shim_proc_stat"), []byte("stime")
	if allocations := testing.AllocsPerRun(100, func() {
		For(Go).Family(name).Items.Find(item, 0)
	}); allocations != 0 {
		t.Errorf("%v allocations per lookup, want none", allocations)
	}
}

package passive

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

func TestReadRuntimeRS(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50, 102, 103)
	m.run(t, 102, "virtiofsd", 60)
	m.run(t, 103, "qemu-system-x86", 70)
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/cpu.stat"),
		"usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\nthrottled_usec 500000\n")
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/cpu.max"), "150000 100000\n")
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/memory.current"), "4096\n")
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/memory.max"), "8192\n")
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/memory.events"), "oom_kill 2\n")

	samples := NewProbe(m.roots(), Sandbox{Flavor: catalog.Rust, Shim: 101, Cgroup: "/kubepods/pod1"}).Read()
	for prefix, want := range map[string][]string{
		"kata_shim": {
			"kata_shim_threads{,} 1",
			"kata_shim_proc_stat{utime,} 1011", "kata_shim_proc_stat{stime,} 1012",
			"kata_shim_proc_stat{cutime,} 1013", "kata_shim_proc_stat{cstime,} 1014",
			"kata_shim_proc_status{vmrss,} 101", "kata_shim_proc_status{voluntary_ctxt_switches,} 7",
			"kata_shim_io_stat{rchar,} 1015", "kata_shim_io_stat{read_bytes,} 1016",
		},
		"kata_hypervisor_proc_status": {
			fmt.Sprintf("kata_hypervisor_proc_status{vmrss,} %v", 103.*1024),
			"kata_hypervisor_proc_status{voluntary_ctxt_switches,} 7",
		},
		"kata_hypervisor_io_stat":       {"kata_hypervisor_io_stat{rchar,} 1035", "kata_hypervisor_io_stat{readbytes,} 1036"},
		"kata_hypervisor_netdev{recv_b": {"kata_hypervisor_netdev{recv_bytes,lo} 1", "kata_hypervisor_netdev{recv_bytes,eth0} 103"},
		"kata_hypervisor_netdev{sent_com": {
			"kata_hypervisor_netdev{sent_compressed,lo} 16", "kata_hypervisor_netdev{sent_compressed,eth0} 0",
		},
		"kata_hypervisor_threads": {"kata_hypervisor_threads{,} 3"},
		"kata_virtiofsd_threads":  {"kata_virtiofsd_threads{,} 2"},
		"kata_virtiofsd_io":       {"kata_virtiofsd_io_stat{rchar,} 1025", "kata_virtiofsd_io_stat{readbytes,} 1026"},
		"kata_cgroup": {
			"kata_cgroup_cpu{user,} 2", "kata_cgroup_cpu{system,} 1", "kata_cgroup_cpu{throttled,} 0.5", "kata_cgroup_cpu{limit,} 1.5",
			"kata_cgroup_memory{usage,} 4096", "kata_cgroup_memory{limit,} 8192", "kata_cgroup_memory{oom_kills,} 2",
		},
	} {
		if diff := cmp.Diff(want, withPrefix(prefix, samples)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", prefix, diff)
		}
	}
}

func TestReadGo(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50)
	// QEMU daemonizes, so it is not a child of the shim.
	m.run(t, 103, "qemu-kvm", 70)
	samples := NewProbe(m.roots(), Sandbox{Flavor: catalog.Go, Shim: 101, Hypervisor: 103, Virtiofsd: 104}).Read()
	for prefix, want := range map[string][]string{
		"kata_shim_proc_status{vm": {fmt.Sprintf("kata_shim_proc_status{vmrss,} %v", 101.*1024)},
		"kata_shim_io":             {"kata_shim_io_stat{rchar,} 1015", "kata_shim_io_stat{readbytes,} 1016"},
		"kata_hypervisor_threads":  {"kata_hypervisor_threads{,} 3"},
		"kata_virtiofsd":           nil,
		"kata_cgroup":              nil,
	} {
		if diff := cmp.Diff(want, withPrefix(prefix, samples)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", prefix, diff)
		}
	}
}

// The kernel may have reused a PID from a state file for another process.
func TestOutdatedPIDs(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50)
	m.run(t, 103, "postgres", 90)
	m.run(t, 104, "bash", 90)
	samples := NewProbe(m.roots(), Sandbox{Flavor: catalog.Go, Shim: 101, Hypervisor: 103, Virtiofsd: 104}).Read()
	if got := append(withPrefix("kata_hypervisor", samples), withPrefix("kata_virtiofsd", samples)...); len(got) > 0 {
		t.Errorf("got samples of unrelated processes: %q", got)
	}
}

func TestProcessesStartAndExit(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50)
	probe := NewProbe(m.roots(), Sandbox{Flavor: catalog.Rust, Shim: 101})
	threads := func() []string {
		t.Helper()
		var got []string
		for _, text := range texts(probe.Read()) {
			if strings.Contains(text, "_threads") {
				got = append(got, text)
			}
		}
		return got
	}
	step := func(name string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, threads()); diff != "" {
			t.Fatalf("%s: -want +got:\n%s", name, diff)
		}
	}
	step("before the virtual machine starts", "kata_shim_threads{,} 1")

	m.run(t, 103, "firecracker", 70)
	m.run(t, 101, "containerd-shim", 50, 103)
	step("virtual machine is running", "kata_shim_threads{,} 1", "kata_hypervisor_threads{,} 3")

	m.run(t, 101, "containerd-shim", 50)
	step("virtual machine has another parent", "kata_shim_threads{,} 1", "kata_hypervisor_threads{,} 3")

	m.run(t, 103, "firecracker", 80)
	step("another process has the pid of the virtual machine", "kata_shim_threads{,} 1")

	if err := os.Remove(filepath.Join(m.proc, "101/stat")); err != nil {
		t.Fatal(err)
	}
	if probe.ShimExited() {
		t.Error("ShimExited is true before Read")
	}
	step("shim has exited")
	if !probe.ShimExited() {
		t.Error("ShimExited is false after the shim has exited")
	}
	m.run(t, 101, "another", 90)
	step("another process has the pid of the shim")
	if !probe.ShimExited() {
		t.Error("ShimExited is false after the pid was reused")
	}
}

func TestZombie(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50)
	probe := NewProbe(m.roots(), Sandbox{Shim: 101})
	path := filepath.Join(m.proc, "101/stat")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(data), ") S ", ") Z ", 1))
	if samples := probe.Read(); len(samples) > 0 || !probe.ShimExited() {
		t.Errorf("got samples %q, exited: %v; want none of a zombie", texts(samples), probe.ShimExited())
	}
}

// Outside of the host's PID namespace, PIDs are unknown, but the cgroup is still
// available.
func TestInvisibleProcesses(t *testing.T) {
	m := newMachine(t)
	write(t, filepath.Join(m.cgroup, "pod1/memory.current"), "4096\n")
	probe := NewProbe(m.roots(), Sandbox{Cgroup: "pod1"})
	want := []string{"kata_cgroup_memory{usage,} 4096"}
	if diff := cmp.Diff(want, texts(probe.Read())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if probe.ShimExited() || !probe.Start().IsZero() {
		t.Errorf("exited: %v, start: %v; want neither for an invisible shim", probe.ShimExited(), probe.Start())
	}
}

func TestNoData(t *testing.T) {
	probe := NewProbe(newMachine(t).roots(), Sandbox{Cgroup: "/kubepods/pod1"})
	if samples := probe.Read(); len(samples) > 0 {
		t.Errorf("got %q, want no samples", texts(samples))
	}
}

func TestStart(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 250)
	probe := NewProbe(m.roots(), Sandbox{Shim: 101})
	if want := time.Unix(1795167092, 500_000_000); !probe.Start().Equal(want) {
		t.Errorf("got start %v, want %v", probe.Start(), want)
	}
}

func TestRealProcess(t *testing.T) {
	roots := Roots{Processes: host.Processes{Root: "/proc"}, Cgroups: host.Cgroups{Root: "/sys/fs/cgroup"}}
	samples := NewProbe(roots, Sandbox{Flavor: catalog.Rust, Shim: os.Getpid()}).Read()
	got := map[string]float64{}
	for _, s := range samples {
		got[s.Family+" "+s.Item] = s.Value
	}
	for _, name := range []string{"kata_shim_threads ", "kata_shim_fds ", "kata_shim_proc_status vmrss", "kata_shim_io_stat rchar"} {
		if got[name] <= 0 {
			t.Errorf("%q = %v, want a positive value", name, got[name])
		}
	}
}

func BenchmarkRead(b *testing.B) {
	roots := Roots{Processes: host.Processes{Root: "/proc"}, Cgroups: host.Cgroups{Root: "/sys/fs/cgroup"}}
	probe := NewProbe(roots, Sandbox{Flavor: catalog.Rust, Shim: os.Getpid()})
	b.ReportAllocs()
	for b.Loop() {
		if len(probe.Read()) == 0 {
			b.Fatal("Read returned no samples")
		}
	}
}

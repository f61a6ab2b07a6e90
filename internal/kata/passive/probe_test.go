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
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// machine is a made-up host.
type machine struct {
	proc, cgroup string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	root := t.TempDir()
	m := machine{proc: filepath.Join(root, "proc"), cgroup: filepath.Join(root, "cgroup")}
	write(t, filepath.Join(m.proc, "stat"), "cpu 1 2 3\nbtime 1795167090\n")
	write(t, filepath.Join(m.cgroup, "cgroup.controllers"), "cpu memory\n")
	return m
}

func (m machine) roots() Roots {
	return Roots{Processes: host.Processes{Root: m.proc}, Cgroups: host.Cgroups{Root: m.cgroup}}
}

// run adds a process, or changes it. All its numbers derive from its pid.
func (m machine) run(t *testing.T, pid int, name string, start uint64, children ...int) {
	t.Helper()
	directory := filepath.Join(m.proc, fmt.Sprint(pid))
	write(t, filepath.Join(directory, "stat"), fmt.Sprintf(
		"%d (%s) S 1 1 1 0 -1 0 0 0 0 0 %d1 %d2 %d3 %d4 20 0 %d 0 %d 0 0\n", pid, name, pid, pid, pid, pid, pid%10, start))
	write(t, filepath.Join(directory, "status"), fmt.Sprintf(
		"Name:\t%s\nVmRSS:\t %d kB\nFutureSize:\t 1 kB\nvoluntary_ctxt_switches:\t7\n", name, pid))
	write(t, filepath.Join(directory, "io"), fmt.Sprintf("rchar: %d5\nread_bytes: %d6\n", pid, pid))
	write(t, filepath.Join(directory, "net/dev"), fmt.Sprintf(
		"Inter-| Receive\n face |bytes\n  lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\neth0: %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", pid))
	write(t, filepath.Join(directory, "fd/0"), "")
	list := strings.Trim(fmt.Sprint(children), "[]")
	write(t, filepath.Join(directory, "task", fmt.Sprint(pid), "children"), list)
}

// texts makes of samples what a test can compare: family{item,label} value.
func texts(samples []reader.Sample) []string {
	var all []string
	for _, s := range samples {
		all = append(all, fmt.Sprintf("%s{%s,%s} %v", s.Family, s.Item, s.Label, s.Value))
	}
	return all
}

// of picks the texts that begin with a prefix.
func of(prefix string, samples []reader.Sample) []string {
	var picked []string
	for _, text := range texts(samples) {
		// Directories differ in size between file systems, where kernels before
		// 6.2 would say 0.
		if strings.HasPrefix(text, prefix) && !strings.Contains(text, "_fds{") {
			picked = append(picked, text)
		}
	}
	return picked
}

func TestSamplesOfRuntimeRS(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50, 102, 103)
	m.run(t, 102, "virtiofsd", 60)
	m.run(t, 103, "qemu-system-x86", 70)
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/cpu.stat"), "usage_usec 3000000\nuser_usec 2000000\nsystem_usec 1000000\nthrottled_usec 500000\n")
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/cpu.max"), "150000 100000\n")
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/memory.current"), "4096\n")
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/memory.max"), "8192\n")
	write(t, filepath.Join(m.cgroup, "kubepods/pod1/memory.events"), "oom_kill 2\n")

	samples := NewProbe(m.roots(), Subject{Flavor: catalog.Rust, Shim: 101, Cgroup: "/kubepods/pod1"}).Read()
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
		"kata_hypervisor_io_stat":         {"kata_hypervisor_io_stat{rchar,} 1035", "kata_hypervisor_io_stat{readbytes,} 1036"},
		"kata_hypervisor_netdev{recv_b":   {"kata_hypervisor_netdev{recv_bytes,lo} 1", "kata_hypervisor_netdev{recv_bytes,eth0} 103"},
		"kata_hypervisor_netdev{sent_com": {"kata_hypervisor_netdev{sent_compressed,lo} 16", "kata_hypervisor_netdev{sent_compressed,eth0} 0"},
		"kata_hypervisor_threads":         {"kata_hypervisor_threads{,} 3"},
		"kata_virtiofsd_threads":          {"kata_virtiofsd_threads{,} 2"},
		"kata_virtiofsd_io":               {"kata_virtiofsd_io_stat{rchar,} 1025", "kata_virtiofsd_io_stat{readbytes,} 1026"},
		"kata_cgroup": {
			"kata_cgroup_cpu{user,} 2", "kata_cgroup_cpu{system,} 1", "kata_cgroup_cpu{throttled,} 0.5", "kata_cgroup_cpu{limit,} 1.5",
			"kata_cgroup_memory{usage,} 4096", "kata_cgroup_memory{limit,} 8192", "kata_cgroup_memory{oom_kills,} 2",
		},
	} {
		if diff := cmp.Diff(want, of(prefix, samples)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", prefix, diff)
		}
	}
}

func TestSamplesOfGo(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50)
	// QEMU makes itself a daemon, so it is no child of the shim.
	m.run(t, 103, "qemu-kvm", 70)
	samples := NewProbe(m.roots(), Subject{Flavor: catalog.Go, Shim: 101, VMM: 103, Virtiofsd: 104}).Read()
	for prefix, want := range map[string][]string{
		"kata_shim_proc_status{vm": {fmt.Sprintf("kata_shim_proc_status{vmrss,} %v", 101.*1024)},
		"kata_shim_io":             {"kata_shim_io_stat{rchar,} 1015", "kata_shim_io_stat{readbytes,} 1016"},
		"kata_hypervisor_threads":  {"kata_hypervisor_threads{,} 3"},
		"kata_virtiofsd":           nil,
		"kata_cgroup":              nil,
	} {
		if diff := cmp.Diff(want, of(prefix, samples)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", prefix, diff)
		}
	}
}

// Every sample must be one that the catalog describes.
func TestSamplesAreInTheCatalog(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50, 102, 103)
	m.run(t, 102, "virtiofsd", 60)
	m.run(t, 103, "qemu-system-x86", 70)
	var status strings.Builder
	for name := range sizes {
		fmt.Fprintf(&status, "%s:\t 1 kB\n", name)
	}
	for name := range switches {
		fmt.Fprintf(&status, "%s:\t1\n", name)
	}
	var io strings.Builder
	for name := range asInTheKernel {
		fmt.Fprintf(&io, "%s: 1\n", name)
	}
	for _, pid := range []string{"101", "102", "103"} {
		write(t, filepath.Join(m.proc, pid, "status"), status.String())
		write(t, filepath.Join(m.proc, pid, "io"), io.String())
	}
	write(t, filepath.Join(m.cgroup, "pod1/cpu.stat"), "usage_usec 1\n")
	write(t, filepath.Join(m.cgroup, "pod1/cpu.max"), "1 2\n")
	write(t, filepath.Join(m.cgroup, "pod1/memory.current"), "1\n")
	write(t, filepath.Join(m.cgroup, "pod1/memory.max"), "1\n")
	for _, flavor := range []catalog.Flavor{catalog.Go, catalog.Rust} {
		samples := NewProbe(m.roots(), Subject{Flavor: flavor, Shim: 101, Cgroup: "pod1"}).Read()
		if len(samples) < 100 {
			t.Errorf("%v: only %d samples", flavor, len(samples))
		}
		for _, s := range samples {
			// Kernels no longer have it, and runtime-rs leaves it out.
			if s.Item == "vmpmd" && s.Family == "kata_shim_proc_status" && flavor == catalog.Rust {
				continue
			}
			if catalog.Lookup(flavor, s.Family, s.Item) == nil {
				t.Errorf("%v: %s{%s} is not in the catalog", flavor, s.Family, s.Item)
			}
		}
	}
}

// Both directions of the same thing become one metric, if they stand together.
func TestColumnsStandTogether(t *testing.T) {
	seen := map[string]int{}
	for i, column := range columns {
		name := column.item[len("recv_"):]
		if first, found := seen[name]; found && first != i-1 {
			t.Errorf("%s is apart from its other direction", column.item)
		}
		seen[name] = i
	}
	var counters host.InterfaceCounters
	counters.Received = host.InterfaceTraffic{Bytes: 1, Packets: 2, Errors: 3, Dropped: 4, FIFO: 5, Compressed: 7}
	counters.ReceivedFrame, counters.ReceivedMulticast = 6, 8
	counters.Sent = host.InterfaceTraffic{Bytes: 9, Packets: 10, Errors: 11, Dropped: 12, FIFO: 13, Compressed: 16}
	counters.SentCollisions, counters.SentCarrier = 14, 15
	got := map[string]uint64{}
	for _, column := range columns {
		got[column.item] = column.of(&counters)
	}
	want := map[string]uint64{
		"recv_bytes": 1, "recv_packets": 2, "recv_errs": 3, "recv_drop": 4, "recv_fifo": 5, "recv_frame": 6,
		"recv_compressed": 7, "recv_multicast": 8, "sent_bytes": 9, "sent_packets": 10, "sent_errs": 11,
		"sent_drop": 12, "sent_fifo": 13, "sent_colls": 14, "sent_carrier": 15, "sent_compressed": 16,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A pid from a state file may have been given to somebody else since.
func TestOutdatedPIDs(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50)
	m.run(t, 103, "postgres", 90)
	m.run(t, 104, "bash", 90)
	samples := NewProbe(m.roots(), Subject{Flavor: catalog.Go, Shim: 101, VMM: 103, Virtiofsd: 104}).Read()
	if got := append(of("kata_hypervisor", samples), of("kata_virtiofsd", samples)...); len(got) > 0 {
		t.Errorf("a stranger was read: %q", got)
	}
}

func TestProcessesComeAndGo(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50)
	probe := NewProbe(m.roots(), Subject{Flavor: catalog.Rust, Shim: 101})
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
	step("before the virtual machine", "kata_shim_threads{,} 1")

	m.run(t, 103, "firecracker", 70)
	m.run(t, 101, "containerd-shim", 50, 103)
	step("the virtual machine runs", "kata_shim_threads{,} 1", "kata_hypervisor_threads{,} 3")

	m.run(t, 101, "containerd-shim", 50)
	step("it stays known when it has another parent", "kata_shim_threads{,} 1", "kata_hypervisor_threads{,} 3")

	m.run(t, 103, "firecracker", 80)
	step("another one with its pid", "kata_shim_threads{,} 1")

	if err := os.Remove(filepath.Join(m.proc, "101/stat")); err != nil {
		t.Fatal(err)
	}
	if probe.ShimGone() {
		t.Error("gone before it was looked at")
	}
	step("the shim is gone")
	if !probe.ShimGone() {
		t.Error("not gone")
	}
	m.run(t, 101, "another", 90)
	step("its pid is given away")
	if !probe.ShimGone() {
		t.Error("back from the dead")
	}
}

func TestZombieIsGone(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 50)
	probe := NewProbe(m.roots(), Subject{Shim: 101})
	path := filepath.Join(m.proc, "101/stat")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, strings.Replace(string(data), ") S ", ") Z ", 1))
	if samples := probe.Read(); len(samples) > 0 || !probe.ShimGone() {
		t.Errorf("samples of a zombie: %q", texts(samples))
	}
}

// Without the host's PID namespace there is no pid to begin with; what the
// control group says is there nevertheless.
func TestUnseenProcesses(t *testing.T) {
	m := newMachine(t)
	write(t, filepath.Join(m.cgroup, "pod1/memory.current"), "4096\n")
	probe := NewProbe(m.roots(), Subject{Cgroup: "pod1"})
	want := []string{"kata_cgroup_memory{usage,} 4096", "kata_cgroup_memory{oom_kills,} 0"}
	if diff := cmp.Diff(want, texts(probe.Read())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if probe.ShimGone() || !probe.Start().IsZero() {
		t.Error("a shim that was never seen is gone, or has a start")
	}
}

func TestNothingToRead(t *testing.T) {
	probe := NewProbe(newMachine(t).roots(), Subject{Cgroup: "/kubepods/pod1"})
	if samples := probe.Read(); len(samples) > 0 {
		t.Errorf("samples of nothing: %q", texts(samples))
	}
}

func TestStart(t *testing.T) {
	m := newMachine(t)
	m.run(t, 101, "containerd-shim", 250)
	probe := NewProbe(m.roots(), Subject{Shim: 101})
	if want := time.Unix(1795167092, 500_000_000); !probe.Start().Equal(want) {
		t.Errorf("start %v, want %v", probe.Start(), want)
	}
}

func TestRealProcess(t *testing.T) {
	roots := Roots{Processes: host.Processes{Root: "/proc"}, Cgroups: host.Cgroups{Root: "/sys/fs/cgroup"}}
	samples := NewProbe(roots, Subject{Flavor: catalog.Rust, Shim: os.Getpid()}).Read()
	got := map[string]float64{}
	for _, s := range samples {
		got[s.Family+" "+s.Item] = s.Value
	}
	for _, name := range []string{"kata_shim_threads ", "kata_shim_fds ", "kata_shim_proc_status vmrss", "kata_shim_io_stat rchar"} {
		if got[name] <= 0 {
			t.Errorf("%q is %v", name, got[name])
		}
	}
}

func BenchmarkRead(b *testing.B) {
	roots := Roots{Processes: host.Processes{Root: "/proc"}, Cgroups: host.Cgroups{Root: "/sys/fs/cgroup"}}
	probe := NewProbe(roots, Subject{Flavor: catalog.Rust, Shim: os.Getpid()})
	b.ReportAllocs()
	for b.Loop() {
		if len(probe.Read()) == 0 {
			b.Fatal("nothing was read")
		}
	}
}

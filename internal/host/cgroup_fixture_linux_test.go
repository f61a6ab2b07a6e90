package host

import (
	"os"
	"path/filepath"
	"testing"
)

// writeCgroups creates a cgroup filesystem with these files.
func writeCgroups(t testing.TB, files map[string]string) Cgroups {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Cgroups{Root: root}
}

// memoryStatV2 is the start of a memory.stat.
const memoryStatV2 = "anon 1601536\nfile 2732032\nkernel 3000\nkernel_stack 200\npagetables 100\nsec_pagetables 0\npercpu 4096\n" +
	"sock 0\nvmalloc 0\nshmem 4096\nzswap 0\nzswapped 0\nfile_mapped 8192\nfile_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 0\n" +
	"file_thp 0\nshmem_thp 0\ninactive_anon 1605632\nactive_anon 0\ninactive_file 1024\nactive_file 2000\nunevictable 0\n"

const (
	memoryPressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=20\nfull avg10=1.00 avg60=0.00 avg300=0.00 total=15\n"
	ioPressure     = "some avg10=0.00 avg60=0.00 avg300=0.00 total=30\nfull avg10=1.00 avg60=0.00 avg300=0.00 total=25\n"
)

const burstable = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/"

// readerFilesV2 is a cgroup of version 2 with all files. The limits of its parents are stricter.
var readerFilesV2 = map[string]string{
	"cgroup.controllers":                 "cpu io memory pids\n",
	"kubepods.slice/cpu.max":             "max 100000\n",
	"kubepods.slice/memory.max":          "1000000\n",
	"kubepods.slice/pids.max":            "max\n",
	burstable + "cpu.max":                "50000 100000\n",
	burstable + "memory.max":             "7000\n",
	burstable + "pids.max":               "10\n",
	burstable + "cri-1.scope/cpu.max":    "150000 100000\n",
	burstable + "cri-1.scope/memory.max": "8192\n",
	burstable + "cri-1.scope/pids.max":   "max\n",
	burstable + "cri-1.scope/cpu.stat": "usage_usec 3000\nuser_usec 2000\nsystem_usec 1000\nnice_usec 0\nnr_periods 4\nnr_throttled 1\n" +
		"throttled_usec 7\nnr_bursts 0\nburst_usec 0\n",
	burstable + "cri-1.scope/memory.current": "4096\n",
	burstable + "cri-1.scope/memory.stat":    memoryStatV2,
	burstable + "cri-1.scope/memory.peak":    "5000\n",
	burstable + "cri-1.scope/memory.events":  "low 0\nhigh 0\nmax 9\noom 4\noom_kill 3\noom_group_kill 0\n",
	burstable + "cri-1.scope/pids.current":   "6\n",
	burstable + "cri-1.scope/io.stat": "259:0 rbytes=100 wbytes=200 rios=1 wios=2 dbytes=0 dios=0\n7:0 \n" +
		"8:0 rbytes=11 wbytes=22 rios=3 wios=4\n",
	burstable + "cri-1.scope/cpu.pressure":    "some avg10=0.00 avg60=0.00 avg300=0.00 total=10\n",
	burstable + "cri-1.scope/memory.pressure": memoryPressure,
	burstable + "cri-1.scope/io.pressure":     ioPressure,
}

// readerFilesV1 is the same in version 1.
var readerFilesV1 = map[string]string{
	"cpuacct/kubepods/burstable/pod1/cpuacct.usage":            "3000000\n",
	"cpuacct/kubepods/burstable/pod1/cpuacct.stat":             "user 2\nsystem 1\n",
	"cpu/kubepods/cpu.cfs_quota_us":                            "-1\n",
	"cpu/kubepods/cpu.cfs_period_us":                           "100000\n",
	"cpu/kubepods/burstable/cpu.cfs_quota_us":                  "50000\n",
	"cpu/kubepods/burstable/cpu.cfs_period_us":                 "100000\n",
	"cpu/kubepods/burstable/pod1/cpu.cfs_quota_us":             "150000\n",
	"cpu/kubepods/burstable/pod1/cpu.cfs_period_us":            "100000\n",
	"cpu/kubepods/burstable/pod1/cpu.stat":                     "nr_periods 4\nnr_throttled 1\nthrottled_time 7000\n",
	"memory/memory.limit_in_bytes":                             "9223372036854771712\n",
	"memory/kubepods/burstable/memory.limit_in_bytes":          "7000\n",
	"memory/kubepods/burstable/pod1/memory.limit_in_bytes":     "8192\n",
	"memory/kubepods/burstable/pod1/memory.usage_in_bytes":     "4096\n",
	"memory/kubepods/burstable/pod1/memory.max_usage_in_bytes": "5000\n",
	"memory/kubepods/burstable/pod1/memory.stat":               "inactive_file 1\ntotal_cache 5\ntotal_inactive_file 1024\n",
	"memory/kubepods/burstable/pod1/memory.oom_control":        "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
	"pids/kubepods/burstable/pids.max":                         "10\n",
	"pids/kubepods/burstable/pod1/pids.max":                    "max\n",
	"pids/kubepods/burstable/pod1/pids.current":                "6\n",
	"blkio/kubepods/burstable/pod1/blkio.throttle.io_service_bytes_recursive": "259:0 Read 100\n259:0 Write 200\n259:0 Sync 9\n" +
		"8:0 Read 11\n8:0 Write 22\nTotal 333\n",
	"blkio/kubepods/burstable/pod1/blkio.throttle.io_serviced_recursive": "259:0 Read 1\n259:0 Write 2\n" +
		"8:0 Read 3\n8:0 Write 4\nTotal 10\n",
	"unified/kubepods/burstable/pod1/cpu.pressure":    "some avg10=0.00 avg60=0.00 avg300=0.00 total=10\n",
	"unified/kubepods/burstable/pod1/memory.pressure": memoryPressure,
	"unified/kubepods/burstable/pod1/io.pressure":     ioPressure,
}

package host

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// writeCgroups creates a cgroup filesystem with these files.
func writeCgroups(t *testing.T, files map[string]string) Cgroups {
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

// cgroupTest is a cgroup filesystem and what is read of one group in it.
type cgroupTest struct {
	name   string
	files  map[string]string
	path   string
	cpu    CgroupCPU
	memory CgroupMemory
}

var cgroupV1Tests = []cgroupTest{
	{
		name: "version 1",
		files: map[string]string{
			"cpuacct/pod1/cpuacct.usage":        "3000000\n",
			"cpuacct/pod1/cpuacct.stat":         "user 2\nsystem 1\n",
			"cpu/pod1/cpu.stat":                 "nr_periods 4\nnr_throttled 1\nthrottled_time 7000\n",
			"cpu/pod1/cpu.cfs_quota_us":         "50000\n",
			"cpu/pod1/cpu.cfs_period_us":        "100000\n",
			"memory/pod1/memory.usage_in_bytes": "4096\n",
			"memory/pod1/memory.limit_in_bytes": "8192\n",
			"memory/pod1/memory.oom_control":    "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n",
		},
		path: "/pod1",
		cpu: CgroupCPU{
			Usage: 3 * time.Millisecond, User: 20 * time.Millisecond, System: 10 * time.Millisecond,
			Throttled: 7 * time.Microsecond, Limit: 0.5,
		},
		memory: CgroupMemory{Usage: 4096, Limit: 8192, OOMKills: 3},
	},
	{
		name: "version 1 without limits",
		files: map[string]string{
			"cpuacct/pod1/cpuacct.usage":        "3000000\n",
			"cpuacct/pod1/cpuacct.stat":         "user 0\nsystem 0\n",
			"cpu/pod1/cpu.cfs_quota_us":         "-1\n",
			"cpu/pod1/cpu.cfs_period_us":        "100000\n",
			"memory/pod1/memory.usage_in_bytes": "4096\n",
			"memory/pod1/memory.limit_in_bytes": "9223372036854771712\n",
		},
		path:   "/pod1",
		cpu:    CgroupCPU{Usage: 3 * time.Millisecond},
		memory: CgroupMemory{Usage: 4096},
	},
}

var cgroupV2Tests = []cgroupTest{
	{
		name: "version 2",
		files: map[string]string{
			"cgroup.controllers":           "cpu memory\n",
			"kubepods/pod1/cpu.stat":       "usage_usec 3000\nuser_usec 2000\nsystem_usec 1000\nnr_throttled 1\nthrottled_usec 7\n",
			"kubepods/pod1/cpu.max":        "150000 100000\n",
			"kubepods/pod1/memory.current": "4096\n",
			"kubepods/pod1/memory.max":     "8192\n",
			"kubepods/pod1/memory.events":  "low 0\noom 4\noom_kill 3\n",
		},
		path: "/kubepods/pod1",
		cpu: CgroupCPU{
			Usage: 3 * time.Millisecond, User: 2 * time.Millisecond, System: time.Millisecond,
			Throttled: 7 * time.Microsecond, Limit: 1.5,
		},
		memory: CgroupMemory{Usage: 4096, Limit: 8192, OOMKills: 3},
	},
	{
		name: "version 2 without limits",
		files: map[string]string{
			"cgroup.controllers":  "cpu memory\n",
			"pod1/cpu.stat":       "usage_usec 3000\n",
			"pod1/cpu.max":        "max 100000\n",
			"pod1/memory.current": "4096\n",
			"pod1/memory.max":     "max\n",
		},
		path:   "pod1",
		cpu:    CgroupCPU{Usage: 3 * time.Millisecond},
		memory: CgroupMemory{Usage: 4096},
	},
	{
		name: "version 2 with a systemd path",
		files: map[string]string{
			"cgroup.controllers":                           "cpu memory\n",
			"a.slice/a-b.slice/cri-x.scope/cpu.stat":       "usage_usec 1\n",
			"a.slice/a-b.slice/cri-x.scope/memory.current": "2\n",
		},
		path:   "a-b.slice:cri:x",
		cpu:    CgroupCPU{Usage: time.Microsecond},
		memory: CgroupMemory{Usage: 2},
	},
	{
		name: "version 2 with a systemd path as directory name",
		files: map[string]string{
			"cgroup.controllers":                     "cpu memory\n",
			"a-b.slice:cri:x/sandbox/cpu.stat":       "usage_usec 1\n",
			"a-b.slice:cri:x/sandbox/memory.current": "2\n",
		},
		path:   "a-b.slice:cri:x/sandbox",
		cpu:    CgroupCPU{Usage: time.Microsecond},
		memory: CgroupMemory{Usage: 2},
	},
}

func TestCgroupUsage(t *testing.T) {
	for _, test := range slices.Concat(cgroupV1Tests, cgroupV2Tests) {
		t.Run(test.name, func(t *testing.T) {
			group, err := writeCgroups(t, test.files).Find(test.path)
			if err != nil {
				t.Fatal(err)
			}
			if cpu, err := group.CPU(); err != nil || cpu != test.cpu {
				t.Errorf("CPU() = %+v, %v; want %+v", cpu, err, test.cpu)
			}
			if memory, err := group.Memory(); err != nil || memory != test.memory {
				t.Errorf("Memory() = %+v, %v; want %+v", memory, err, test.memory)
			}
		})
	}
}

func TestMissingCgroup(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"version 1": {"cpu/other/cpu.stat": "", "cpuacct/other/cpuacct.usage": "1"},
		"version 2": {"cgroup.controllers": "", "other/cpu.stat": ""},
	} {
		t.Run(name, func(t *testing.T) {
			if group, err := writeCgroups(t, files).Find("/pod1"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Find() = %+v, %v; want fs.ErrNotExist", group, err)
			}
		})
	}
}

func TestCgroupWithoutController(t *testing.T) {
	group, err := writeCgroups(t, map[string]string{"cpu/pod1/cpu.stat": "nr_periods 1\n"}).Find("/pod1")
	if err != nil {
		t.Fatal(err)
	}
	if cpu, err := group.CPU(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("CPU() = %+v, %v", cpu, err)
	}
	if memory, err := group.Memory(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Memory() = %+v, %v", memory, err)
	}
}

func TestCgroupWithInvalidNumbers(t *testing.T) {
	group, err := writeCgroups(t, map[string]string{
		"cpuacct/pod1/cpuacct.usage":        "many\n",
		"memory/pod1/memory.usage_in_bytes": "-3\n",
	}).Find("/pod1")
	if err != nil {
		t.Fatal(err)
	}
	if cpu, err := group.CPU(); !errors.Is(err, errInvalidNumber) {
		t.Errorf("CPU() = %+v, %v", cpu, err)
	}
	if memory, err := group.Memory(); !errors.Is(err, errInvalidNumber) {
		t.Errorf("Memory() = %+v, %v", memory, err)
	}
}

// A planted symbolic link must not make the receiver read files elsewhere.
func TestCgroupSymbolicLink(t *testing.T) {
	groups := writeCgroups(t, map[string]string{"cgroup.controllers": "", "real/memory.current": "1\n"})
	if err := os.Symlink("real", filepath.Join(groups.Root, "linked")); err != nil {
		t.Fatal(err)
	}
	if group, err := groups.Find("linked"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Find() = %+v, %v; want fs.ErrNotExist", group, err)
	}
}

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

func TestCgroupDirectories(t *testing.T) {
	const pod = "kubepods-burstable-pod51cf_5a9b.slice"
	const expanded = "kubepods.slice/kubepods-burstable.slice/" + pod
	tests := []struct {
		name string
		path string
		want []string
	}{
		{"cgroupfs", "/kubepods/pod1/8f2c", []string{"kubepods/pod1/8f2c"}},
		{"relative", "kubepods/pod1/8f2c", []string{"kubepods/pod1/8f2c"}},
		{"below", "/kubepods/pod1/8f2c/sandbox", []string{"kubepods/pod1/8f2c/sandbox"}},
		{"systemd", pod + ":cri-containerd:8f2c", []string{expanded + "/cri-containerd-8f2c.scope", pod + ":cri-containerd:8f2c"}},
		{
			"systemd, literally", "/" + pod + ":cri-containerd:8f2c/sandbox",
			[]string{expanded + "/cri-containerd-8f2c.scope/sandbox", pod + ":cri-containerd:8f2c/sandbox"},
		},
		{"systemd, a slice itself", "a.slice:x:a-b.slice", []string{"a.slice/a-b.slice", "a.slice:x:a-b.slice"}},
		{"three parts, no slice", "a:b:c", []string{"a:b:c"}},
		{"nothing", "", nil},
		{"the root itself", "/", nil},
		{"outside", "/kubepods/../../etc", nil},
		{"up and down inside", "a.slice:x:../../etc", []string{"etc"}},
		{"outside by name only", "a.slice:x:..", []string{"a.slice/x-...scope", "a.slice:x:.."}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := cgroupDirectories(test.path); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

func FuzzCgroupDirectories(f *testing.F) {
	f.Fuzz(func(t *testing.T, path string) {
		for _, directory := range cgroupDirectories(path) {
			if !filepath.IsLocal(directory) || directory == "." {
				t.Errorf("%q leads to %q", path, directory)
			}
		}
	})
}

// hierarchy makes cgroup files below a root.
func hierarchy(t *testing.T, files map[string]string) Cgroups {
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

func TestCgroups(t *testing.T) {
	tests := []struct {
		name   string
		files  map[string]string
		path   string
		cpu    CgroupCPU
		memory CgroupMemory
	}{
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
			name: "version 2, systemd",
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
			name: "version 2, systemd taken literally",
			files: map[string]string{
				"cgroup.controllers":                     "cpu memory\n",
				"a-b.slice:cri:x/sandbox/cpu.stat":       "usage_usec 1\n",
				"a-b.slice:cri:x/sandbox/memory.current": "2\n",
			},
			path:   "a-b.slice:cri:x/sandbox",
			cpu:    CgroupCPU{Usage: time.Microsecond},
			memory: CgroupMemory{Usage: 2},
		},
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
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			group, err := hierarchy(t, test.files).Find(test.path)
			if err != nil {
				t.Fatal(err)
			}
			if cpu, err := group.CPU(); err != nil || cpu != test.cpu {
				t.Errorf("CPU %+v, %v; want %+v", cpu, err, test.cpu)
			}
			if memory, err := group.Memory(); err != nil || memory != test.memory {
				t.Errorf("memory %+v, %v; want %+v", memory, err, test.memory)
			}
		})
	}
}

func TestCgroupNotThere(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"version 1": {"cpu/other/cpu.stat": "", "cpuacct/other/cpuacct.usage": "1"},
		"version 2": {"cgroup.controllers": "", "other/cpu.stat": ""},
	} {
		t.Run(name, func(t *testing.T) {
			if group, err := hierarchy(t, files).Find("/pod1"); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("found %+v, %v", group, err)
			}
		})
	}
}

func TestCgroupWithoutController(t *testing.T) {
	group, err := hierarchy(t, map[string]string{"cpu/pod1/cpu.stat": "nr_periods 1\n"}).Find("/pod1")
	if err != nil {
		t.Fatal(err)
	}
	if cpu, err := group.CPU(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("CPU %+v, %v", cpu, err)
	}
	if memory, err := group.Memory(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("memory %+v, %v", memory, err)
	}
}

func TestCgroupOfAnotherForm(t *testing.T) {
	group, err := hierarchy(t, map[string]string{
		"cpuacct/pod1/cpuacct.usage":        "many\n",
		"memory/pod1/memory.usage_in_bytes": "-3\n",
	}).Find("/pod1")
	if err != nil {
		t.Fatal(err)
	}
	if cpu, err := group.CPU(); !errors.Is(err, errNoNumber) {
		t.Errorf("CPU %+v, %v", cpu, err)
	}
	if memory, err := group.Memory(); !errors.Is(err, errNoNumber) {
		t.Errorf("memory %+v, %v", memory, err)
	}
}

// A planted symbolic link must not lead to files elsewhere.
func TestCgroupBehindLink(t *testing.T) {
	groups := hierarchy(t, map[string]string{"cgroup.controllers": "", "real/memory.current": "1\n"})
	if err := os.Symlink("real", filepath.Join(groups.Root, "linked")); err != nil {
		t.Fatal(err)
	}
	if group, err := groups.Find("linked"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("found %+v, %v", group, err)
	}
}

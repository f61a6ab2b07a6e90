package doctor

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// changes are differences from a host on which everything is fine, with the status and
// parts of the text of the only check that may notice them.
var changes = map[string]struct {
	change func(*fixture, *Host)
	check  string
	status Status
	texts  []string
}{
	"ordinary user": {
		func(f *fixture, _ *Host) {
			f.replace("/proc/self/status", "Uid:\t0\t0", "Uid:\t1000\t1000")
			f.replace("/proc/self/status", "000001ffffffffff", "0000000000080000")
		},
		"user", Warning,
		[]string{"without CAP_DAC_READ_SEARCH (read state files) and CAP_DAC_OVERRIDE (connect", "sudo", "CapEff 0000000000080000"},
	},
	"user who may only read": {
		func(f *fixture, _ *Host) {
			f.replace("/proc/self/status", "Uid:\t0\t0", "Uid:\t1000\t1000")
			f.replace("/proc/self/status", "000001ffffffffff", "0000000000080004")
		},
		"user", Warning,
		[]string{"user 1000 without CAP_DAC_OVERRIDE (connect"},
	},
	"user with capabilities": {
		func(f *fixture, _ *Host) { f.replace("/proc/self/status", "Uid:\t0\t0", "Uid:\t1000\t1000") },
		"user", OK,
		[]string{"user 1000 with CAP_DAC_OVERRIDE"},
	},
	"root of a user namespace": {
		func(f *fixture, _ *Host) { f.write("/proc/self/uid_map", "0 100000 65536\n") },
		"user", Warning,
		[]string{"an ordinary user of the host", "hostUsers: true"},
	},
	"unreadable root": {
		func(f *fixture, _ *Host) { f.denied["/run/runsc"] = true },
		"runtime_root", Problem,
		[]string{"/run/runsc cannot be read", "permission denied", "as root"},
	},
	"unreadable state file": {
		func(f *fixture, _ *Host) {
			f.write("/run/runsc/a_sandbox:a.state", "{}")
			f.denied["/run/runsc/a_sandbox:a.state"] = true
		},
		"runtime_root", Problem,
		[]string{"/run/runsc cannot be read, or not all of it", "a_sandbox:a.state: permission denied"},
	},
	"readable state file": {
		func(f *fixture, _ *Host) {
			f.write("/run/runsc/a_sandbox:a.state", "{}")
			f.write("/run/runsc/a.lock", "")
		},
		"runtime_root", OK,
		[]string{"/run/runsc is readable", "2 entries, 1 state file"},
	},
	"root that is a file": {
		func(f *fixture, _ *Host) {
			require.NoError(f.t, f.remove("/run/runsc"))
			f.write("/run/runsc", "")
			f.makeDirectory("/run/vc/sbs")
		},
		"runtime_root", Problem,
		[]string{"not a directory", "Correct gvisor::roots."},
	},
	"unreadable parent of a pattern": {
		func(f *fixture, _ *Host) {
			f.makeDirectory("/run/containerd/runsc/k8s.io")
			f.denied["/run/containerd/runsc"] = true
		},
		"runtime_root", Problem,
		[]string{"/run/containerd/runsc/* cannot be read"},
	},
	"unreadable storage path": {
		func(f *fixture, _ *Host) {
			f.makeDirectory("/run/vc/sbs/a")
			f.denied["/run/vc/sbs/a"] = true
		},
		"storage_path", Problem,
		[]string{"/run/vc/sbs cannot be read", "as root"},
	},
	"readable storage path": {
		func(f *fixture, _ *Host) { f.write("/run/vc/sbs/a/shim-monitor.sock", "") },
		"storage_path", OK,
		[]string{"/run/vc/sbs is readable", "1 entry, 1 shim socket"},
	},
	"no directories": {
		func(f *fixture, _ *Host) { require.NoError(f.t, f.remove("/run")) },
		"directories", Warning,
		[]string{"no runtime root and no storage path exists", "gvisor::roots", "mount"},
	},
	"PID namespace": {
		func(f *fixture, _ *Host) { f.link("/proc/self/ns/pid", "pid:[4026532100]") },
		"pid_namespace", Problem,
		[]string{"wrong_peer", "hostPID: true", "gvisor::verify_peer: false", "4026532100"},
	},
	"PID namespace without verification": {
		func(f *fixture, h *Host) {
			f.link("/proc/self/ns/pid", "pid:[4026532100]")
			h.VerifyPeer = false
		},
		"pid_namespace", Warning,
		[]string{"without a cgroup", "hostPID: true"},
	},
	"no namespaces": {
		func(f *fixture, _ *Host) { require.NoError(f.t, f.remove("/proc/self/ns")) },
		"pid_namespace", Warning,
		[]string{"unknown", "no such file"},
	},
	"hidepid": {
		func(f *fixture, _ *Host) {
			f.replace("/proc/self/mountinfo", "proc proc rw", "proc proc rw,gid=24,hidepid=invisible")
			f.replace("/proc/self/status", "000001ffffffffff", "000001fffff7ffff")
		},
		"hidepid", Problem,
		[]string{"the state unknown", "ProtectProc=", "hidepid=invisible"},
	},
	"hidepid and a group": {
		func(f *fixture, _ *Host) {
			f.replace("/proc/self/mountinfo", "proc proc rw", "proc proc rw,gid=24,hidepid=2")
			f.replace("/proc/self/status", "000001ffffffffff", "000001fffff7ffff")
			f.replace("/proc/self/status", "Groups:\t0", "Groups:\t4 24")
		},
		"hidepid", OK,
		[]string{"not from group 24"},
	},
	"hidepid=ptraceable and a group": {
		func(f *fixture, _ *Host) {
			f.replace("/proc/self/mountinfo", "proc proc rw", "proc proc rw,gid=24,hidepid=ptraceable")
			f.replace("/proc/self/status", "000001ffffffffff", "000001fffff7ffff")
			f.replace("/proc/self/status", "Groups:\t0", "Groups:\t4 24")
		},
		"hidepid", Problem,
		[]string{"hidepid=ptraceable"},
	},
	"hidepid and a capability": {
		func(f *fixture, _ *Host) { f.replace("/proc/self/mountinfo", "proc proc rw", "proc proc rw,hidepid=2") },
		"hidepid", OK,
		[]string{"not from CAP_SYS_PTRACE"},
	},
	"a second mount hides nothing": {
		func(f *fixture, _ *Host) {
			f.write("/proc/self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw,hidepid=2\n"+
				"23 22 0:22 / /proc rw - proc proc rw,hidepid=off\n")
		},
		"hidepid", OK,
		[]string{"hidepid=off"},
	},
	"capability is not needed": {
		func(f *fixture, _ *Host) { f.replace("/proc/self/status", "000001ffffffffff", "0000000000000000") },
		"capabilities", OK,
		[]string{"CAP_SYS_PTRACE is missing, and not needed"},
	},
	"capability for trusted hypervisors": {
		func(f *fixture, h *Host) {
			f.replace("/proc/self/status", "000001ffffffffff", "0000000000000000")
			h.TrustedHypervisors = true
		},
		"capabilities", Warning,
		[]string{"kata::trusted_hypervisors has no effect", "SYS_PTRACE"},
	},
	"cgroups of a container": {
		func(f *fixture, _ *Host) { f.write("/sys/fs/cgroup/cgroup.events", "populated 1\n") },
		"cgroups", Warning,
		[]string{"the cgroup of a container", "usage::cgroup_root"},
	},
	"missing controller": {
		func(f *fixture, _ *Host) { f.write("/sys/fs/cgroup/cgroup.controllers", "cpu io pids\n") },
		"cgroups", Warning,
		[]string{"version 2 without the controllers memory", "cgroup_disable="},
	},
	"cgroups version 1": {
		func(f *fixture, _ *Host) {
			require.NoError(f.t, f.remove("/sys/fs/cgroup"))
			for _, controller := range []string{"cpu", "blkio", "memory", "pids"} {
				f.makeDirectory("/sys/fs/cgroup/" + controller)
			}
		},
		"cgroups", OK,
		[]string{"version 1 with all controllers"},
	},
	"cgroups version 1 without a controller": {
		func(f *fixture, _ *Host) {
			require.NoError(f.t, f.remove("/sys/fs/cgroup"))
			f.makeDirectory("/sys/fs/cgroup/cpu")
		},
		"cgroups", Warning,
		[]string{"version 1 without the controllers io, memory, pids"},
	},
	"no cgroups": {
		func(f *fixture, _ *Host) { require.NoError(f.t, f.remove("/sys")) },
		"cgroups", Warning,
		[]string{"no cgroups can be read below /sys/fs/cgroup", "no such file", "usage::cgroup_root"},
	},
	"inotify instances": {
		func(f *fixture, _ *Host) { f.write("/proc/sys/fs/inotify/max_user_instances", "3\n") },
		"inotify_instances", Warning,
		[]string{"0 of 3 in use", "fs.inotify.max_user_instances="},
	},
	"inotify watches": {
		func(f *fixture, _ *Host) { f.write("/proc/sys/fs/inotify/max_user_watches", "1023\n") },
		"inotify_watches", Warning,
		[]string{"0 of 1023 in use", "fs.inotify.max_user_watches=2048"},
	},
	"inotify limit is malformed": {
		func(f *fixture, _ *Host) { f.write("/proc/sys/fs/inotify/max_user_watches", "many") },
		"inotify_watches", Warning,
		[]string{"unknown", `"many"`},
	},
	"no pidfd": {
		func(_ *fixture, h *Host) { h.Pidfd = func() error { return errors.New("function not implemented") } },
		"pidfd", Warning,
		[]string{"within 5 s", "Linux 5.3", "6.1.0, pidfd_open: function not implemented"},
	},
	"few open files": {
		func(f *fixture, _ *Host) { f.replace("/proc/self/limits", "4096", "1000") },
		"open_files", Warning,
		[]string{"1000 files can be open", "LimitNOFILE=2048"},
	},
	"unlimited open files": {
		func(f *fixture, _ *Host) { f.replace("/proc/self/limits", "4096 ", "unlimited ") },
		"open_files", OK,
		[]string{"1024 are sufficient"},
	},
	"discovery error": {
		func(_ *fixture, h *Host) { h.DiscoveryErr = errors.New("discover kata sandboxes: no") },
		"discovery", Problem,
		[]string{"found 0 sandboxes, but some may be missing", "sandboxctl explain", "discover kata"},
	},
	"no registration": {
		func(_ *fixture, h *Host) {
			for i := range 5 {
				path := fmt.Sprintf("/run/runsc/%d", i)
				h.Sandboxes = append(h.Sandboxes, Sandbox{Runtime: "gvisor", Path: path, Trust: sandbox.FirstUse})
			}
		},
		"registration", Warning,
		[]string{"5 gVisor sandboxes were started without", "/run/runsc/0, /run/runsc/1, /run/runsc/2 and 2 more", "runtimeArgs"},
	},
	"unsafe Kata shim": {
		func(_ *fixture, h *Host) { h.Sandboxes = []Sandbox{unsafeKata} },
		"skipped_sandboxes", Warning,
		[]string{"1 sandbox is not contacted, reason unsafe_hypervisor: It crashes.", "/run/kata/a", "Change it."},
	},
}

var unsafeKata = Sandbox{
	Runtime: "kata", Path: "/run/kata/a",
	Skip: sandbox.SkipReason{Name: "unsafe_hypervisor", Cause: "It crashes.", Remedy: "Change it."},
}

func TestEverythingIsFine(t *testing.T) {
	_, h := newFixture(t)
	h.Sandboxes = []Sandbox{{Runtime: "gvisor", Path: "/run/runsc/a", Trust: sandbox.Registered}, {Runtime: "kata", Path: "/run/kata/b"}}
	for _, finding := range Run(h) {
		assert.Equal(t, OK, finding.Status, finding)
		assert.Empty(t, finding.Remedy)
		assert.NotEmpty(t, finding.Evidence, finding)
	}
}

func TestChecks(t *testing.T) {
	for name, test := range changes {
		t.Run(name, func(t *testing.T) {
			f, h := newFixture(t)
			test.change(f, h)
			text := ""
			for _, finding := range Run(h) {
				if finding.Check != test.check {
					assert.Equal(t, OK, finding.Status, "another check must not notice it: %v", finding)
					continue
				}
				assert.NotEmpty(t, finding.Evidence)
				assert.Equal(t, finding.Status == OK, finding.Remedy == "", "%v", finding)
				if finding.Status == test.status {
					text += finding.Summary + "\n" + finding.Evidence + "\n" + finding.Remedy + "\n"
				}
			}
			for _, part := range test.texts {
				assert.Contains(t, text, part)
			}
		})
	}
}

// TestSkippedKataNeedsCapability checks that the disk figures of a sandbox that is not
// contacted are mentioned.
func TestSkippedKataNeedsCapability(t *testing.T) {
	f, h := newFixture(t)
	f.replace("/proc/self/status", "000001ffffffffff", "0000000000000000")
	h.Sandboxes = []Sandbox{unsafeKata}
	findings := checkCapabilities(h)
	require.Len(t, findings, 1)
	assert.Equal(t, Warning, findings[0].Status)
	assert.Contains(t, findings[0].Summary, "kata.*.disk.io")
}

func TestNoProc(t *testing.T) {
	f, h := newFixture(t)
	require.NoError(t, f.remove("/proc"))
	for _, finding := range Run(h) {
		assert.NotEqual(t, Problem, finding.Status, "it is not known that something is wrong: %v", finding)
	}
	assert.Equal(t, 7, Count(Run(h), Warning))
}

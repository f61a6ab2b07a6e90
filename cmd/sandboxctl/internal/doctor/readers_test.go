package doctor

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run adds a process to the tree.
func (f *fixture) run(pid int, args ...string) {
	f.t.Helper()
	f.write(fmt.Sprintf("/proc/%d/cmdline", pid), strings.Join(args, "\x00")+"\x00")
	f.makeDirectory(fmt.Sprintf("/proc/%d/fd", pid))
}

// watch adds an inotify instance that watches a directory to a process.
func (f *fixture) watch(pid, descriptor int, directory string) {
	f.t.Helper()
	id, err := f.Directory(directory)
	require.NoError(f.t, err)
	f.link(fmt.Sprintf("/proc/%d/fd/%d", pid, descriptor), "anon_inode:inotify")
	f.write(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, descriptor), fmt.Sprintf("pos:\t0\n"+
		"inotify wd:2 ino:1 sdev:1 mask:fc6 ignored_mask:0 fhandle-bytes:8\n"+
		"inotify wd:1 ino:%x sdev:%x mask:fc6 ignored_mask:0 fhandle-bytes:8\n", id.Inode, kernelDevice(id.Device)))
}

var readers = map[string]struct {
	run    func(*fixture, *Host)
	status Status
	texts  []string
}{
	"none": {
		func(f *fixture, _ *Host) {
			f.run(10, "/bin/bash")
			f.run(11, "/usr/bin/runsc", "--root=/run/runsc", "boot", "metrics")
			f.run(12, "/usr/bin/otelcol", "--config=/etc/a")
		}, OK, []string{"none", "3 visible processes"},
	},
	"one Collector": {
		func(f *fixture, _ *Host) {
			f.run(10, "/usr/bin/otelcol-contrib", "--config=/etc/secret")
			f.watch(10, 5, "/run/runsc")
		}, OK, []string{"one Collector", "process 10 (otelcol-contrib)"},
	},
	"two Collectors": {
		func(f *fixture, _ *Host) {
			f.run(10, "/usr/bin/otelcol-contrib")
			f.watch(10, 5, "/run/runsc")
			f.run(20, "otelcol")
			f.watch(20, 6, "/run/runsc")
		}, Warning, []string{"2 Collectors", "process 10 (otelcol-contrib), process 20 (otelcol)", "one Collector per host"},
	},
	"Collector that cannot be examined": {
		func(f *fixture, _ *Host) {
			f.run(10, "otelcol")
			f.denied["/proc/10/fd"] = true
		}, OK, []string{"one Collector", "process 10"},
	},
	"another program": {
		func(f *fixture, _ *Host) {
			f.run(10, "agent")
			f.watch(10, 5, "/run/runsc")
		}, Warning, []string{"other processes watch", "process 10 (agent) watches /run/runsc"},
	},
	"metric server": {
		func(f *fixture, _ *Host) {
			f.run(10, "/usr/local/bin/runsc", "--root=/run/runsc", "--metric-server=localhost:1337", "metric-server")
		},
		Warning,
		[]string{"runsc metric-server", "process 10 (runsc)"},
	},
	"metric server without a root": {
		func(f *fixture, _ *Host) { f.run(10, "runsc", "metric-server") }, Warning, []string{"runsc metric-server"},
	},
	"metric server as a separate program": {
		func(f *fixture, _ *Host) {
			f.run(10, "/usr/local/bin/gvisor-bin/runsc-metric-server", "--root=/run/runsc")
		}, Warning, []string{"runsc metric-server", "process 10 (runsc-metric-server)"},
	},
	"metric server of another root": {
		func(f *fixture, _ *Host) { f.run(10, "runsc", "-root", "/run/other", "metric-server") }, OK, []string{"none"},
	},
	"kata-monitor": {
		func(f *fixture, _ *Host) { f.run(10, "/usr/bin/kata-monitor") }, Warning, []string{"kata-monitor", "replaced it"},
	},
	"kata-monitor and an unsafe shim": {
		func(f *fixture, h *Host) {
			f.run(10, "/usr/bin/kata-monitor")
			h.Sandboxes = []Sandbox{unsafeKata}
		}, Problem, []string{"can crash because of them", "Stop kata-monitor."},
	},
	"the command itself": {
		func(f *fixture, h *Host) {
			f.run(h.PID, "sandboxctl", "doctor")
			f.watch(h.PID, 5, "/run/runsc")
		}, OK, []string{"none"},
	},
}

func TestReaders(t *testing.T) {
	for name, test := range readers {
		t.Run(name, func(t *testing.T) {
			f, h := newFixture(t)
			test.run(f, h)
			findings := checkReaders(h, scanProcesses(h))
			require.Len(t, findings, 1)
			assert.Equal(t, test.status, findings[0].Status)
			text := fmt.Sprint(findings[0])
			for _, part := range test.texts {
				assert.Contains(t, text, part)
			}
			assert.NotContains(t, text, "secret", "command lines can contain secrets")
		})
	}
}

func TestInotifyUse(t *testing.T) {
	f, h := newFixture(t)
	f.replace("/proc/self/status", "Uid:\t0\t0", fmt.Sprintf("Uid:\t%d\t%d", os.Getuid(), os.Getuid()))
	f.write("/proc/sys/fs/inotify/max_user_instances", "6\n")
	f.run(10, "agent")
	f.watch(10, 5, "/run/runsc")
	f.watch(10, 6, "/run/runsc")
	findings := checkInotify(h, scanProcesses(h))
	assert.Equal(t, OK, findings[0].Status)
	assert.Equal(t, "2 of 6 in use by visible processes of this user", findings[0].Summary)
	assert.Equal(t, "4 of 192536 in use by visible processes of this user", findings[1].Summary)
	f.watch(10, 7, "/run/runsc")
	assert.Equal(t, Warning, checkInotify(h, scanProcesses(h))[0].Status)
	f.replace("/proc/self/status", fmt.Sprintf("Uid:\t%d\t%d", os.Getuid(), os.Getuid()), "Uid:\t12345\t12345")
	assert.Equal(t, OK, checkInotify(h, scanProcesses(h))[0].Status, "limits are per user")
}

// TestKernelDevice checks the device number of a partition: major 254, minor 0.
func TestKernelDevice(t *testing.T) {
	assert.Equal(t, uint64(0xfe00000), kernelDevice(0xfe00))
	assert.Equal(t, uint64(0x18), kernelDevice(0x18))
	assert.Equal(t, uint64(8<<20|300), kernelDevice(8<<8|300&0xff|(300&^0xff)<<12))
}

func TestScanIsLimited(t *testing.T) {
	f, h := newFixture(t)
	f.run(10, "otelcol", strings.Repeat("x", 2*maxCommandLine))
	all := scanProcesses(h)
	require.Len(t, all, 1)
	assert.Less(t, len(all[0].args[1]), maxCommandLine)
	s := &scanner{files: f, descriptors: maxAllDescriptors}
	p := process{pid: 10}
	require.True(t, s.examine("/proc/10", &p))
	assert.True(t, p.hidden)
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/doctor"
)

// newDoctorTree replaces the files that doctor examines by those of a host on which
// everything is fine, except what a test changes.
func newDoctorTree(t *testing.T, changes map[string]string) {
	t.Helper()
	root, before := t.TempDir(), hostTree
	hostTree = doctor.Below(root)
	t.Cleanup(func() { hostTree = before })
	files := map[string]string{
		"/proc/self/status":                       "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n",
		"/proc/self/uid_map":                      "0 0 4294967295\n",
		"/proc/self/mountinfo":                    "22 27 0:21 / /proc rw - proc proc rw\n",
		"/proc/self/limits":                       "Max open files            4096                 524288               files\n",
		"/proc/sys/fs/inotify/max_user_instances": "128\n",
		"/proc/sys/fs/inotify/max_user_watches":   "192536\n",
		"/proc/sys/kernel/osrelease":              "6.1.0\n",
		"/sys/fs/cgroup/cgroup.controllers":       "cpu io memory pids\n",
		"/nowhere/runsc/b_sandbox:b.state":        "{}",
		"/proc/12/cmdline":                        "bad\x1b[2J\x00",
	}
	maps.Copy(files, changes)
	for path, content := range files {
		require.NoError(t, os.MkdirAll(filepath.Dir(root+path), 0o755))
		require.NoError(t, os.WriteFile(root+path, []byte(content), 0o600))
	}
	require.NoError(t, os.MkdirAll(root+"/proc/self/ns", 0o755))
	require.NoError(t, os.Symlink("pid:[4026531836]", root+"/proc/self/ns/pid"))
}

var doctorFlags = []string{"doctor", "--gvisor-roots=/nowhere/runsc", "--kata-storage-paths=/nowhere/kata"}

const healthyHost = `ok   user: root
     evidence: /proc/self/status: Uid 0
ok   runtime_root: /nowhere/runsc is readable
     evidence: 1 entry, 1 state file
ok   storage_path: /nowhere/kata does not exist yet
     evidence: stat $ROOT/nowhere/kata: no such file or directory
ok   pid_namespace: that of the host
     evidence: /proc/self/ns/pid: pid:[4026531836]
ok   hidepid: /proc shows all processes
     evidence: /proc/self/mountinfo: rw
ok   capabilities: CAP_SYS_PTRACE is available
     evidence: /proc/self/status: CapEff 000001ffffffffff
ok   cgroups: version 2 with all controllers that are read
     evidence: /sys/fs/cgroup/cgroup.controllers: cpu io memory pids
ok   inotify_instances: 0 of 128 in use by visible processes of this user
     evidence: /proc/sys/fs/inotify/max_user_instances: 128
ok   inotify_watches: 0 of 192536 in use by visible processes of this user
     evidence: /proc/sys/fs/inotify/max_user_watches: 192536
ok   pidfd: supported
     evidence: /proc/sys/kernel/osrelease: 6.1.0
ok   open_files: 4096 files can be open, 1024 are sufficient
     evidence: /proc/self/limits: Max open files 4096
ok   discovery: found 0 sandboxes
     evidence: first scan of all runtime roots and storage paths
ok   other_readers: none
     evidence: 1 visible processes; the open files of 1 of them could not be examined
`

func TestDoctorOutput(t *testing.T) {
	newDoctorTree(t, nil)
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), append(doctorFlags, "--strict"), &stdout, &stderr), stderr.String())
	assert.Equal(t, os.Expand(healthyHost, func(string) string { return string(hostTree) }), stdout.String())

	for format, decode := range map[string]func([]byte, any) error{"json": json.Unmarshal, "yaml": yaml.Unmarshal} {
		stdout.Reset()
		require.Zero(t, run(t.Context(), append(doctorFlags, "-o", format), &stdout, &stderr))
		var findings []map[string]string
		require.NoError(t, decode(stdout.Bytes(), &findings))
		require.Len(t, findings, 13)
		assert.Equal(t, map[string]string{
			"check": "user", "status": "ok", "summary": "root", "evidence": "/proc/self/status: Uid 0",
		}, findings[0])
	}
}

func TestDoctorExitCode(t *testing.T) {
	warning := map[string]string{"/sys/fs/cgroup/cgroup.controllers": "cpu"}
	problem := map[string]string{
		"/proc/self/status":    "Uid:\t0\t0\t0\t0\nCapEff:\t0\n",
		"/proc/self/mountinfo": "22 27 0:21 / /proc rw - proc proc rw,hidepid=2\n",
	}
	for name, test := range map[string]struct {
		changes map[string]string
		strict  bool
		code    int
		stderr  string
	}{
		"fine":                {nil, true, 0, ""},
		"warning":             {warning, false, 0, ""},
		"warning, but strict": {warning, true, 1, "sandboxctl: 0 problems and 1 warnings found\n"},
		"problem":             {problem, false, 1, "sandboxctl: 1 problems and 0 warnings found\n"},
	} {
		t.Run(name, func(t *testing.T) {
			newDoctorTree(t, test.changes)
			args := doctorFlags
			if test.strict {
				args = append(args, "--strict")
			}
			var stdout, stderr bytes.Buffer
			assert.Equal(t, test.code, run(t.Context(), args, &stdout, &stderr))
			assert.Equal(t, test.stderr, stderr.String())
		})
	}
	var stdout, stderr bytes.Buffer
	assert.Equal(t, exitUsage, run(t.Context(), []string{"doctor", "-o", "wide"}, &stdout, &stderr))
	assert.Equal(t, exitUsage, run(t.Context(), []string{"doctor", "--gvisor-roots=relative"}, &stdout, &stderr))
}

func TestDoctorEscapes(t *testing.T) {
	newDoctorTree(t, map[string]string{"/proc/13/cmdline": "kata-monitor\x00", "/proc/14/cmdline": "otelcol\x1b[2J\x00"})
	var stdout, stderr bytes.Buffer
	require.Zero(t, run(t.Context(), doctorFlags, &stdout, &stderr))
	assert.Contains(t, stdout.String(), "process 13 (kata-monitor)")
	assert.NotContains(t, stdout.String(), "\x1b")
}

// TestDoctorDoesNotHang checks that a file system that does not respond, or an interrupt,
// ends the command.
func TestDoctorDoesNotHang(t *testing.T) {
	release := make(chan struct{})
	ended := make(chan struct{})
	h := &doctor.Host{Files: doctor.Below(t.TempDir()), Pidfd: func() error {
		<-release
		close(ended)
		return nil
	}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := examine(ctx, h)
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	<-ended
}

// TestDoctorOnThisHost checks the files of a real kernel.
func TestDoctorOnThisHost(t *testing.T) {
	var stdout, stderr bytes.Buffer
	run(t.Context(), append(doctorFlags, "-o", "json"), &stdout, &stderr)
	var findings []doctor.Finding
	require.NoError(t, json.Unmarshal(stdout.Bytes(), &findings))
	assert.GreaterOrEqual(t, len(findings), 13)
	for _, f := range findings {
		assert.NotEqual(t, "unknown", f.Summary, "%v", f)
	}
}

//go:build linux

// Package systemd runs a separate systemd, which enforces the rights of units as on a
// host. It has its own namespaces of processes, mounts and cgroups.
package systemd

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// startTimeout limits how long systemd may take to start its units.
const startTimeout = 60 * time.Second

// boot replaces /proc, /sys/fs/cgroup and directories that units write to, and executes
// systemd. Its first argument
// is the cgroup, the second the directory of the units.
const boot = `
echo 0 >"$1/cgroup.procs"
exec unshare --cgroup sh -ec '
mount -t proc proc /proc
umount -l /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib
exec env -i container=other SYSTEMD_UNIT_PATH="$1" \
	/lib/systemd/systemd --system --unit=e2e.target --log-target=console --show-status=no
' sh "$2"
`

// Manager is a running systemd.
type Manager struct {
	t   *testing.T
	cmd *exec.Cmd
}

// Start starts systemd with units, which are texts by their name. Their services may
// fail.
func Start(t *testing.T, units map[string]string) *Manager {
	t.Helper()
	directory := process.ShortTempDir(t)
	writeUnits(t, directory, units)
	output, err := os.Create(filepath.Join(directory, "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	m := &Manager{t: t, cmd: exec.Command("/bin/sh", "-ec", boot, "sh", newCgroup(t), directory)}
	m.cmd.Stdout, m.cmd.Stderr = output, output
	m.cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWPID,
		// Unlike Cloneflags, this keeps the mounts from being propagated to the host.
		Unshareflags: syscall.CLONE_NEWNS,
	}
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			status, err := process.Try(m.Enter()[0], append(m.Enter()[1:], "systemctl", "--no-pager", "status", "*.service")...)
			t.Logf("the units are:\n%s\n%v", status, err)
		}
		// The end of the first process of a PID namespace ends all others.
		_ = m.cmd.Process.Kill()
		_ = m.cmd.Wait()
		if t.Failed() {
			printed, _ := os.ReadFile(output.Name())
			t.Logf("systemd printed:\n%s", printed)
		}
	})
	return m
}

// writeUnits writes the units, and a target that wants all of them.
func writeUnits(t *testing.T, directory string, units map[string]string) {
	t.Helper()
	target := "[Unit]\nDescription=All units of the test\n"
	for name, text := range units {
		target += "Wants=" + name + "\n"
		if err := os.WriteFile(filepath.Join(directory, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(directory, "e2e.target"), []byte(target), 0o644); err != nil {
		t.Fatal(err)
	}
}

// newCgroup creates a cgroup in a hierarchy of version 2, and removes it and those in it
// at the end of the test.
func newCgroup(t *testing.T) string {
	t.Helper()
	root := process.ShortTempDir(t)
	if err := syscall.Mount("none", root, "cgroup2", 0, ""); err != nil {
		t.Fatal(err)
	}
	group := filepath.Join(root, fmt.Sprintf("e2e-systemd-%d", os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		process.Eventually(t, startTimeout, func() error { return removeGroups(group) })
		if err := syscall.Unmount(root, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return group
}

// removeGroups removes a cgroup without processes, and those in it first.
func removeGroups(group string) error {
	var groups []string
	err := filepath.WalkDir(group, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Backward(groups) {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}

// Enter returns a command that runs another one in the namespaces of systemd.
func (m *Manager) Enter() []string {
	return []string{"nsenter", fmt.Sprintf("--target=%d", m.cmd.Process.Pid), "--pid", "--mount", "--"}
}

// Ready waits until systemd has started the units.
func (m *Manager) Ready() {
	m.t.Helper()
	process.Eventually(m.t, startTimeout, func() error {
		state, err := process.Try(m.Enter()[0], append(m.Enter()[1:], "systemctl", "is-active", "e2e.target")...)
		if strings.TrimSpace(state) != "active" {
			return fmt.Errorf("systemd has not started its units: %w", err)
		}
		return nil
	})
}

package doctor

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fixture is a tree of files of a host.
type fixture struct {
	t *testing.T
	Below
	// denied are paths that the user has no permission to read.
	denied map[string]bool
}

// newFixture returns a host without sandboxes on which everything is fine.
func newFixture(t *testing.T) (*fixture, *Host) {
	t.Helper()
	f := &fixture{t, Below(t.TempDir()), map[string]bool{}}
	f.write("/proc/self/status", "Name:\tsandboxctl\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0 \nCapEff:\t000001ffffffffff\n")
	f.write("/proc/self/uid_map", "         0          0 4294967295\n")
	f.write("/proc/self/mountinfo", "21 27 0:20 / /sys rw - sysfs sysfs rw\n22 27 0:21 / /proc rw,relatime shared:12 - proc proc rw\n")
	f.write("/proc/self/limits", "Limit  Soft Limit  Hard Limit  Units\n"+
		"Max open files            4096                 524288               files\n")
	f.write("/proc/sys/fs/inotify/max_user_instances", "128\n")
	f.write("/proc/sys/fs/inotify/max_user_watches", "192536\n")
	f.write("/proc/sys/kernel/osrelease", "6.1.0\n")
	f.link("/proc/self/ns/pid", "pid:[4026531836]")
	f.write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory hugetlb pids rdma misc\n")
	f.makeDirectory("/run/runsc")
	return f, &Host{
		Files: f, PID: 999, Pidfd: func() error { return nil },
		Roots: []string{"/run/runsc", "/run/containerd/runsc/*"}, StoragePaths: []string{"/run/vc/sbs"},
		VerifyPeer: true, CgroupRoot: "/sys/fs/cgroup",
	}
}

func (f *fixture) makeDirectory(path string) {
	f.t.Helper()
	require.NoError(f.t, os.MkdirAll(string(f.Below)+path, 0o755))
}

func (f *fixture) write(path, content string) {
	f.t.Helper()
	f.makeDirectory(filepath.Dir(path))
	require.NoError(f.t, os.WriteFile(string(f.Below)+path, []byte(content), 0o600))
}

func (f *fixture) link(path, target string) {
	f.t.Helper()
	f.makeDirectory(filepath.Dir(path))
	_ = f.remove(path)
	require.NoError(f.t, os.Symlink(target, string(f.Below)+path))
}

func (f *fixture) remove(path string) error { return os.RemoveAll(string(f.Below) + path) }

// replace replaces a text in a file.
func (f *fixture) replace(path, before, after string) {
	f.t.Helper()
	content, err := f.Below.Read(path, maxMounts)
	require.NoError(f.t, err)
	require.Contains(f.t, content, before)
	f.write(path, strings.ReplaceAll(content, before, after))
}

// denial returns the error of a path that is denied. Tests run as root, who may read
// everything.
func (f *fixture) denial(operation, path string) error {
	for ancestor := path; ancestor != "/"; ancestor = filepath.Dir(ancestor) {
		if f.denied[ancestor] {
			return &fs.PathError{Op: operation, Path: path, Err: fs.ErrPermission}
		}
	}
	return nil
}

func (f *fixture) Read(path string, limit int64) (string, error) {
	if err := f.denial("open", path); err != nil {
		return "", err
	}
	return f.Below.Read(path, limit)
}

func (f *fixture) Names(path string, limit int) ([]string, error) {
	if err := f.denial("open", path); err != nil {
		return nil, err
	}
	return f.Below.Names(path, limit)
}

func (f *fixture) Stat(path string) (fs.FileInfo, error) {
	if err := f.denial("stat", filepath.Dir(path)); err != nil {
		return nil, err
	}
	return f.Below.Stat(path)
}

func (f *fixture) Match(pattern string) ([]string, error) {
	if special := strings.Index(pattern, "*"); special >= 0 && f.denial("open", filepath.Dir(pattern[:special]+"x")) != nil {
		return nil, nil
	}
	return f.Below.Match(pattern)
}

package host

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeProc creates a proc filesystem with one process.
func fakeProc(t *testing.T, pid string, files map[string]string) Processes {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, pid, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Processes{Root: root}
}

func TestProcessesBelowConfiguredRoot(t *testing.T) {
	processes := fakeProc(t, "4242", map[string]string{
		"stat":               shimStat,
		"status":             "Name:\tshim\nVmRSS:\t 100 kB\n",
		"io":                 "rchar: 5\n",
		"net/dev":            "lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
		"task/4242/children": "7 9 ",
		"task/4243/children": "11\nx -3 0",
		"task/4244/comm":     "thread without a children file\n",
	})
	if times, err := processes.Times(4242); err != nil || times.Threads != 13 {
		t.Errorf("Times() = %+v, %v", times, err)
	}
	numbers := map[string]uint64{}
	collect := func(name []byte, value uint64) { numbers[string(name)] = value }
	if err := processes.Status(4242, collect); err != nil {
		t.Error(err)
	}
	if err := processes.IO(4242, collect); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(map[string]uint64{"VmRSS": 100, "rchar": 5}, numbers); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if interfaces, err := processes.Interfaces(4242); err != nil || len(interfaces) != 1 {
		t.Errorf("Interfaces() = %+v, %v", interfaces, err)
	}
	children, err := processes.Children(4242)
	slices.Sort(children)
	if err != nil || !slices.Equal(children, []int{7, 9, 11}) {
		t.Errorf("Children() = %v, %v", children, err)
	}
}

func TestVanishedProcess(t *testing.T) {
	processes := Processes{Root: t.TempDir()}
	none := func([]byte, uint64) {}
	_, timesErr := processes.Times(4242)
	_, interfacesErr := processes.Interfaces(4242)
	_, filesErr := processes.OpenFiles(4242)
	_, childrenErr := processes.Children(4242)
	for name, err := range map[string]error{
		"times": timesErr, "status": processes.Status(4242, none), "io": processes.IO(4242, none),
		"interfaces": interfacesErr, "open files": filesErr, "children": childrenErr,
	} {
		if !errors.Is(err, ErrNoProcess) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMalformedProcessFile(t *testing.T) {
	processes := fakeProc(t, "4242", map[string]string{"stat": "nonsense"})
	_, err := processes.Times(4242)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(processes.Root, "4242/stat")) {
		t.Errorf("the error does not name the file: %v", err)
	}
}

func TestOwnProcess(t *testing.T) {
	processes := Processes{Root: "/proc"}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if count, err := processes.OpenFiles(os.Getpid()); err != nil || count < 4 {
		t.Errorf("OpenFiles() = %d, %v; want at least 4", count, err)
	}
	times, err := processes.Times(os.Getpid())
	if err != nil || times.Parent != os.Getppid() || times.Threads == 0 {
		t.Errorf("Times() = %+v, %v", times, err)
	}

	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Skip(err)
	}
	defer func() {
		_ = child.Process.Kill()
		_ = child.Wait()
	}()
	children, err := processes.Children(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("/proc/self/task/" + filepath.Base(mustReadlink(t, "/proc/thread-self")) + "/children"); err != nil {
		t.Skip("kernel without CONFIG_PROC_CHILDREN")
	}
	if !slices.Contains(children, child.Process.Pid) {
		t.Errorf("Children() = %v, want it to contain %d", children, child.Process.Pid)
	}
}

func mustReadlink(t *testing.T, path string) string {
	t.Helper()
	target, err := os.Readlink(path)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

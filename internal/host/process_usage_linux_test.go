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

const shimStat = "4242 (containerd) (shim)) S 1 4242 4242 0 -1 4194560 1 2 3 4 150 70 8 9 20 0 13 0 987654 1 2 3\n"

func TestParseProcessTimes(t *testing.T) {
	got, err := parseProcessTimes([]byte(shimStat))
	want := ProcessTimes{
		Name: "containerd) (shim)", State: 'S', Parent: 1,
		User: 150, System: 70, ChildrenUser: 8, ChildrenSystem: 9, Threads: 13, Start: 987654,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}

	for name, input := range map[string]string{
		"nothing":         "",
		"no name":         "4242 S 1 2 3",
		"too few fields":  "4242 (x) S 1 4242 4242 0 -1 4194560 1 2 3 4 150 70 8 9 20 0 13\n",
		"time no number":  strings.Replace(shimStat, " 150 ", " x ", 1),
		"start no number": strings.Replace(shimStat, "987654", "-1", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseProcessTimes([]byte(input)); err == nil {
				t.Errorf("parsed as %+v", got)
			}
		})
	}
}

func TestParseInterfaces(t *testing.T) {
	const header = "Inter-|   Receive    |  Transmit\n face |bytes  packets|bytes packets\n"
	got := parseInterfaces([]byte(header +
		"    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0\n" +
		"tap0_kata:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n" +
		"short: 1 2 3\n" +
		"word: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\n" +
		": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"))
	want := []InterfaceCounters{
		{
			Name:     "lo",
			Received: InterfaceTraffic{Bytes: 3193, Packets: 29},
			Sent:     InterfaceTraffic{Bytes: 3193, Packets: 29},
		},
		{
			Name:              "tap0_kata",
			Received:          InterfaceTraffic{Bytes: 1, Packets: 2, Errors: 3, Dropped: 4, FIFO: 5, Compressed: 7},
			ReceivedFrame:     6,
			ReceivedMulticast: 8,
			Sent:              InterfaceTraffic{Bytes: 9, Packets: 10, Errors: 11, Dropped: 12, FIFO: 13, Compressed: 16},
			SentCollisions:    14,
			SentCarrier:       15,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestInterfacesAreBounded(t *testing.T) {
	line := "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
	if got := len(parseInterfaces([]byte(strings.Repeat(line, 1000)))); got != mostInterfaces {
		t.Errorf("%d interfaces, want %d", got, mostInterfaces)
	}
}

// fakeProc makes a proc filesystem with one process.
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

func TestProcessesUnderAnotherRoot(t *testing.T) {
	processes := fakeProc(t, "4242", map[string]string{
		"stat":               shimStat,
		"status":             "Name:\tshim\nVmRSS:\t 100 kB\n",
		"io":                 "rchar: 5\n",
		"net/dev":            "lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
		"task/4242/children": "7 9 ",
		"task/4243/children": "11\nx -3 0",
		"task/4244/comm":     "thread without the file\n",
	})
	if times, err := processes.Times(4242); err != nil || times.Threads != 13 {
		t.Errorf("times %+v, %v", times, err)
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
		t.Errorf("interfaces %+v, %v", interfaces, err)
	}
	children, err := processes.Children(4242)
	slices.Sort(children)
	if err != nil || !slices.Equal(children, []int{7, 9, 11}) {
		t.Errorf("children %v, %v", children, err)
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
		t.Errorf("%d open files, %v", count, err)
	}
	times, err := processes.Times(os.Getpid())
	if err != nil || times.Parent != os.Getppid() || times.Threads == 0 {
		t.Errorf("times %+v, %v", times, err)
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
		t.Errorf("children %v lack %d", children, child.Process.Pid)
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

func FuzzParseProcess(f *testing.F) {
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = parseProcessTimes(data)
		parseInterfaces(data)
	})
}

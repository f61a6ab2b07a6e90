package passive

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
)

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// machine is a simulated host.
type machine struct {
	proc, cgroup string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	root := t.TempDir()
	m := machine{proc: filepath.Join(root, "proc"), cgroup: filepath.Join(root, "cgroup")}
	write(t, filepath.Join(m.proc, "stat"), "cpu 1 2 3\nbtime 1795167090\n")
	write(t, filepath.Join(m.cgroup, "cgroup.controllers"), "cpu memory\n")
	return m
}

func (m machine) roots() Roots {
	return Roots{Processes: host.Processes{Root: m.proc}, Cgroups: host.Cgroups{Root: m.cgroup}}
}

// run creates or changes a process. All its values derive from its PID.
func (m machine) run(t *testing.T, pid int, name string, start uint64, children ...int) {
	t.Helper()
	directory := filepath.Join(m.proc, fmt.Sprint(pid))
	write(t, filepath.Join(directory, "stat"), fmt.Sprintf(
		"%d (%s) S 1 1 1 0 -1 0 0 0 0 0 %d1 %d2 %d3 %d4 20 0 %d 0 %d 0 0\n", pid, name, pid, pid, pid, pid, pid%10, start))
	write(t, filepath.Join(directory, "status"), fmt.Sprintf(
		"Name:\t%s\nVmRSS:\t %d kB\nFutureSize:\t 1 kB\nvoluntary_ctxt_switches:\t7\n", name, pid))
	write(t, filepath.Join(directory, "io"), fmt.Sprintf("rchar: %d5\nread_bytes: %d6\n", pid, pid))
	write(t, filepath.Join(directory, "net/dev"), fmt.Sprintf(
		"Inter-| Receive\n face |bytes\n  lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\neth0: %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", pid))
	write(t, filepath.Join(directory, "fd/0"), "")
	list := strings.Trim(fmt.Sprint(children), "[]")
	write(t, filepath.Join(directory, "task", fmt.Sprint(pid), "children"), list)
}

// texts formats samples for comparison: family{item,label} value.
func texts(samples []reader.Sample) []string {
	var all []string
	for _, s := range samples {
		all = append(all, fmt.Sprintf("%s{%s,%s} %v", s.Family, s.Item, s.Label, s.Value))
	}
	return all
}

// withPrefix formats the samples whose text starts with a prefix.
func withPrefix(prefix string, samples []reader.Sample) []string {
	var selected []string
	for _, text := range texts(samples) {
		// Since Linux 6.2, the size of /proc/<pid>/fd is the number of open
		// files. Here fd is an ordinary directory, whose size depends on the
		// file system.
		if strings.HasPrefix(text, prefix) && !strings.Contains(text, "_fds{") {
			selected = append(selected, text)
		}
	}
	return selected
}

package kata

import (
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
)

const (
	// shimName is the prefix of the name of shims: containerd-shim-kata-v2, which the
	// kernel truncates.
	shimName = "containerd-shim"
	// shimSearchInterval is the time between two searches for shims.
	shimSearchInterval = 10 * time.Second
)

// shimProcesses finds shims without connecting to them, by their command line:
//
//	/opt/kata/bin/containerd-shim-kata-v2 -namespace k8s.io -address … -id <sandbox ID>
//
// A connection would prove which process is the shim. This is for what is only shown.
type shimProcesses struct {
	mu       sync.Mutex
	searched time.Time
	byID     map[string]int
}

// find returns the process of the shim of a sandbox, 0 if none is visible.
func (s *shimProcesses) find(processes host.Processes, id string, now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.byID[id]; !known && (s.searched.IsZero() || now.Sub(s.searched) >= shimSearchInterval) {
		s.search(processes)
		s.searched = now
	}
	return s.byID[id]
}

func (s *shimProcesses) search(processes host.Processes) {
	s.byID = map[string]int{}
	started := map[string]uint64{}
	pids, _ := processes.Named(shimName)
	for _, pid := range pids {
		arguments, _ := processes.Arguments(pid)
		id := shimID(arguments)
		if id == "" {
			continue
		}
		start, err := processes.ProcessStart(pid)
		// A process in a container could pretend to be the shim, but cannot know the
		// ID before the shim starts.
		if before, known := started[id]; err != nil || known && before <= start {
			continue
		}
		s.byID[id], started[id] = pid, start
	}
}

// shimID returns the ID of the sandbox on the command line of a shim.
func shimID(arguments []string) string {
	for i, argument := range arguments[:max(0, len(arguments)-1)] {
		if id := arguments[i+1]; (argument == "-id" || argument == "--id") && storage.ValidID(id) {
			return id
		}
	}
	return ""
}

// visibleShim returns the process of the shim of a sandbox to which no connection may be
// opened.
func (r *Runtime) visibleShim(directory storage.Directory) int {
	return r.shims.find(r.roots.Processes, directory.ID, r.now())
}

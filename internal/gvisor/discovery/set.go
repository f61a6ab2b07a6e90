package discovery

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
)

// set contains all known sandboxes. It turns changes of single containers into
// calls of the observer.
type set struct {
	observer Observer
	liveness *liveness
	groups   map[Key]*group
}

// group contains the containers with the same sandbox ID in one root.
type group struct {
	// containers are sorted by ID.
	containers []containerState
	// published is the sandbox that was last reported to the observer, nil if there
	// is none.
	published *Sandbox
	process   process
	// restored is when the state file showed that the sandbox, which was known before,
	// was restored; zero if it has not.
	restored time.Time
}

func newSet(observer Observer, liveness *liveness) *set {
	return &set{observer: observer, liveness: liveness, groups: map[Key]*group{}}
}

// put adds or replaces a container.
func (s *set) put(key Key, c containerState) {
	g := s.groups[key]
	if g == nil {
		g = &group{}
		s.groups[key] = g
	}
	i, known := g.find(c.container.ID)
	if known {
		g.containers[i] = c
	} else {
		g.containers = slices.Insert(g.containers, i, c)
	}
	s.publish(key, g)
}

// remove removes a container.
func (s *set) remove(key Key, containerID string) {
	g := s.groups[key]
	if g == nil {
		return
	}
	if i, known := g.find(containerID); known {
		g.containers = slices.Delete(g.containers, i, i+1)
		s.publish(key, g)
	}
	if len(g.containers) == 0 {
		delete(s.groups, key)
	}
}

func (g *group) find(containerID string) (int, bool) {
	return slices.BinarySearchFunc(g.containers, containerID, func(c containerState, id string) int {
		return strings.Compare(c.container.ID, id)
	})
}

// publish reports the current state of a group to the observer.
func (s *set) publish(key Key, g *group) {
	before, now := g.published, g.sandbox(key)
	newInstance := before == nil || now == nil || !now.Created.Equal(before.Created)
	if before != nil && newInstance {
		s.observer.Gone(s.last(g))
		s.liveness.untrack(&g.process)
	}
	if now == nil {
		g.published = nil
		return
	}
	g.followRestore(before, now, g.rootContainer(key).written, newInstance)
	if newInstance || now.PID != g.process.pid {
		s.replaceProcess(g, now, g.rootContainer(key).written, newInstance)
	}
	now.setProcess(&g.process)
	now.Running = runningSince(before, now, g.rootContainer(key).written, newInstance)
	// The published sandbox contains all fields of the previous value, so sharing it
	// saves memory.
	g.published, g.rootContainer(key).sandbox = now, now
	if newInstance {
		s.observer.Added(now)
	} else {
		s.observer.Changed(now)
	}
}

// followRestore moves the start of a sandbox that is restored after it was created: runsc
// restores it in the process that it has started before, and keeps the time of that.
func (g *group) followRestore(before, now *Sandbox, written time.Time, newInstance bool) {
	switch {
	case newInstance || now.PID != before.PID:
		g.restored = time.Time{}
	case now.Restored && !before.Restored:
		g.restored = written
	}
	if g.restored.After(now.Started) {
		now.Started = g.restored
	}
}

// replaceProcess tracks the process of a new instance, or another one of the same. If a
// sandbox has none any longer, the last one shows how it has ended.
func (s *set) replaceProcess(g *group, now *Sandbox, written time.Time, newInstance bool) {
	exit := g.process.exit
	if status, ended := s.liveness.ended(&g.process); ended {
		exit.Status = status
	}
	s.liveness.untrack(&g.process)
	g.process = s.liveness.track(now, written)
	if !newInstance && g.process.pid == 0 {
		g.process.exit = exit
	}
}

// setProcess sets what is known about the process.
func (s *Sandbox) setProcess(p *process) { s.Exited, s.Exit, s.Unseen = p.exited, p.exit, p.unseen }

// runningSince returns when the workload started to run, as far as the modification
// times of the state file show.
func runningSince(before, now *Sandbox, written time.Time, newInstance bool) time.Time {
	switch {
	case !newInstance && !before.Running.IsZero():
		return before.Running
	case now.Status == statefile.Running && (newInstance || before.Status != statefile.Paused):
		return written
	}
	return time.Time{}
}

// last returns what is known about a sandbox that no longer exists. Its process may
// have ended without a report.
func (s *set) last(g *group) *Sandbox {
	status, ended := s.liveness.ended(&g.process)
	if !ended {
		return g.published
	}
	now := *g.published
	now.Exited, now.Exit.Status = true, status
	return &now
}

// handleExit handles the report that a watched process has exited.
func (s *set) handleExit(exit host.Exit) {
	for key, g := range s.groups {
		if g.process.watched && g.process.pid == exit.PID && s.liveness.confirmExit(&g.process, exit.Status) {
			g.process.exit.Deleting = key.isLocked()
			s.publishProcess(g)
		}
	}
}

// pollProcesses checks the processes that are not watched or not visible.
func (s *set) pollProcesses() {
	for key, g := range s.groups {
		if g.published != nil && s.liveness.poll(key.Root, &g.process) {
			s.publishProcess(g)
		}
	}
}

// publishProcess reports to the observer that a process has exited or become
// visible.
func (s *set) publishProcess(g *group) {
	now := *g.published
	now.setProcess(&g.process)
	g.published = &now
	s.observer.Changed(&now)
}

// isLocked reports whether runsc holds the lock of the state file.
func (k Key) isLocked() bool {
	name := statefile.Name{ContainerID: k.ID, SandboxID: k.ID}
	lock, err := host.TryLock(filepath.Join(k.Root, name.LockFile()))
	if lock != nil {
		_ = lock.Close()
	}
	return errors.Is(err, host.ErrLocked)
}

// lacksRootContainer reports whether a container is known but its sandbox is not,
// because the root container is missing.
func (s *set) lacksRootContainer(key Key, containerID string) bool {
	g := s.groups[key]
	if g == nil || g.published != nil {
		return false
	}
	_, known := g.find(containerID)
	return known
}

// hasUnseenProcess reports whether any sandbox should have a process according to
// its state file, and that process may exist although it cannot be seen.
func (s *set) hasUnseenProcess() bool {
	for _, g := range s.groups {
		if g.published != nil && g.process.unseen && g.published.expectsProcess() {
			return true
		}
	}
	return false
}

// hasEnded reports whether the process of the sandbox has exited.
func (g *group) hasEnded() bool {
	return g.published != nil && (g.published.Exited || g.published.Status == statefile.Stopped)
}

// rootContainer returns the root container of the group, nil if it is missing.
func (g *group) rootContainer(key Key) *containerState {
	if i, known := g.find(key.ID); known {
		return &g.containers[i]
	}
	return nil
}

// sandbox combines the state of all containers. It returns nil if the root
// container is missing.
func (g *group) sandbox(key Key) *Sandbox {
	root := g.rootContainer(key)
	if root == nil {
		return nil
	}
	s := *root.sandbox
	s.setProcess(&process{})
	s.Capabilities = 0
	s.Containers = make([]Container, 0, len(g.containers))
	s.Spec = Spec{OCIVersion: root.spec.OCIVersion}
	s.Requested = g.requested(root)
	for _, c := range g.containers {
		s.Containers = append(s.Containers, c.container)
		s.Capabilities |= c.capabilities
		s.Spec.RunsAsRoot = s.Spec.RunsAsRoot || c.spec.RunsAsRoot
		s.Spec.NVProxy = s.Spec.NVProxy || c.spec.NVProxy
		s.Spec.TPUProxy = s.Spec.TPUProxy || c.spec.TPUProxy
		if c.spec.OCIVersion != s.Spec.OCIVersion {
			s.Spec.OCIVersion = InconsistentVersion
		}
	}
	return &s
}

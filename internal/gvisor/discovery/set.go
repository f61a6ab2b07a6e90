package discovery

import (
	"slices"
	"strings"
)

// set is all that is known of all sandboxes. What it is told about single
// containers it turns into news about sandboxes.
type set struct {
	observer Observer
	liveness *liveness
	groups   map[Key]*group
}

// group is all that is known of one sandbox id in one root.
type group struct {
	// containers are sorted by id.
	containers []facts
	// published is what the observer was last told, nil if nothing.
	published *Sandbox
	process   process
}

func newSet(observer Observer, liveness *liveness) *set {
	return &set{observer: observer, liveness: liveness, groups: map[Key]*group{}}
}

// put takes in what a container's state file says now.
func (s *set) put(key Key, f facts) {
	g := s.groups[key]
	if g == nil {
		g = &group{}
		s.groups[key] = g
	}
	i, known := g.find(f.container.ID)
	if known {
		g.containers[i] = f
	} else {
		g.containers = slices.Insert(g.containers, i, f)
	}
	s.publish(key, g)
}

// drop takes in that a container's state file is no more.
func (s *set) drop(key Key, containerID string) {
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
	return slices.BinarySearchFunc(g.containers, containerID, func(f facts, id string) int {
		return strings.Compare(f.container.ID, id)
	})
}

// publish tells the observer what the group amounts to now.
func (s *set) publish(key Key, g *group) {
	before, now := g.published, g.sandbox(key)
	newLife := before == nil || now == nil || !now.Created.Equal(before.Created)
	if before != nil && newLife {
		s.liveness.end(&g.process)
		s.observer.Gone(before)
	}
	if now == nil {
		g.published = nil
		return
	}
	if newLife || now.PID != g.process.pid {
		s.liveness.end(&g.process)
		g.process = s.liveness.begin(now, g.rootContainer(key).written)
	}
	now.Exited = g.process.exited
	// It holds all that the file of the root container said, so that need not be
	// kept twice.
	g.published, g.rootContainer(key).sandbox = now, now
	if newLife {
		s.observer.Added(now)
	} else {
		s.observer.Changed(now)
	}
}

// exited takes in that a watched process with this id has ended.
func (s *set) exited(pid int) {
	for _, g := range s.groups {
		if g.process.watched && g.process.pid == pid && s.liveness.confirm(&g.process) {
			s.publishExit(g)
		}
	}
}

// recheck looks for processes that have ended unnoticed.
func (s *set) recheck() {
	for _, g := range s.groups {
		if g.published != nil && s.liveness.recheck(&g.process) {
			s.publishExit(g)
		}
	}
}

func (s *set) publishExit(g *group) {
	now := *g.published
	now.Exited = true
	g.published = &now
	s.observer.Changed(&now)
}

// orphans counts the groups that have no root container.
func (s *set) orphans() (n int) {
	for _, g := range s.groups {
		if g.published == nil {
			n++
		}
	}
	return n
}

// claims counts the sandboxes that should have a process, and those of them
// that have none.
func (s *set) claims() (running, without int) {
	for _, g := range s.groups {
		if g.published == nil || !g.published.claimsToRun() {
			continue
		}
		running++
		if g.process.exited {
			without++
		}
	}
	return running, without
}

// rootContainer is the group's root container, nil if there is none.
func (g *group) rootContainer(key Key) *facts {
	if i, known := g.find(key.ID); known {
		return &g.containers[i]
	}
	return nil
}

// sandbox puts together what the files of all containers say; nil without a
// root container.
func (g *group) sandbox(key Key) *Sandbox {
	root := g.rootContainer(key)
	if root == nil {
		return nil
	}
	s := *root.sandbox
	s.Exited, s.Capabilities = false, 0
	s.Containers = make([]Container, 0, len(g.containers))
	s.Spec = Spec{OCIVersion: root.spec.OCIVersion}
	for _, f := range g.containers {
		s.Containers = append(s.Containers, f.container)
		s.Capabilities |= f.capabilities
		s.Spec.RunsAsRoot = s.Spec.RunsAsRoot || f.spec.RunsAsRoot
		s.Spec.NVProxy = s.Spec.NVProxy || f.spec.NVProxy
		s.Spec.TPUProxy = s.Spec.TPUProxy || f.spec.TPUProxy
		if f.spec.OCIVersion != s.Spec.OCIVersion {
			s.Spec.OCIVersion = InconsistentVersion
		}
	}
	return &s
}

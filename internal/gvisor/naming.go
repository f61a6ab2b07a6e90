package gvisor

import (
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/dockername"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

const (
	// namingWait is how long a new sandbox waits for its name. Docker writes the file
	// before it starts the container, but may be replacing it.
	namingWait = 5 * time.Second
	// namingInterval is the minimum time between two attempts.
	namingInterval = time.Second
)

// naming adds the names of Docker containers to sandboxes before they are reported,
// because an identity never changes afterwards. It must be used by the goroutine of
// discovery only.
type naming struct {
	names  dockername.Reader
	logger *zap.Logger
	// unnamed are the sandboxes whose names could not be read yet.
	unnamed map[*Sandbox]namingAttempt
	// warned reports whether a missing name was logged.
	warned bool
}

// namingAttempt is the time of the next attempt and of the last one.
type namingAttempt struct {
	next, last time.Time
}

func newNaming(path string, logger *zap.Logger) *naming {
	return &naming{names: dockername.Reader{Path: path}, logger: logger, unnamed: map[*Sandbox]namingAttempt{}}
}

// begin reports whether a sandbox already has its name, or needs none.
func (n *naming) begin(s *Sandbox) bool {
	isDocker := s.record.Load().Manager == kubepod.Docker && s.identity.Container.ID != ""
	if n.names.Path == "" || !isDocker || n.read(s) == nil {
		return true
	}
	now := time.Now()
	n.unnamed[s] = namingAttempt{next: now.Add(namingInterval), last: now.Add(namingWait)}
	return false
}

// retry returns the sandboxes that now have their names, and those that no longer wait
// for one: all of them if giveUp is set.
func (n *naming) retry(giveUp bool) (done []*Sandbox) {
	now := time.Now()
	for s, attempt := range n.unnamed {
		if !giveUp && now.Before(attempt.next) {
			continue
		}
		err := n.read(s)
		if err != nil && !giveUp && now.Before(attempt.last) {
			attempt.next = now.Add(namingInterval)
			n.unnamed[s] = attempt
			continue
		}
		if err != nil {
			n.warn(s, err)
		}
		delete(n.unnamed, s)
		done = append(done, s)
	}
	return done
}

// forget reports whether a sandbox was waiting for its name, and ends the wait.
func (n *naming) forget(s *Sandbox) bool {
	_, waits := n.unnamed[s]
	delete(n.unnamed, s)
	return waits
}

func (n *naming) read(s *Sandbox) error {
	name, err := n.names.Read(s.identity.Container.ID)
	if err == nil {
		s.identity.Container.NameInRuntime = name
	}
	return err
}

// warn logs a missing name, once.
func (n *naming) warn(s *Sandbox, err error) {
	if n.warned {
		return
	}
	n.warned = true
	n.logger.Warn("Failed to read the name of a Docker container; check gvisor::docker_containers_path",
		zap.String("docker_containers_path", n.names.Path), zap.String("container.id", s.identity.Container.ID), zap.Error(err))
}

package sandboxreceiver

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/receiver"
)

// instances are the receivers of the process by their configuration. The Collector
// creates a receiver that takes part in pipelines of several signals once for each of
// them, with the same configuration.
type instances struct {
	mu       sync.Mutex
	byConfig map[*Config]*instance
}

var shared = &instances{byConfig: map[*Config]*instance{}}

// instance is a receiver with one part for each signal. It starts with the first of its
// parts that starts and stops with the first that stops: the Collector starts and stops
// all of them together, and calls no pipeline after a part that it belongs to.
type instance struct {
	receiver *sandboxReceiver
	remove   func()

	mu               sync.Mutex
	started, stopped bool
	startErr         error
}

// get returns the part for a signal of the receiver of a configuration. connect sets the
// pipeline of the signal; it returns false if the receiver has one already, so that
// another receiver is needed.
func (s *instances) get(settings receiver.Settings, config *Config, connect func(*sandboxReceiver) bool) *instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.byConfig[config]; known != nil && connect(known.receiver) {
		return known
	}
	created := &instance{receiver: newReceiver(settings, config)}
	created.remove = func() { s.remove(config, created) }
	connect(created.receiver)
	s.byConfig[config] = created
	return created
}

// remove makes sure that a receiver is not returned anymore.
func (s *instances) remove(config *Config, known *instance) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byConfig[config] == known {
		delete(s.byConfig, config)
	}
}

var (
	_ receiver.Metrics = (*instance)(nil)
	_ receiver.Logs    = (*instance)(nil)
)

// Start implements [component.Component]. It is called once for each part.
func (i *instance) Start(ctx context.Context, collector component.Host) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return nil
	}
	i.receiver.status.add(func(event *componentstatus.Event) { componentstatus.ReportStatus(collector, event) })
	if !i.started {
		i.started = true
		// From here on, pipelines cannot be added.
		i.remove()
		i.startErr = i.receiver.Start(ctx)
	}
	return i.startErr
}

// Shutdown implements [component.Component]. It is called once for each part.
func (i *instance) Shutdown(ctx context.Context) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return nil
	}
	i.stopped = true
	i.remove()
	return i.receiver.Shutdown(ctx)
}

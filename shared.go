package sandboxreceiver

import (
	"context"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/receiver"
)

// signal is what a pipeline transports.
type signal string

const (
	metricsSignal signal = "metrics"
	logsSignal    signal = "logs"
)

// instances are the receivers of the process by their configuration. The Collector
// creates a receiver that takes part in pipelines of several signals once for each of
// them, with the same configuration.
type instances struct {
	mu       sync.Mutex
	byConfig map[*Config]*instance
}

var shared = &instances{byConfig: map[*Config]*instance{}}

// instance is a receiver with one part for each signal. It starts when all of its parts
// have started, because a Collector may start the pipeline of one signal after the part of
// another one. It stops with its last part: when a configuration is reloaded that changes
// only in which pipelines a receiver is, a Collector stops only some of the parts.
type instance struct {
	receiver *sandboxReceiver
	remove   func()

	// parts is the number of parts that have not stopped, and waiting that of those that
	// have not started either. They are guarded by the lock of instances until a part
	// starts or stops, and by mu from then on.
	parts, waiting int

	mu sync.Mutex
}

// part is the part of a receiver for one signal.
type part struct {
	instance *instance
	signal   signal
	// unreport ends the reports of the status to this part, nil before the start.
	unreport func()
	stopped  bool
}

// get returns the part for a signal of the receiver of a configuration. connect sets the
// pipeline of the signal; it returns false if the receiver has one already, so that
// another receiver is needed.
func (s *instances) get(
	settings receiver.Settings, config *Config, signal signal, connect func(*sandboxReceiver) bool,
) *part {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.byConfig[config]
	if i == nil || !connect(i.receiver) {
		i = &instance{receiver: newReceiver(settings, config)}
		i.remove = func() { s.remove(config, i) }
		connect(i.receiver)
		s.byConfig[config] = i
	}
	i.parts++
	i.waiting++
	return &part{instance: i, signal: signal}
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
	_ receiver.Metrics = (*part)(nil)
	_ receiver.Logs    = (*part)(nil)
)

// Start implements [component.Component]. The last part starts the receiver.
func (p *part) Start(ctx context.Context, collector component.Host) error {
	i := p.instance
	// From here on, pipelines cannot be added.
	i.remove()
	i.mu.Lock()
	defer i.mu.Unlock()
	if p.stopped || p.unreport != nil {
		return nil
	}
	p.unreport = i.receiver.status.add(func(event *componentstatus.Event) { componentstatus.ReportStatus(collector, event) })
	if i.waiting--; i.waiting > 0 {
		return nil
	}
	return i.receiver.Start(ctx)
}

// Shutdown implements [component.Component]. From then on, the pipeline of the signal is
// not called. The last part stops the receiver.
func (p *part) Shutdown(ctx context.Context) error {
	i := p.instance
	i.remove()
	i.mu.Lock()
	defer i.mu.Unlock()
	if p.stopped {
		return nil
	}
	p.stopped = true
	if p.unreport == nil {
		i.waiting--
	}
	if i.parts--; i.parts == 0 {
		return i.receiver.Shutdown(ctx)
	}
	if p.unreport != nil {
		p.unreport()
	}
	return i.receiver.disconnect(ctx, p.signal)
}

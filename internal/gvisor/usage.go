package gvisor

import (
	"cmp"
	"io"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/event"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// usageReader reads the usage of a sandbox: on the host, and from the sandbox itself
// with a request for each container, after the snapshot and on the same connection.
type usageReader struct {
	reporter *usage.Reporter
	account  *event.Account
	// record is what the fields below are derived from.
	record     *discovery.Sandbox
	containers []*containerUsage
	filestores []string
	// named is the PID that is known to be that of the sandbox; see
	// isSandboxProcess.
	named int

	// awaited is the index of the container whose response is awaited, -1 if none is.
	awaited int
	// began is when the first request of the pull in progress was sent.
	began time.Time
	// outcome is the outcome of the requests of the pull in progress so far.
	outcome sandbox.Outcome
	// next is when the next request may be sent, and failures the number of consecutive
	// pulls with a failed request.
	next     time.Time
	failures int
	// fresh means that figures are those of the pull in progress.
	fresh   bool
	figures event.Figures
}

// containerUsage is one container of the sandbox.
type containerUsage struct {
	identity *sandbox.Identity
	request  control.Request
}

// newUsageReader returns nil if usage is not reported.
func (r *Runtime) newUsageReader() *usageReader {
	reporter := usage.NewReporter(r.usage)
	if reporter == nil {
		return nil
	}
	return &usageReader{reporter: reporter, account: event.NewAccount(r.capacity), awaited: -1}
}

// More implements [sandbox.Sender].
func (s *Sandbox) More() bool { return s.usage != nil && s.usage.awaited >= 0 }

// requestUsage sends the first request for usage after a snapshot, if it is due.
func (s *Sandbox) requestUsage(record *discovery.Sandbox, r *sandbox.Reading) {
	u := s.usage
	if u == nil {
		return
	}
	u.fresh = false
	now := time.Now()
	if now.Before(u.next) || !u.reporter.Due(now) {
		return
	}
	s.prepareUsage(record)
	if len(u.containers) == 0 {
		return
	}
	u.began, u.outcome = now, sandbox.OK
	u.account.Begin(now)
	s.sendUsageRequest(0, r)
}

// sendUsageRequest sends the request for one container.
func (s *Sandbox) sendUsageRequest(i int, r *sandbox.Reading) {
	u := s.usage
	u.awaited = i
	if err := s.request.conn.Send(u.containers[i].request); err != nil {
		s.finishUsage(err, r)
	}
}

// receiveUsage receives the response about one container, and sends the request for
// the next one.
func (s *Sandbox) receiveUsage(r *sandbox.Reading, onBlock func()) {
	u := s.usage
	id := u.containers[u.awaited].identity.Container.ID
	s.request.conn.OnBlock(onBlock)
	err := s.request.conn.Receive(func(source io.Reader) error {
		_, err := u.account.Read(id, source, time.Now)
		return err
	})
	refused := sandbox.OutcomeOf(err) == sandbox.Refused
	if refused {
		// The container may just have been deleted, or this release of gVisor cannot
		// measure the network of the host.
		u.outcome = sandbox.Refused
	}
	switch {
	case err != nil && !refused:
		s.finishUsage(err, r)
	case u.awaited+1 < len(u.containers):
		s.sendUsageRequest(u.awaited+1, r)
	default:
		s.finishUsage(nil, r)
	}
}

const (
	// usagePauseFactor is the minimum pause before the next requests, as a multiple of
	// the time that the sandbox took to respond: it may have to scan its memory.
	usagePauseFactor = 100
	// maxUsageBackOff is the maximum back-off after failed requests. The pause by
	// usagePauseFactor can be longer.
	maxUsageBackOff = 10 * time.Minute
)

// finishUsage ends the requests of the pull in progress. What was received before a
// failure is used.
func (s *Sandbox) finishUsage(err error, r *sandbox.Reading) {
	u := s.usage
	u.awaited = -1
	if err != nil {
		u.outcome = sandbox.OutcomeOf(err)
	}
	r.Usage = u.outcome
	u.account.Finish(&u.figures)
	u.fresh = true
	now := time.Now()
	u.next = now.Add(usagePauseFactor * now.Sub(u.began))
	if err == nil {
		u.failures = 0
		return
	}
	if u.failures++; u.failures == 1 {
		s.runtime.logger.Debug("Failed to request usage from gVisor sandbox",
			zap.String("sandbox.runtime.name", s.identity.Runtime), zap.String("sandbox.id", s.identity.ID),
			zap.String("sandbox.iteration", s.identity.Iteration), zap.Error(err))
	}
	backOff := min(s.runtime.usage.Interval()<<min(u.failures, 10), max(maxUsageBackOff, s.runtime.usage.Interval()))
	if at := now.Add(backOff); at.After(u.next) {
		u.next = at
	}
}

// prepareUsage updates what depends on the files of the sandbox.
func (s *Sandbox) prepareUsage(record *discovery.Sandbox) {
	u := s.usage
	if u.record == record {
		return
	}
	if u.record == nil || u.record.Restored != record.Restored || !u.record.Started.Equal(record.Started) {
		u.account.Reset(startOf(record, time.Now()), record.Restored)
	}
	u.record = record
	known := u.containers
	u.containers, u.filestores = nil, nil
	var listed []event.Container
	for _, c := range rootFirst(record) {
		at := slices.IndexFunc(known, func(k *containerUsage) bool { return k.identity.Container.ID == c.ID })
		if at >= 0 {
			u.containers = append(u.containers, known[at])
		} else {
			u.containers = append(u.containers, &containerUsage{s.containerIdentity(&c), control.Event(c.ID)})
		}
		listed = append(listed, event.Container{ID: c.ID, Name: c.Name})
		if c.Filestore != "" {
			u.filestores = append(u.filestores, c.Filestore)
		}
	}
	u.account.SetContainers(listed)
}

// startOf returns when a sandbox started, with a monotonic reading, because the clock
// may be set at any time. If the start is in the future, it is unknown: the clock has
// been set back since, so it does not show how long the sandbox has run.
func startOf(record *discovery.Sandbox, now time.Time) time.Time {
	age := now.Sub(record.Started)
	if age < 0 {
		return time.Time{}
	}
	return now.Add(-age)
}

// maxUsageContainers limits the requests of a pull.
const maxUsageContainers = 64

// rootFirst returns the containers of a sandbox, the root container first.
func rootFirst(record *discovery.Sandbox) []discovery.Container {
	containers := slices.Clone(record.Containers)
	root := slices.IndexFunc(containers, func(c discovery.Container) bool { return c.ID == record.ID })
	if root > 0 {
		first := containers[root]
		copy(containers[1:], containers[:root])
		containers[0] = first
	}
	return containers[:min(len(containers), maxUsageContainers)]
}

// containerIdentity returns the resource of a container. In the naming "prometheus",
// it differs from that of the sandbox by the label container.
func (s *Sandbox) containerIdentity(c *discovery.Container) *sandbox.Identity {
	identity := s.identity
	identity.Container = sandbox.Container{ID: c.ID, Name: c.Name, NameInRuntime: c.NameInRuntime, Image: c.Image}
	identity.UpstreamLabels = append(slices.Clone(identity.UpstreamLabels),
		sandbox.Attribute{Key: "container", Value: cmp.Or(c.Name, c.NameInRuntime, c.ID)})
	return &identity
}

// memoryFile is the file of the sentry that holds the memory of all containers:
//
//	/proc/<pid>/fd/9 -> /memfd:runsc-memory (deleted)
const memoryFile = "runsc-memory"

// appendUsage appends the usage of the sandbox if it is due.
func (s *Sandbox) appendUsage(r *sandbox.Reading, record *discovery.Sandbox) {
	u := s.usage
	now := time.Now()
	if u == nil || !u.reporter.Due(now) {
		return
	}
	s.prepareUsage(record)
	report := usage.Report{
		Sandbox:    usage.Sandbox{Cgroup: cmp.Or(record.Cgroup, record.SpecCgroup)},
		Requested:  usage.Limits{CPUs: record.Requested.CPUs, Memory: record.Requested.Memory},
		Filestores: u.filestores,
	}
	if s.runtime.config.VerifyPeer && !record.Unseen && s.isSandboxProcess(record) {
		report.Sandbox.PID = record.PID
		report.Sandbox.MemoryFile = memoryFile
	}
	if u.fresh {
		report.Workload = s.workload(record)
		u.fresh = false
	}
	u.reporter.Append(r, &report, now)
}

// isSandboxProcess reports whether the process with the recorded ID can be that of the
// sandbox. In a PID namespace other than that of the host, it can also be a process of
// the receiver's own container, whose usage must not be reported for the sandbox. The
// process of a sandbox has the sandbox ID as an argument.
func (s *Sandbox) isSandboxProcess(record *discovery.Sandbox) bool {
	if !s.runtime.ownProcessesOnly || s.usage.named == record.PID {
		return true
	}
	named, err := s.runtime.processes.HasArgument(record.PID, record.ID)
	if err != nil || !named {
		return false
	}
	s.usage.named = record.PID
	return true
}

// workload returns what the sandbox has measured itself. gVisor's network stack reports
// 0 for errors and dropped packets of an interface, because it does not count them
// (netstack.Stack.Statistics). They are reported if a release does.
func (s *Sandbox) workload(record *discovery.Sandbox) *usage.Workload {
	f := &s.usage.figures
	w := &usage.Workload{CPU: f.CPU, HasCPU: f.HasCPU, Memory: f.Memory, HasMemory: f.Memory > 0}
	for i := range f.Interfaces {
		n := &f.Interfaces[i]
		w.Interfaces = append(w.Interfaces, usage.Interface{
			Name: n.Name, Received: usage.Traffic(n.Received), Transmitted: usage.Traffic(n.Transmitted),
			Uncounted: n.Received.Errors+n.Received.Dropped+n.Transmitted.Errors+n.Transmitted.Dropped == 0,
		})
	}
	if len(record.Containers) == 1 {
		for i := range f.Containers {
			w.Processes, w.HasProcesses = f.Containers[i].Processes, f.Containers[i].HasProcesses
		}
		return w
	}
	for i := range f.Containers {
		c := &f.Containers[i]
		// The root container of a pod only keeps the sandbox running.
		at := slices.IndexFunc(s.usage.containers, func(u *containerUsage) bool { return u.identity.Container.ID == c.ID })
		if at < 0 || record.InPod && c.ID == record.ID {
			continue
		}
		w.Containers = append(w.Containers, usage.Container{
			Identity: s.usage.containers[at].identity,
			CPU:      c.CPU, HasCPU: c.HasCPU, Processes: c.Processes, HasProcesses: c.HasProcesses,
		})
	}
	return w
}

// capacityOf returns the capacity of the host. If it is unknown, only what is obviously
// wrong is rejected.
func capacityOf(processes host.Processes) event.Host {
	capacity, err := processes.Capacity()
	if err != nil {
		return event.Host{CPUs: maxCPUs}
	}
	return event.Host{CPUs: capacity.CPUs, Memory: capacity.Memory}
}

// maxCPUs is more than any host has.
const maxCPUs = 1 << 13

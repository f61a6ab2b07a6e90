package gvisor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

func TestExitReason(t *testing.T) {
	code := func(code int) host.ExitStatus { return host.ExitStatus{Known: true, Code: code} }
	killed := host.ExitStatus{Known: true, Signal: 9}
	for name, test := range map[string]struct {
		status    host.ExitStatus
		deleting  bool
		stopped   bool
		oom, gone bool
		want      sandbox.ExitReason
	}{
		"exit code 0":                        {status: code(0), want: sandbox.ExitCompleted},
		"exit code 3, then deleted":          {status: code(3), deleting: true, gone: true, want: sandbox.ExitCompleted},
		"exit code 128":                      {status: code(128), want: sandbox.ExitCompleted},
		"signal 1 ended the workload":        {status: code(129), want: sandbox.ExitKilled},
		"SIGKILL ended the workload":         {status: code(137), deleting: true, want: sandbox.ExitKilled},
		"signal 64 ended the workload":       {status: code(192), want: sandbox.ExitKilled},
		"exit code above those of signals":   {status: code(193), want: sandbox.ExitCompleted},
		"SIGKILL ended the process":          {status: killed, want: sandbox.ExitKilled},
		"SIGKILL, files deleted afterwards":  {status: killed, gone: true, want: sandbox.ExitKilled},
		"SIGKILL of runsc delete":            {status: killed, deleting: true, want: sandbox.ExitRemoved},
		"SIGSEGV while locked":               {status: host.ExitStatus{Known: true, Signal: 11}, deleting: true, want: sandbox.ExitKilled},
		"OOM kill":                           {status: killed, deleting: true, oom: true, want: sandbox.ExitOOM},
		"unknown status":                     {want: sandbox.ExitUnknown},
		"unknown status while locked":        {deleting: true, want: sandbox.ExitUnknown},
		"unknown status, files deleted":      {gone: true, want: sandbox.ExitRemoved},
		"unknown status, stopped before":     {gone: true, stopped: true, want: sandbox.ExitUnknown},
		"unknown status, OOM kill":           {oom: true, want: sandbox.ExitOOM},
		"a status that is not known is zero": {status: host.ExitStatus{Signal: 9}, want: sandbox.ExitUnknown},
	} {
		record := &discovery.Sandbox{Status: statefile.Running, Exit: discovery.Exit{Status: test.status, Deleting: test.deleting}}
		if test.stopped {
			record.Status = statefile.Stopped
		}
		assert.Equal(t, test.want, exitReason(record, test.oom, test.gone), name)
	}
}

// Only changes for which the next pull must not wait are reported.
func TestChangesAreReported(t *testing.T) {
	record := func(status statefile.Status, exited bool) *discovery.Sandbox {
		return &discovery.Sandbox{Status: status, Exited: exited}
	}
	for name, test := range map[string]struct {
		before, after *discovery.Sandbox
		want          int
	}{
		"booted":          {record(statefile.Creating, false), record(statefile.Created, false), 1},
		"created and run": {record(statefile.Creating, false), record(statefile.Running, false), 1},
		"started":         {record(statefile.Created, false), record(statefile.Running, false), 0},
		"paused":          {record(statefile.Running, false), record(statefile.Paused, false), 0},
		"exited":          {record(statefile.Running, false), record(statefile.Running, true), 1},
		"stopped":         {record(statefile.Running, false), record(statefile.Stopped, false), 1},
		"stopped twice":   {record(statefile.Running, true), record(statefile.Stopped, true), 0},
	} {
		s := &Sandbox{}
		s.record.Store(test.before)
		s.update(test.before) // without a function to call
		calls := 0
		s.OnChange(func() { calls++ })
		s.update(test.after)
		assert.Equal(t, test.want, calls, name)
		assert.Same(t, test.after, s.record.Load())
	}
}

// The lifetime begins with the start or restore of the sandbox, unless the clock was set
// back since.
func TestLifetime(t *testing.T) {
	s := &Sandbox{}
	now := time.Now()
	s.record.Store(&discovery.Sandbox{Started: now.Add(-time.Minute), Restored: true})
	exit := s.Exit(now)
	assert.Equal(t, sandbox.Exit{
		Reason: sandbox.ExitUnknown, Time: now, Known: sandbox.ExitLifetime, Lifetime: time.Minute, Restored: true,
	}, exit, "without usage there are no figures")
	s.record.Store(&discovery.Sandbox{Started: now.Add(time.Second)})
	assert.Zero(t, s.Exit(now).Known)
}

package gvisor

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Runtime finds the gVisor sandboxes of this host. It implements
// [sandbox.Runtime].
type Runtime struct {
	settings         Settings
	logger           *zap.Logger
	registrations    *registration.Cache
	snapshots        snapshot.Settings
	export           control.Request
	watchedProcesses int
	processes        host.Processes
	families         *families
	capabilities     statefile.Capabilities

	// infos are by metadata, so that there is one for each build. They belong to
	// the goroutine of discovery.
	infos map[*discovery.Metadata]*info

	// mu guards sandboxes, which only the goroutine of discovery changes. It is
	// not taken by pulls.
	mu        sync.Mutex
	sandboxes map[discovery.Key]*Sandbox
}

// keptInfos is far above the number of builds on any host.
const keptInfos = 256

var _ sandbox.Runtime = (*Runtime)(nil)

// Name is [sandbox.RuntimeGVisor].
func (r *Runtime) Name() string { return sandbox.RuntimeGVisor }

// Watch tells the observer what there is until the context ends.
func (r *Runtime) Watch(ctx context.Context, observer sandbox.Observer) error {
	if _, err := host.OpenFileLimit(); err != nil {
		return err
	}
	discovery.New(discovery.Settings{
		Roots:               r.settings.Roots,
		Registrations:       r.registrations,
		VerifyProcesses:     r.settings.VerifyPeer,
		Processes:           r.processes,
		MaxWatchedProcesses: r.watchedProcesses,
		Logger:              r.logger,
	}).Run(ctx, newAdmission(r, observer))
	return nil
}

// Summarize appends what gVisor's exporter says about all its sandboxes.
func (r *Runtime) Summarize(reading *sandbox.Reading, tally sandbox.Stats) {
	var checkpointed, restored int64
	r.mu.Lock()
	for _, s := range r.sandboxes {
		record := s.record.Load()
		if stateOf(record) == sandbox.Stopped {
			continue
		}
		if record.Checkpointed {
			checkpointed++
		}
		if record.Restored {
			restored++
		}
	}
	r.mu.Unlock()
	f := r.families
	reading.Add(f.serverPresence, sandbox.Int(1))
	reading.Add(f.seen, sandbox.Int(tally.Seen))
	reading.Add(f.allRunning, sandbox.Int(tally.Running))
	reading.Add(f.allBroken, sandbox.Int(tally.Broken))
	reading.Add(f.allCheckpointed, sandbox.Int(checkpointed))
	reading.Add(f.allRestored, sandbox.Int(restored))
	reading.Add(f.processStart, sandbox.Float(seconds(tally.Started)))
}

func (r *Runtime) infoOf(metadata *discovery.Metadata) *info {
	known := r.infos[metadata]
	if known == nil {
		if len(r.infos) >= keptInfos {
			clear(r.infos)
		}
		known = r.families.infoOf(metadata)
		r.infos[metadata] = known
	}
	return known
}

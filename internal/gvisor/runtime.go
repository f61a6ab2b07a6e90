package gvisor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/event"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// Runtime discovers the gVisor sandboxes of this host. It implements
// [sandbox.Runtime].
type Runtime struct {
	config *Config
	naming sandbox.Naming
	logger *zap.Logger
	// registrations are those of state files, firstUse those of sandboxes
	// themselves.
	registrations    *registration.Cache
	firstUse         *registration.Cache
	known            *registration.Known
	unknown          unknownLog
	learning         *learning
	snapshots        snapshot.Settings
	export           control.Request
	watchedProcesses int
	// annotations are the keys of the annotations that are part of the identity.
	annotations []string
	processes   host.Processes
	// ownProcessesOnly reports whether processes outside of the receiver's PID
	// namespace are invisible.
	ownProcessesOnly bool

	families *families
	// usage is nil if usage is not reported; capacity is what no sandbox can exceed.
	usage        *usage.Settings
	capacity     event.Host
	capabilities statefile.Capabilities

	filterUse filterUse
	// overdue waits for overdue responses, nil if that is not possible.
	overdue atomic.Pointer[host.ReadWatcher]

	// infos are those of each build, by metadata. They belong to the goroutine of
	// discovery.
	infos map[*discovery.Metadata]*info

	// mu guards sandboxes, which only the goroutine of discovery changes. Pulls do
	// not lock it.
	mu        sync.Mutex
	sandboxes map[discovery.Key]*Sandbox
}

var _ sandbox.Runtime = (*Runtime)(nil)

// maxInfos is far above the number of builds on any host.
const maxInfos = 256

// watchedFraction is the fraction of the limit on open files that may be used to
// watch processes, each of which takes one file.
const watchedFraction = 2

// New returns the runtime for a valid configuration.
func New(config *Config, settings sandbox.Settings, logger *zap.Logger) (*Runtime, error) {
	metrics, err := compile(config.MetricFilter, "^(?:%s)$")
	if err != nil {
		return nil, err
	}
	capabilities, err := compile(config.CapabilityFilter, "%s")
	if err != nil {
		return nil, err
	}
	processes := host.Processes{Root: "/proc"}
	// If the limit is unknown, no processes are watched, and all are polled.
	files, _ := host.OpenFileLimit()
	known := registration.NewKnown(config.MetricPrefix, config.UnknownMetrics == KeepUnknown)
	return &Runtime{
		config:           config,
		naming:           settings.Naming,
		logger:           logger,
		registrations:    registration.NewCache(config.MetricPrefix, registration.Limits{}),
		firstUse:         registration.NewFirstUseCache(known, firstUseLimits, firstUseBudget),
		known:            known,
		unknown:          unknownLog{logger: logger, keep: config.UnknownMetrics == KeepUnknown},
		learning:         newLearning(),
		snapshots:        snapshot.Settings{Filter: metrics, ZeroFill: config.zeroFill(settings.Naming)},
		export:           control.Export(config.MetricFilter),
		watchedProcesses: files / watchedFraction,
		processes:        processes,
		ownProcessesOnly: processes.Local() && !host.InitialPIDNamespace(),
		annotations:      settings.Annotations,
		usage:            usage.NewSettings(settings.Usage, processes),
		capacity:         capacityOf(processes),
		families:         newFamilies(config.MetricPrefix, settings.Preset != sandbox.Minimal, capabilities != nil),
		capabilities:     selectCapabilities(capabilities),
		infos:            map[*discovery.Metadata]*info{},
		sandboxes:        map[discovery.Key]*Sandbox{},
	}, nil
}

// compile compiles a filter. It returns nil for an empty one.
func compile(filter, format string) (*regexp.Regexp, error) {
	if filter == "" {
		return nil, nil
	}
	return regexp.Compile(fmt.Sprintf(format, filter))
}

// selectCapabilities returns the set of all capabilities that match a filter.
func selectCapabilities(filter *regexp.Regexp) statefile.Capabilities {
	if filter == nil {
		return statefile.AllCapabilities
	}
	return statefile.AllCapabilities.Select(func(name string) bool {
		return filter.MatchString(name) || filter.MatchString(statefile.CapabilityPrefix+name)
	})
}

// Name returns [sandbox.RuntimeGVisor].
func (r *Runtime) Name() string { return sandbox.RuntimeGVisor }

// Watch implements [sandbox.Runtime].
func (r *Runtime) Watch(ctx context.Context, observer sandbox.Observer) error {
	if _, err := host.OpenFileLimit(); err != nil {
		return err
	}
	defer r.watchOverdue()()
	discovery.New(discovery.Settings{
		Roots:               r.config.Roots,
		Configured:          !slices.Equal(r.config.Roots, discovery.DefaultRoots()),
		Annotations:         r.annotations,
		Registrations:       r.registrations,
		VerifyProcesses:     r.config.VerifyPeer,
		Processes:           r.processes,
		MaxWatchedProcesses: r.watchedProcesses,
		Logger:              r.logger,
	}).Run(ctx, newAdmission(r, observer))
	return nil
}

// AppendRuntimeMetrics appends what gVisor's exporter reports about all
// sandboxes.
func (r *Runtime) AppendRuntimeMetrics(reading *sandbox.Reading, stats sandbox.Stats) {
	var checkpointed, restored int64
	r.mu.Lock()
	for _, s := range r.sandboxes {
		record := s.record.Load()
		if s.closed.Load() || statusOf(record).State == sandbox.Stopped {
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
	if r.config.MetricFilter != "" && r.filterUse.isUseless() {
		r.logger.Warn("gvisor::metric_filter matches no metric of any sandbox: "+
			"it must match the whole Prometheus name without the prefix, for example fs_opens or netstack_.*",
			zap.String("metric_filter", r.config.MetricFilter))
	}
	f := r.families
	reading.Add(f.serverPresence, sandbox.Int(1))
	reading.Add(f.seen, sandbox.Int(stats.Seen))
	reading.Add(f.allRunning, sandbox.Int(stats.Running))
	reading.Add(f.allBroken, sandbox.Int(stats.Broken))
	reading.Add(f.allCheckpointed, sandbox.Int(checkpointed))
	reading.Add(f.allRestored, sandbox.Int(restored))
	reading.Add(f.processStart, sandbox.Float(seconds(stats.Started)))
}

// infoOf returns the info of metadata, which sandboxes of one build share.
func (r *Runtime) infoOf(metadata *discovery.Metadata) *info {
	known := r.infos[metadata]
	if known == nil {
		if len(r.infos) >= maxInfos {
			clear(r.infos)
		}
		known = r.families.infoOf(metadata)
		r.infos[metadata] = known
	}
	return known
}

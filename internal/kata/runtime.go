package kata

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/cri"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/passive"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/storage"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// Runtime discovers the Kata sandboxes of this host. It implements
// [sandbox.Runtime].
type Runtime struct {
	config *Config
	// annotations are the keys of the annotations that are part of the identity.
	annotations []string
	logger      *zap.Logger
	skipLog     *sandbox.SkipLog
	reader      *reader.Settings
	cri         *cri.Lookup // nil without an endpoint
	roots       passive.Roots
	// connects reports whether connections to a shim may be opened; nil means that they
	// may. Without them, shims finds the processes.
	connects func(storagePath, id string) bool
	shims    shimProcesses
	// rootOnly accepts only shims that run as root.
	rootOnly bool
	pace     pace
	records  *shimRecords
	// usage is nil if usage is not reported; capacity is what no guest can exceed.
	usage    *usage.Settings
	capacity guest.Host
	// now is the clock for everything that is about shims.
	now func() time.Time
	// stale carries directories that a pull found removed or replaced.
	stale chan string
}

var _ sandbox.Runtime = (*Runtime)(nil)

// pace holds the intervals of the finder.
type pace struct {
	// identity limits how long a new sandbox waits for its identity, and the end of
	// the first scan for the sandboxes that it found.
	identity time.Duration
	// soon is the interval between checks for a change that is expected at any
	// moment, such as the socket in a new directory. settle is how long after its
	// last change a directory without a socket is checked this often. later is the
	// interval between checks for a state file that is overdue.
	soon, settle, later time.Duration
	// paths is the interval at which the storage paths themselves are checked, scan
	// the one at which their content is scanned, and blindScan the latter if inotify
	// is unavailable.
	paths, scan, blindScan time.Duration
	// measure is how long a sandbox waits for the measurement of its shim.
	measure time.Duration
}

var defaultPace = pace{
	identity: 5 * time.Second,
	soon:     250 * time.Millisecond, settle: time.Minute, later: 5 * time.Second,
	paths: 5 * time.Second, scan: 30 * time.Second, blindScan: 2 * time.Second,
	measure: minMeasured,
}

// New returns the runtime for a valid configuration.
func New(config *Config, settings sandbox.Settings, logger *zap.Logger) *Runtime {
	processes := host.Processes{Root: "/proc"}
	r := &Runtime{
		config:      config,
		logger:      logger,
		skipLog:     sandbox.NewSkipLog(logger),
		annotations: settings.Annotations,
		reader: reader.NewSettings(reader.Options{
			Naming:          settings.Naming,
			Families:        config.Families,
			FilterFamily:    config.FilterFamily,
			Unknown:         config.UnknownFamilies,
			MaxResponseSize: int64(config.MaxResponseSize),
		}),
		roots: passive.Roots{
			Processes: processes,
			Cgroups:   host.Cgroups{Root: settings.Usage.CgroupRoot},
		},
		connects: settings.MayConnect,
		// In a user namespace, root has another ID.
		rootOnly: os.Geteuid() == 0,
		usage:    usage.NewSettings(settings.Usage, processes),
		capacity: capacityOf(processes),
		pace:     defaultPace,
		records:  sharedRecords,
		now:      time.Now,
		stale:    make(chan string, 64),
	}
	if config.CRIEndpoint != "" {
		socket, _ := cri.ParseEndpoint(config.CRIEndpoint)
		r.cri = cri.New(socket, logger)
	}
	return r
}

// Name returns [sandbox.RuntimeKata].
func (r *Runtime) Name() string { return sandbox.RuntimeKata }

// Watch implements [sandbox.Runtime].
func (r *Runtime) Watch(ctx context.Context, observer sandbox.Observer) error {
	notifier, err := storage.NewNotifier()
	if err != nil {
		r.logger.Warn("Failed to watch Kata storage paths; falling back to polling", zap.Error(err))
	}
	defer func() { _ = notifier.Close() }()

	var lookup sync.WaitGroup
	defer lookup.Wait()
	var results <-chan cri.Result // nil, which is never ready, without an endpoint
	if r.cri != nil {
		results = r.cri.Results()
		lookup.Go(func() { r.lookUp(func() error { return r.cri.Run(ctx) }) })
	}

	f := newFinder(r, notifier, observer)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event := <-notifier.Events():
			f.changed(event.Name, time.Now())
		case <-notifier.Errors():
			f.checkAll(true, time.Now())
		case path := <-r.stale:
			f.examine(path, time.Now())
		case result := <-results:
			f.found(result, time.Now())
		case <-timer.C:
			f.tick(time.Now())
		}
		timer.Reset(time.Until(f.next()))
	}
}

// lookUp runs the pod lookup. If it stops with an error or a panic, sandboxes are still
// discovered, and are reported without what only the container runtime knows.
func (r *Runtime) lookUp(run func() error) {
	err := sandbox.RecoverPanic(run)
	if err == nil {
		return
	}
	fields := []zap.Field{zap.String("cri_endpoint", r.config.CRIEndpoint), zap.Error(err)}
	var panicked *sandbox.PanicError
	if errors.As(err, &panicked) {
		fields = append(fields, zap.ByteString("stack", panicked.Stack))
	}
	r.logger.Error("Pod lookup in the container runtime stopped permanently; please report this as a bug", fields...)
}

// markStale requests a check of a directory that has changed. If the channel is
// full, the next scan will find the change.
func (r *Runtime) markStale(path string) {
	select {
	case r.stale <- path:
	default:
	}
}

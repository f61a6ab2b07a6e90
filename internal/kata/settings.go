package kata

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/cri"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/passive"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/reader"
)

// Settings are the user's settings for Kata sandboxes, and some that only tests
// and unusual mounts need.
type Settings struct {
	// StoragePaths are where the runtimes keep a directory for each sandbox.
	StoragePaths []string
	// Collection is "auto", "shim" or "passive".
	Collection string
	// Naming is "otel" or "prometheus".
	Naming string
	// Families is "default" or "all".
	Families string
	// FilterFamily are prefixes of the families to report, as kata-monitor
	// names them.
	FilterFamily []string
	// UnknownFamilies is "drop" or "gauge".
	UnknownFamilies string
	// MaxResponseSize is the most that a shim may answer.
	MaxResponseSize int64
	// CRIEndpoint, if set, is the container runtime's socket.
	CRIEndpoint string

	// ProcRoot and CgroupRoot are where the kernel tells about processes and
	// control groups; /proc and /sys/fs/cgroup by default.
	ProcRoot, CgroupRoot string
	// AnyPeer accepts shims that do not run as root, as seen from a user
	// namespace.
	AnyPeer bool
}

// pace is how often the finder looks, and how patient it is.
type pace struct {
	// identity is how long a new sandbox may wait for its pod to be known.
	identity time.Duration
	// soon is the time between two looks at what is expected to change any
	// moment, settle how long that is expected of a new directory; later is
	// the time between two looks at what should have changed long ago.
	soon, settle, later time.Duration
	// places is the time between two looks at whether the storage paths are
	// there, scan that between two looks at all that is in them, and blindScan
	// the same where nothing tells of changes.
	places, scan, blindScan time.Duration
}

var usualPace = pace{
	identity: 5 * time.Second,
	soon:     250 * time.Millisecond, settle: time.Minute, later: 5 * time.Second,
	places: 5 * time.Second, scan: 30 * time.Second, blindScan: 2 * time.Second,
}

// Runtime finds Kata sandboxes.
type Runtime struct {
	logger     *zap.Logger
	places     []string
	collection guard.Collection
	reader     *reader.Settings
	maxBytes   int64
	filtered   bool
	cri        *cri.Lookup // nil without an endpoint
	roots      passive.Roots
	rootOnly   bool
	pace       pace
	// stale carries directories that a pull found to be gone.
	stale chan string
}

// New checks settings. Its error names each wrong one and what to do. Nothing
// is done before Watch.
func New(settings Settings, logger *zap.Logger) (*Runtime, error) {
	r := &Runtime{
		logger:     logger,
		places:     settings.StoragePaths,
		collection: guard.Collection(settings.Collection),
		maxBytes:   settings.MaxResponseSize,
		filtered:   len(settings.FilterFamily) > 0,
		roots: passive.Roots{
			Processes: host.Processes{Root: cmp.Or(settings.ProcRoot, "/proc")},
			Cgroups:   host.Cgroups{Root: cmp.Or(settings.CgroupRoot, "/sys/fs/cgroup")},
		},
		rootOnly: os.Geteuid() == 0 && !settings.AnyPeer,
		pace:     usualPace,
		stale:    make(chan string, 64),
	}
	var errs []error
	for i, place := range settings.StoragePaths {
		if !filepath.IsAbs(place) {
			errs = append(errs, fmt.Errorf("storage_paths::%d: %q is relative: use an absolute path", i, place))
		}
	}
	switch r.collection {
	case guard.Auto, guard.Shim, guard.Passive:
	default:
		errs = append(errs, fmt.Errorf("collection: %q is none of auto, shim, passive", settings.Collection))
	}
	if settings.MaxResponseSize <= 0 {
		errs = append(errs, fmt.Errorf("max_response_size: %d leaves no room for an answer: use for example 8388608", settings.MaxResponseSize))
	}
	var err error
	r.reader, err = reader.NewSettings(reader.Options{
		Naming:          settings.Naming,
		Families:        settings.Families,
		FilterFamily:    settings.FilterFamily,
		Unknown:         settings.UnknownFamilies,
		MaxResponseSize: settings.MaxResponseSize,
	})
	errs = append(errs, err)
	if settings.CRIEndpoint != "" {
		if r.cri, err = cri.New(settings.CRIEndpoint, logger); err != nil {
			errs = append(errs, fmt.Errorf("cri_endpoint: %w", err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

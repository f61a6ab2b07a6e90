package gvisor

import (
	"errors"
	"fmt"
	"regexp"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/control"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/discovery"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/registration"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/snapshot"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/statefile"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Settings of the runtime.
type Settings struct {
	// Roots are absolute paths of runtime roots, or patterns of them; nil means
	// [DefaultRoots].
	Roots []string
	// MetricServerAddress, unless empty, is the --metric-server that sandboxes
	// must have been started with to be taken. It may hold %RUNTIME_ROOT%.
	MetricServerAddress string
	// Trust is the least trust a sandbox must have to be taken.
	Trust sandbox.Trust
	// MetricPrefix begins all names in the naming "prometheus".
	MetricPrefix string
	// MetricFilter, unless empty, is a regular expression that the whole
	// Prometheus name of a metric must match, without prefix.
	MetricFilter string
	// CapabilityFilter is a regular expression that the name of a capability
	// must match somewhere, with or without CAP_. Empty means all capabilities
	// in the naming "prometheus" and none in "otel".
	CapabilityFilter string
	// ZeroFill adds counters that have not been incremented yet.
	ZeroFill bool
	// MaxResponseSize is the longest answer that is read.
	MaxResponseSize int64
	// VerifyPeer: process ids in state files are those of ProcRoot, so that the
	// sandbox's process can be watched and recognized.
	VerifyPeer bool
	// ProcRoot is where the host's proc filesystem is mounted; /proc if empty.
	ProcRoot string
}

// DefaultRoots are the roots and patterns of common installations.
func DefaultRoots() []string { return discovery.DefaultRoots() }

// watchedShare is the part of the limit on open files that may be used to watch
// processes, one file for each.
const watchedShare = 2

// New prepares the runtime. An error says which setting is wrong.
func New(settings Settings, logger *zap.Logger) (*Runtime, error) {
	if settings.Roots == nil {
		settings.Roots = DefaultRoots()
	}
	if settings.ProcRoot == "" {
		settings.ProcRoot = "/proc"
	}
	var errs []error
	if settings.Trust != sandbox.FirstUse && settings.Trust != sandbox.Registered {
		errs = append(errs, fmt.Errorf("trust: %q is neither %s nor %s", settings.Trust, sandbox.FirstUse, sandbox.Registered))
	}
	if settings.MaxResponseSize <= 0 {
		errs = append(errs, fmt.Errorf("max_response_size: %d leaves no room for an answer", settings.MaxResponseSize))
	}
	metrics, err := compile("metric_filter", settings.MetricFilter, "^(?:%s)$")
	errs = append(errs, err)
	capabilities, err := compile("capability_filter", settings.CapabilityFilter, "%s")
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	// Without a limit to go by, none are watched but all looked at from time to
	// time.
	files, _ := host.OpenFileLimit()
	r := &Runtime{
		settings:         settings,
		logger:           logger,
		registrations:    registration.NewCache(settings.MetricPrefix, registration.Limits{}),
		snapshots:        snapshot.Settings{Filter: metrics, ZeroFill: settings.ZeroFill},
		export:           control.Export(settings.MetricFilter),
		watchedProcesses: files / watchedShare,
		processes:        host.Processes{Root: settings.ProcRoot},
		families:         newFamilies(settings.MetricPrefix, capabilities != nil),
		capabilities:     selectCapabilities(capabilities),
		infos:            map[*discovery.Metadata]*info{},
		sandboxes:        map[discovery.Key]*Sandbox{},
	}
	return r, nil
}

// compile compiles a filter; nil stands for an empty one.
func compile(key, filter, form string) (*regexp.Regexp, error) {
	if filter == "" {
		return nil, nil
	}
	expression, err := regexp.Compile(fmt.Sprintf(form, filter))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	return expression, nil
}

// selectCapabilities is the set of all capabilities that a filter lets through.
func selectCapabilities(filter *regexp.Regexp) statefile.Capabilities {
	if filter == nil {
		return statefile.AllCapabilities
	}
	return statefile.AllCapabilities.Select(func(name string) bool {
		return filter.MatchString(name) || filter.MatchString(statefile.CapabilityPrefix+name)
	})
}

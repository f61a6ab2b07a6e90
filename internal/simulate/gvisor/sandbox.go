package gvisor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// DefaultPoints is the default number of points in a snapshot: that of a busy
// sandbox with a network.
const DefaultPoints = 60

// defaultDelay is longer than the deadline of any pull.
const defaultDelay = 30 * time.Second

// Root is a runtime root and what its sandboxes share.
type Root struct {
	// Directory is the path of the runtime root.
	Directory string
	// MetricServer is the metric server address in the state files, for example
	// %RUNTIME_ROOT%/metrics.sock.
	MetricServer string
	// Seeds is the source of IDs and values.
	Seeds *simulate.Seeds
	// Cgroups is where the sandboxes have cgroups, if they have any.
	Cgroups simulate.CgroupTree

	requests requestCache
}

// Options configures a simulated sandbox. Apart from the ID, the zero value is
// an honest sandbox with all defaults.
type Options struct {
	// ID is the sandbox ID.
	ID string
	// Mode makes the sandbox hostile.
	Mode simulate.Mode
	// Points is the number of points in a snapshot, at least 2; the default is
	// [DefaultPoints].
	Points int
	// Unregistered sandboxes were started without --metric-server: their state
	// file holds no registration.
	Unregistered bool
	// Containers is the number of containers in addition to the root container.
	Containers int
	// Pod selects the container runtime that created the pod, if there is one. The
	// default in the mode [MixedAnnotations] is one chosen by the seed.
	Pod simulate.PodStyle
	// Delay is the delay of a response in the mode [Late]; the default is 30 s.
	Delay time.Duration
	// Steady sandboxes are not replaced by churn.
	Steady bool
}

// Sandbox is one simulated gVisor sandbox. Its methods are safe for concurrent
// use.
type Sandbox struct {
	root    *Root
	options Options
	mode    *mode
	pod     simulate.Pod
	load    simulate.LoadCounter
	// exports and usageCalls count the calls that hostile modes alter.
	exports, usageCalls atomic.Int64
	// hung is closed by Resume, nil unless the sandbox hangs.
	hung atomic.Pointer[chan struct{}]

	mu       sync.Mutex
	instance *instance
	removed  bool
	// lock is held in the mode [Locked].
	lock *os.File
}

var errRemoved = errors.New("the simulated sandbox was removed")

// New creates a sandbox in the runtime root. Its socket and its state file exist
// when New returns.
func New(root *Root, options Options) (*Sandbox, error) {
	if options.Points == 0 {
		options.Points = DefaultPoints
	}
	if options.Delay == 0 {
		options.Delay = defaultDelay
	}
	s := &Sandbox{root: root, options: options}
	if options.Mode != "" {
		if s.mode = modeOf(options.Mode); s.mode == nil {
			return nil, fmt.Errorf("invalid mode %q: not a mode of gVisor sandboxes", options.Mode)
		}
		s.options.Unregistered = options.Unregistered || s.mode.build != nil || s.mode.register != nil
	}
	if limit := len(theBuild().points); options.Points < 2 || options.Points > limit {
		return nil, fmt.Errorf("invalid number of points %d: must be between 2 and %d", options.Points, limit)
	}
	if options.Mode == MixedAnnotations && options.Pod == simulate.NoPod {
		s.options.Pod = simulate.PodStyles[root.Seeds.Next()%uint64(len(simulate.PodStyles))]
	}
	if s.options.Pod != simulate.NoPod {
		s.pod = simulate.NewPod(s.options.Pod, options.ID, root.Seeds.Next())
		s.pod.Forging = options.Mode == MixedAnnotations
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(false); err != nil {
		return nil, err
	}
	return s, nil
}

// ID returns the sandbox ID.
func (s *Sandbox) ID() string { return s.options.ID }

// Mode returns the hostile mode, which is empty for an honest sandbox.
func (s *Sandbox) Mode() simulate.Mode { return s.options.Mode }

// Pod returns the pod of the sandbox.
func (s *Sandbox) Pod() simulate.Pod { return s.pod }

// Options returns the options of the sandbox with all defaults filled in.
func (s *Sandbox) Options() Options { return s.options }

// Load returns the load of all instances of the sandbox together.
func (s *Sandbox) Load() simulate.Load {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance == nil {
		return s.load.Load(0)
	}
	return s.load.Load(s.instance.server.Connections())
}

// SocketPath returns the path of the control socket.
func (s *Sandbox) SocketPath() string {
	return filepath.Join(s.root.Directory, "runsc-"+s.options.ID+".sock")
}

// StatePath returns the path of the root container's state file.
func (s *Sandbox) StatePath() string {
	return filepath.Join(s.root.Directory, stateName(s.options.ID, s.options.ID)+".state")
}

// Restart deletes the sandbox and creates it again with the same ID and new
// values.
func (s *Sandbox) Restart() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.end(), s.begin(false))
}

// Restore deletes the sandbox and creates it again from a checkpoint, with the
// same ID: its state file records the restore and the time that it saved.
func (s *Sandbox) Restore() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.end(), s.begin(true))
}

// Checkpoint marks the sandbox as checkpointed. It continues to run.
func (s *Sandbox) Checkpoint() error {
	return s.rewrite(func(state *stateFile) { state.Sandbox.Checkpointed = true })
}

// Stop ends the workload: the socket disappears, and the state file remains with
// the status "stopped".
func (s *Sandbox) Stop() error {
	s.mu.Lock()
	if s.instance != nil {
		s.instance.server.Close()
	}
	s.mu.Unlock()
	return errors.Join(
		removeIfPresent(s.SocketPath()),
		s.rewrite(func(state *stateFile) { state.Status, state.Sandbox.PID = "stopped", 0 }),
	)
}

// Remove deletes the sandbox permanently.
func (s *Sandbox) Remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = true
	return s.end()
}

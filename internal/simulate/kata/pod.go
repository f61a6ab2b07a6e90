package kata

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

// Storage is the pair of storage paths and what their pods share.
type Storage struct {
	// GoPath is the storage path of the Go runtime, RustPath that of runtime-rs.
	GoPath, RustPath string
	// Seeds is the source of IDs and values.
	Seeds *simulate.Seeds
	// Cgroups is where the pods have cgroups, if they have any.
	Cgroups simulate.CgroupTree

	process processMetrics
}

// Options configures a simulated pod. Apart from the ID, the zero value is an
// honest pod of the Go runtime with QEMU, created by containerd.
type Options struct {
	// ID is the sandbox ID.
	ID string
	// Mode makes the pod hostile.
	Mode simulate.Mode
	// Rust pods run on runtime-rs instead of the Go runtime.
	Rust bool
	// Hypervisor is the name of the hypervisor; the default is qemu for the Go
	// runtime and dragonball for runtime-rs. The shims of runtime-rs with qemu or
	// firecracker crash on a request for metrics, as real ones do.
	Hypervisor string
	// Pod selects the container runtime that created the pod; the default is
	// containerd, in the mode [MixedAnnotations] one chosen by the seed.
	Pod simulate.PodStyle
	// NoGuest pods send the host part only, as confidential ones do.
	NoGuest bool
	// Booting pods of runtime-rs have a socket but no state file yet.
	Booting bool
	// SpinShare is the share of a CPU that each loop of a spinning shim uses, and
	// SpinTime how long; the default is 1 % until the pod ends. Pods in one process
	// share its CPU usage.
	SpinShare float64
	SpinTime  time.Duration
	// Steady pods are not replaced by churn.
	Steady bool
}

// Pod is one simulated Kata pod: its directory and its shim. Its methods are
// safe for concurrent use.
type Pod struct {
	storage   *Storage
	options   Options
	mode      *mode
	pod       simulate.Pod
	directory string
	created   time.Time
	seed      uint64
	load      simulate.LoadCounter
	crashed   atomic.Bool

	mu     sync.Mutex
	server *simulate.Server
	// removed means that the pod has no files anymore.
	removed bool
}

// New creates a pod in the storage path of its runtime. Its socket and its files
// exist when New returns.
func New(storage *Storage, options Options) (*Pod, error) {
	if options.Hypervisor == "" {
		options.Hypervisor = "qemu"
		if options.Rust {
			options.Hypervisor = "dragonball"
		}
	}
	if options.Pod == simulate.NoPod {
		options.Pod = simulate.Containerd
		if options.Mode == MixedAnnotations {
			options.Pod = simulate.PodStyles[storage.Seeds.Next()%uint64(len(simulate.PodStyles))]
		}
	}
	p := &Pod{storage: storage, options: options, created: time.Now(), seed: storage.Seeds.Next()}
	if options.Mode != "" {
		if p.mode = modeOf(options.Mode); p.mode == nil {
			return nil, fmt.Errorf("invalid mode %q: not a mode of Kata pods", options.Mode)
		}
	}
	p.pod = simulate.NewPod(options.Pod, options.ID, p.seed)
	p.pod.Forging = options.Mode == MixedAnnotations
	if err := p.begin(); err != nil {
		return nil, errors.Join(err, p.Remove())
	}
	return p, nil
}

// ID returns the sandbox ID, which is the name of the pod's directory.
func (p *Pod) ID() string { return p.options.ID }

// Mode returns the hostile mode, which is empty for an honest pod.
func (p *Pod) Mode() simulate.Mode { return p.options.Mode }

// Options returns the options of the pod with all defaults filled in.
func (p *Pod) Options() Options { return p.options }

// PodName returns the name of the Kubernetes pod in the runtime's files.
func (p *Pod) PodName() string { return p.pod.Name }

// Pod returns the Kubernetes pod.
func (p *Pod) Pod() simulate.Pod { return p.pod }

// SocketPath returns the path of the shim monitor socket.
func (p *Pod) SocketPath() string { return filepath.Join(p.directory, "shim-monitor.sock") }

// Crashed reports whether a request for metrics has crashed the shim, and the pod
// with it.
func (p *Pod) Crashed() bool { return p.crashed.Load() }

// Load returns the load of the pod.
func (p *Pod) Load() simulate.Load {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.load.Load(p.server.Connections())
}

// FinishBooting writes the state file of a pod that was created with the option
// Booting.
func (p *Pod) FinishBooting() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.writeRustState()
}

func (p *Pod) begin() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	parent, directoryMode, socketMode := p.storage.GoPath, os.FileMode(0o700), os.FileMode(0o600)
	if p.options.Rust {
		parent, directoryMode, socketMode = p.storage.RustPath, 0o755, 0o755
	}
	directory := filepath.Join(parent, p.options.ID)
	if err := os.Mkdir(directory, directoryMode); err != nil {
		return err
	}
	p.directory = directory
	if err := p.writeCgroup(); err != nil {
		return err
	}
	// The Go runtime writes its files before the socket appears, runtime-rs
	// afterwards.
	if !p.options.Rust {
		if err := p.writeFiles(); err != nil {
			return err
		}
	}
	listener, err := simulate.Listen(p.SocketPath())
	if err != nil {
		return err
	}
	if p.options.Mode == Refuse {
		_ = listener.Close()
	} else {
		p.server = simulate.NewServer(listener, p.serve)
		p.server.Start()
	}
	if err := os.Chmod(p.SocketPath(), socketMode); err != nil {
		return err
	}
	if p.options.Rust {
		if err := p.writeFiles(); err != nil {
			return err
		}
	}
	if p.options.Mode == CreatedAhead {
		return p.moveAhead()
	}
	return nil
}

// Remove deletes the pod and its directory.
func (p *Pod) Remove() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.server.Close()
	if p.directory == "" {
		return nil
	}
	p.removed = true
	return errors.Join(os.RemoveAll(p.directory), p.storage.Cgroups.Remove(p.cgroupPath()))
}

package fleet

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/gvisor"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// Options defines the initial sandboxes of a fleet. More can be added later.
type Options struct {
	// GVisor is the number of honest gVisor sandboxes.
	GVisor int
	// GVisorUnregistered is the number of honest gVisor sandboxes without a
	// registration in their state file.
	GVisorUnregistered int
	// Kata, KataRust and KataRustQEMU are the numbers of honest Kata pods: of the
	// Go runtime, of runtime-rs with Dragonball, and of runtime-rs with QEMU,
	// whose shim crashes on a request for metrics.
	Kata, KataRust, KataRustQEMU int
	// Hostile is the number of sandboxes in each mode. Those of Kata run on the
	// Go runtime.
	Hostile map[simulate.Mode]int
	// Points is the number of points that each gVisor sandbox sends; the default
	// is [gvisor.DefaultPoints].
	Points int
	// MetricServer is the metric server address of the gVisor sandboxes, for
	// example %RUNTIME_ROOT%/metrics.sock. The default is an address that nothing
	// serves.
	MetricServer string
	// Churn is the number of honest sandboxes replaced per second, alternately with
	// the same ID and with a new one.
	Churn float64
	// RuntimeRoot and StoragePath replace the fleet's directory as the location
	// of the gVisor sandboxes and the Kata pods. Directories that exist already
	// are not removed with the fleet.
	RuntimeRoot, StoragePath string
	// CgroupRoot is a directory to create for the cgroups of the sandboxes. If it is
	// empty, they have none.
	CgroupRoot string
	// Seed makes IDs and values repeatable.
	Seed uint64
}

// Fleet is a set of simulated sandboxes in one directory. Its methods are safe
// for concurrent use.
type Fleet struct {
	options  Options
	seeds    *simulate.Seeds
	root     gvisor.Root
	storage  kata.Storage
	shortIDs atomic.Uint64
	churned  atomic.Int64

	// created lists the directories that the fleet created and removes.
	created []string
	stop    chan struct{}
	done    sync.WaitGroup

	mu     sync.Mutex
	closed bool
	gvisor []*gvisor.Sandbox
	kata   []*kata.Pod
}

// New creates a directory, if it does not exist, and sandboxes in it. If it
// fails, it leaves nothing behind.
func New(dir string, options Options) (*Fleet, error) {
	if options.Points == 0 {
		options.Points = gvisor.DefaultPoints
	}
	if options.MetricServer == "" {
		options.MetricServer = "%RUNTIME_ROOT%/runsc-metrics.sock"
	}
	if options.RuntimeRoot == "" {
		options.RuntimeRoot = filepath.Join(dir, "runsc")
	}
	if options.StoragePath == "" {
		options.StoragePath = dir
	}
	f := &Fleet{options: options, seeds: simulate.NewSeeds(options.Seed), stop: make(chan struct{})}
	f.root.Directory, f.root.MetricServer, f.root.Seeds = options.RuntimeRoot, options.MetricServer, f.seeds
	f.storage.GoPath, f.storage.RustPath = filepath.Join(options.StoragePath, "vc", "sbs"), filepath.Join(options.StoragePath, "kata")
	f.storage.Seeds = f.seeds
	f.root.Cgroups.Root, f.storage.Cgroups.Root = options.CgroupRoot, options.CgroupRoot
	if err := f.fill(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if options.Churn > 0 {
		f.done.Go(f.churn)
	}
	if options.CgroupRoot != "" {
		f.done.Go(f.updateCgroups)
	}
	return f, nil
}

// fill creates the directories and the initial sandboxes.
func (f *Fleet) fill(dir string) error {
	for _, path := range []string{dir, f.root.Directory, f.storage.GoPath, f.storage.RustPath} {
		if err := f.createDirectory(path); err != nil {
			return err
		}
	}
	if err := f.createCgroupRoot(); err != nil {
		return err
	}
	for i := range f.options.GVisor + f.options.GVisorUnregistered {
		if _, err := f.AddGVisor(gvisor.Options{Unregistered: i >= f.options.GVisor}); err != nil {
			return err
		}
	}
	for _, kind := range []struct {
		count   int
		options kata.Options
	}{
		{f.options.Kata, kata.Options{}},
		{f.options.KataRust, kata.Options{Rust: true}},
		{f.options.KataRustQEMU, kata.Options{Rust: true, Hypervisor: "qemu"}},
	} {
		for range kind.count {
			if _, err := f.AddKata(kind.options); err != nil {
				return err
			}
		}
	}
	for _, mode := range slices.Sorted(maps.Keys(f.options.Hostile)) {
		for range f.options.Hostile[mode] {
			if err := f.addHostile(mode); err != nil {
				return err
			}
		}
	}
	return nil
}

// createDirectory creates a directory and its parents, and records the topmost
// one that did not exist.
func (f *Fleet) createDirectory(path string) error {
	missing := ""
	for p := filepath.Clean(path); ; p = filepath.Dir(p) {
		if _, err := os.Lstat(p); err == nil || p == filepath.Dir(p) {
			break
		}
		missing = p
	}
	if missing == "" {
		return nil
	}
	f.created = append(f.created, missing)
	return os.MkdirAll(path, 0o755)
}

// RuntimeRoot returns the runtime root of the gVisor sandboxes.
func (f *Fleet) RuntimeRoot() string { return f.root.Directory }

// StoragePaths returns the storage paths of the Kata pods: that of the Go runtime
// and that of runtime-rs.
func (f *Fleet) StoragePaths() []string { return []string{f.storage.GoPath, f.storage.RustPath} }

// MetricServer returns the metric server address of the gVisor sandboxes.
func (f *Fleet) MetricServer() string { return f.root.MetricServer }

// GVisor returns the current gVisor sandboxes.
func (f *Fleet) GVisor() []*gvisor.Sandbox {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.gvisor)
}

// Kata returns the current Kata pods.
func (f *Fleet) Kata() []*kata.Pod {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.kata)
}

var errClosed = errors.New("the fleet of simulated sandboxes is closed")

// AddGVisor adds a gVisor sandbox, with a new ID if the options have none. Its
// state file exists when AddGVisor returns.
func (f *Fleet) AddGVisor(options gvisor.Options) (*gvisor.Sandbox, error) {
	if options.Points == 0 {
		options.Points = f.options.Points
	}
	if options.ID == "" {
		options.ID = f.newID(options.Pod != simulate.NoPod)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errClosed
	}
	s, err := gvisor.New(&f.root, options)
	if err != nil {
		return nil, fmt.Errorf("add gVisor sandbox %s: %w", options.ID, err)
	}
	f.gvisor = append(f.gvisor, s)
	return s, nil
}

// AddKata adds a Kata pod, with a new ID if the options have none.
func (f *Fleet) AddKata(options kata.Options) (*kata.Pod, error) {
	if options.ID == "" {
		options.ID = f.newID(true)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errClosed
	}
	p, err := kata.New(&f.storage, options)
	if err != nil {
		return nil, fmt.Errorf("add Kata pod %s: %w", options.ID, err)
	}
	f.kata = append(f.kata, p)
	return p, nil
}

func (f *Fleet) addHostile(mode simulate.Mode) error {
	var err error
	if mode.ForKata() {
		_, err = f.AddKata(kata.Options{Mode: mode})
	} else {
		_, err = f.AddGVisor(gvisor.Options{Mode: mode})
	}
	return err
}

// newID returns a new ID: a long one as container runtimes generate them, or a
// short one as a person would choose.
func (f *Fleet) newID(long bool) string {
	if long {
		return f.seeds.ID()
	}
	return fmt.Sprintf("simulated-%05d", f.shortIDs.Add(1))
}

// RemoveGVisor deletes a sandbox and its files.
func (f *Fleet) RemoveGVisor(s *gvisor.Sandbox) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gvisor = slices.DeleteFunc(f.gvisor, func(other *gvisor.Sandbox) bool { return other == s })
	return s.Remove()
}

// RemoveKata deletes a pod and its files.
func (f *Fleet) RemoveKata(p *kata.Pod) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kata = slices.DeleteFunc(f.kata, func(other *kata.Pod) bool { return other == p })
	return p.Remove()
}

// Close deletes all sandboxes and the directories that the fleet created, and
// waits until all its goroutines have ended. Closing it again does nothing.
func (f *Fleet) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	sandboxes, pods := f.gvisor, f.kata
	f.gvisor, f.kata = nil, nil
	close(f.stop)
	f.mu.Unlock()
	f.done.Wait()
	var failed error
	for _, s := range sandboxes {
		failed = errors.Join(failed, s.Remove())
	}
	for _, p := range pods {
		failed = errors.Join(failed, p.Remove())
	}
	for _, path := range slices.Backward(f.created) {
		failed = errors.Join(failed, os.RemoveAll(path))
	}
	return failed
}

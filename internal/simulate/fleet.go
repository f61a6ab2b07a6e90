package simulate

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultPoints is how many points a gVisor sandbox sends if nobody says
// otherwise: a busy one with a network.
const DefaultPoints = 60

// Options says what a fleet begins with. More sandboxes can be added later.
type Options struct {
	// GVisor is how many honest gVisor sandboxes to make.
	GVisor int
	// Kata, KataRust and KataRustQEMU are how many honest Kata pods to make:
	// of the Go runtime, of runtime-rs with Dragonball, and of runtime-rs with
	// QEMU, whose shim dies when it is asked for metrics.
	Kata, KataRust, KataRustQEMU int
	// Hostile is how many sandboxes to make in each mode. Those of Kata run on
	// the Go runtime.
	Hostile map[Mode]int
	// Points is how many points each gVisor sandbox sends; 0 means
	// [DefaultPoints].
	Points int
	// MetricServer is the address that gVisor sandboxes were started with, for
	// example %RUNTIME_ROOT%/metrics.sock. An empty one gets a made-up address.
	MetricServer string
	// Churn is how many honest sandboxes per second are deleted and created
	// again, every other one under the same id.
	Churn float64
	// RuntimeRoot and StoragePath are where gVisor and Kata sandboxes live, if
	// not inside the fleet's directory. Directories that exist already stay.
	RuntimeRoot, StoragePath string
	// Seed makes ids and numbers repeatable.
	Seed uint64
}

// Fleet is a set of simulated sandboxes in one directory.
type Fleet struct {
	options  Options
	root     string
	goPath   string
	rustPath string
	requests requestCache
	host     hostMetrics
	seeds    atomic.Uint64
	shortIDs atomic.Uint64
	churned  atomic.Int64

	// made are directories that the fleet made, and removes.
	made []string
	stop chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	closed bool
	gvisor []*GVisor
	kata   []*Kata
}

// NewFleet makes a directory, if it is not there, and sandboxes in it. On an
// error nothing is left behind.
func NewFleet(dir string, options Options) (*Fleet, error) {
	f := &Fleet{options: options, stop: make(chan struct{})}
	if f.options.Points == 0 {
		f.options.Points = DefaultPoints
	}
	if f.options.MetricServer == "" {
		f.options.MetricServer = "%RUNTIME_ROOT%/runsc-metrics.sock"
	}
	f.seeds.Store(mix(options.Seed + 1))
	if f.root = options.RuntimeRoot; f.root == "" {
		f.root = filepath.Join(dir, "runsc")
	}
	storage := options.StoragePath
	if storage == "" {
		storage = dir
	}
	f.goPath, f.rustPath = filepath.Join(storage, "vc", "sbs"), filepath.Join(storage, "kata")
	if err := f.fill(dir); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if options.Churn > 0 {
		f.done.Go(f.churn)
	}
	return f, nil
}

// fill makes the directories and the sandboxes that the fleet begins with.
func (f *Fleet) fill(dir string) error {
	for _, path := range []string{dir, f.root, f.goPath, f.rustPath} {
		if err := f.makeDirectory(path); err != nil {
			return err
		}
	}
	for range f.options.GVisor {
		if _, err := f.AddGVisor(GVisorOptions{}); err != nil {
			return err
		}
	}
	for _, kind := range []struct {
		count   int
		options KataOptions
	}{
		{f.options.Kata, KataOptions{}},
		{f.options.KataRust, KataOptions{Rust: true}},
		{f.options.KataRustQEMU, KataOptions{Rust: true, Hypervisor: "qemu"}},
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

func (f *Fleet) addHostile(mode Mode) error {
	var err error
	if mode.ForKata() {
		_, err = f.AddKata(KataOptions{Mode: mode})
	} else {
		_, err = f.AddGVisor(GVisorOptions{Mode: mode})
	}
	return err
}

// makeDirectory makes a directory and its parents, and remembers the topmost
// one that was not there.
func (f *Fleet) makeDirectory(path string) error {
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
	f.made = append(f.made, missing)
	return os.MkdirAll(path, 0o755)
}

// RuntimeRoot is the runtime root of the gVisor sandboxes.
func (f *Fleet) RuntimeRoot() string { return f.root }

// StoragePaths are the directories of the Kata pods: first those of the Go
// runtime, then those of runtime-rs.
func (f *Fleet) StoragePaths() []string { return []string{f.goPath, f.rustPath} }

// MetricServer is the address that gVisor sandboxes were started with.
func (f *Fleet) MetricServer() string { return f.options.MetricServer }

// GVisor lists the gVisor sandboxes there are now.
func (f *Fleet) GVisor() []*GVisor {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.gvisor)
}

// Kata lists the Kata pods there are now.
func (f *Fleet) Kata() []*Kata {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.kata)
}

// Churned counts the sandboxes that churn has deleted and created again.
func (f *Fleet) Churned() int64 { return f.churned.Load() }

var (
	errClosed  = errors.New("the fleet of simulated sandboxes is closed")
	errRemoved = errors.New("the simulated sandbox has been removed")
)

// AddGVisor makes one more gVisor sandbox. It is there, with its state file,
// when AddGVisor returns.
func (f *Fleet) AddGVisor(options GVisorOptions) (*GVisor, error) {
	if options.Points == 0 {
		options.Points = f.options.Points
	}
	if options.Delay == 0 {
		options.Delay = 30 * time.Second
	}
	if options.ID == "" {
		options.ID = f.newID(options.Pod != NoPod)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errClosed
	}
	s, err := newGVisor(f, options)
	if err != nil {
		return nil, fmt.Errorf("sandbox %s of gVisor: %w", options.ID, err)
	}
	f.gvisor = append(f.gvisor, s)
	return s, nil
}

// AddKata makes one more Kata pod.
func (f *Fleet) AddKata(options KataOptions) (*Kata, error) {
	if options.ID == "" {
		options.ID = f.newID(true)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errClosed
	}
	k, err := newKata(f, options)
	if err != nil {
		return nil, fmt.Errorf("pod %s of Kata: %w", options.ID, err)
	}
	f.kata = append(f.kata, k)
	return k, nil
}

// RemoveGVisor deletes a sandbox and all that belongs to it.
func (f *Fleet) RemoveGVisor(s *GVisor) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.gvisor = slices.DeleteFunc(f.gvisor, func(other *GVisor) bool { return other == s })
	return s.remove()
}

// RemoveKata deletes a pod and all that belongs to it.
func (f *Fleet) RemoveKata(k *Kata) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kata = slices.DeleteFunc(f.kata, func(other *Kata) bool { return other == k })
	return k.remove()
}

// Close deletes every sandbox and every directory that the fleet made, and
// returns when nothing of it runs any more. It may be called again.
func (f *Fleet) Close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	gvisor, kata := f.gvisor, f.kata
	f.gvisor, f.kata = nil, nil
	close(f.stop)
	f.mu.Unlock()
	f.done.Wait()
	var failed error
	for _, s := range gvisor {
		failed = errors.Join(failed, s.remove())
	}
	for _, k := range kata {
		failed = errors.Join(failed, k.remove())
	}
	for _, path := range slices.Backward(f.made) {
		failed = errors.Join(failed, os.RemoveAll(path))
	}
	return failed
}

// churn deletes and creates honest sandboxes until the fleet closes.
func (f *Fleet) churn() {
	ticker := time.NewTicker(time.Duration(float64(time.Second) / f.options.Churn))
	defer ticker.Stop()
	for same := false; ; same = !same {
		select {
		case <-f.stop:
			return
		case <-ticker.C:
		}
		if f.churnOne(same) == nil {
			f.churned.Add(1)
		}
	}
}

// churnOne deletes one honest sandbox, chosen at random, and creates it again,
// under the same id or another one.
func (f *Fleet) churnOne(same bool) error {
	gvisor := slices.DeleteFunc(f.GVisor(), func(s *GVisor) bool { return s.options.Steady || s.options.Mode != "" })
	kata := slices.DeleteFunc(f.Kata(), func(k *Kata) bool { return k.options.Steady || k.options.Mode != "" })
	if len(gvisor)+len(kata) == 0 {
		return errors.New("there is no sandbox to replace")
	}
	chosen := rand.IntN(len(gvisor) + len(kata))
	if chosen >= len(gvisor) {
		old := kata[chosen-len(gvisor)]
		options := old.options
		options.ID = ""
		if err := f.RemoveKata(old); err != nil {
			return err
		}
		_, err := f.AddKata(options)
		return err
	}
	old := gvisor[chosen]
	if same {
		return old.Restart()
	}
	options := old.options
	options.ID = ""
	if err := f.RemoveGVisor(old); err != nil {
		return err
	}
	_, err := f.AddGVisor(options)
	return err
}

func (f *Fleet) nextSeed() uint64 { return mix(f.seeds.Add(0x9e3779b97f4a7c15)) }

// newID makes up an id: 64 hexadecimal digits as container engines do, or a
// short one as a person would.
func (f *Fleet) newID(long bool) string {
	if !long {
		return fmt.Sprintf("simulated-%05d", f.shortIDs.Add(1))
	}
	return fmt.Sprintf("%016x%016x%016x%016x", f.nextSeed(), f.nextSeed(), f.nextSeed(), f.nextSeed())
}

func uuid(number uint64) string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(number), uint16(number>>32), number>>48&0xfff, number>>52&0xfff, mix(number)&0xffffffffffff)
}

package inventory

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Live is an inventory of the sandboxes that the configuration selects, which is kept up
// to date. It depends on files of the host only, except for [Live.Pull].
type Live struct {
	selects func(*sandbox.Identity) bool
	cancel  context.CancelFunc
	watches sync.WaitGroup
	scanned sync.WaitGroup

	// mu guards what follows.
	mu      sync.Mutex
	entries map[sandbox.Sandbox]*entry
	errs    map[string]error
}

// entry is a sandbox of a [Live]. It is used by whoever holds the lock.
type entry struct {
	sync.Mutex
	Item
	// measured is the item as Measure has returned it, which alone uses it.
	measured *Item
	// ended means that the sandbox is to be closed by whoever has used it last.
	ended bool
}

// NewLive begins to discover the sandboxes for a valid configuration, until it is closed.
func NewLive(config *sandboxreceiver.Config, logger *zap.Logger) (*Live, error) {
	settings, selection := settingsOf(config)
	HostFilesOnly(&settings)
	CPUAndMemory(&settings)
	runtimes, err := config.New(settings, logger)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Live{
		selects: selection.Selector(), cancel: cancel,
		entries: map[sandbox.Sandbox]*entry{}, errs: map[string]error{},
	}
	for _, runtime := range runtimes {
		o := &liveObserver{live: l, runtime: runtime.Name()}
		l.scanned.Add(1)
		l.watches.Go(func() {
			err := sandbox.RecoverPanic(func() error { return runtime.Watch(ctx, o) })
			if err != nil && ctx.Err() == nil {
				o.DiscoveryError(err)
			}
			o.Scanned()
		})
	}
	return l, nil
}

// WaitForScan waits until the first scan is complete, or the context ends.
func (l *Live) WaitForScan(ctx context.Context) error {
	scanned := make(chan struct{})
	go func() {
		l.scanned.Wait()
		close(scanned)
	}()
	select {
	case <-scanned:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close ends discovery and closes all sandboxes.
func (l *Live) Close() {
	l.cancel()
	l.watches.Wait()
	for s := range l.snapshot() {
		l.remove(s)
	}
}

// Measure measures all sandboxes on the host, sends no request, and returns them sorted by
// runtime and path. A sandbox in use by Pull keeps what was measured before. Only one
// goroutine may call it at a time. The error is that of discovery, or of a sandbox that
// could not be measured.
func (l *Live) Measure(ctx context.Context) ([]Item, error) {
	var items []Item
	var errs []error
	for s, e := range l.snapshot() {
		if ctx.Err() != nil {
			return items, ctx.Err()
		}
		if e.TryLock() {
			errs = append(errs, e.update(s))
			l.release(e)
		}
		if e.measured != nil {
			items = append(items, *e.measured)
		}
	}
	l.mu.Lock()
	for _, err := range l.errs {
		errs = append(errs, err)
	}
	l.mu.Unlock()
	slices.SortFunc(items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Runtime, b.Runtime), cmp.Compare(a.Path, b.Path))
	})
	return items, errors.Join(errs...)
}

// update measures a sandbox that has not ended.
func (e *entry) update(s sandbox.Sandbox) error {
	if e.ended {
		e.measured = nil
		return nil
	}
	status := s.Status()
	e.State = status.State
	e.Decision, e.Reason = reason.Of(e.Runtime, status)
	err := e.measure()
	item := e.Item
	e.measured = &item
	return err
}

// ErrNotContacted is returned by [Live.Pull] for a sandbox that it does not contact.
var ErrNotContacted = errors.New("only gVisor sandboxes are contacted")

// Pull requests metrics from a gVisor sandbox that Measure has returned, and returns how
// long that took. It never contacts a Kata shim.
func (l *Live) Pull(ctx context.Context, item *Item) (time.Duration, error) {
	l.mu.Lock()
	e := l.entries[item.sandbox]
	l.mu.Unlock()
	switch {
	case item.Runtime != sandbox.RuntimeGVisor:
		return 0, ErrNotContacted
	case e == nil:
		return 0, sandbox.Failf(sandbox.Gone, "sandbox %s has ended", item.ID())
	}
	e.Lock()
	defer l.release(e)
	if e.ended {
		return 0, sandbox.Failf(sandbox.Gone, "sandbox %s has ended", item.ID())
	}
	r := sandbox.NewReading()
	defer r.Free()
	start := time.Now()
	err := e.Pull(ctx, r)
	return time.Since(start), err
}

func (l *Live) snapshot() map[sandbox.Sandbox]*entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.entries)
}

// release unlocks an entry. A sandbox that has ended while it was in use is closed.
func (l *Live) release(e *entry) {
	s := e.sandbox
	e.Unlock()
	l.mu.Lock()
	_, exists := l.entries[s]
	l.mu.Unlock()
	if !exists {
		e.close()
	}
}

// remove forgets a sandbox and closes it, unless it is in use.
func (l *Live) remove(s sandbox.Sandbox) {
	l.mu.Lock()
	e := l.entries[s]
	delete(l.entries, s)
	l.mu.Unlock()
	if e != nil {
		e.close()
	}
}

// close closes the sandbox once, unless it is in use.
func (e *entry) close() {
	if !e.TryLock() {
		return
	}
	defer e.Unlock()
	if !e.ended {
		e.ended = true
		_ = sandbox.RecoverPanic(e.sandbox.Close)
	}
}

// liveObserver adds the sandboxes of a runtime.
type liveObserver struct {
	live    *Live
	runtime string
	once    sync.Once
}

var _ sandbox.Observer = (*liveObserver)(nil)

func (o *liveObserver) Added(s sandbox.Sandbox) {
	id := s.Identity()
	if o.live.selects != nil && !o.live.selects(id) {
		_ = s.Close()
		return
	}
	e := &entry{Item: Item{Identity: id, sandbox: s}}
	e.Candidate = reason.Candidate{Runtime: o.runtime, Path: filepath.Join(id.Root, id.ID)}
	o.live.mu.Lock()
	defer o.live.mu.Unlock()
	o.live.entries[s] = e
}

func (o *liveObserver) Gone(s sandbox.Sandbox) { o.live.remove(s) }

func (o *liveObserver) Skipped(string, string) {}

func (o *liveObserver) SkippedEntries(string, string, int) {}

func (o *liveObserver) Scanned() { o.once.Do(o.live.scanned.Done) }

func (o *liveObserver) DiscoveryError(err error) {
	o.live.mu.Lock()
	defer o.live.mu.Unlock()
	o.live.errs[o.runtime] = err
}

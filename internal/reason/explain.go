package reason

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/collect"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Decision is what happens to a candidate.
type Decision string

// Values of Decision.
const (
	// Collected sandboxes are pulled.
	Collected Decision = "collected"
	// NotContacted sandboxes are reported, but receive no requests.
	NotContacted Decision = "not_contacted"
	// Skipped paths are not reported as sandboxes.
	Skipped Decision = "skipped"
)

// Candidate is a path on this host that may be a sandbox.
type Candidate struct {
	Runtime string
	// Path is the skipped path, or the runtime root or storage path of a sandbox with
	// its ID.
	Path string
	// Entries is the number of entries of the path if they are only counted, else 0.
	Entries  int
	Decision Decision
	// State is the state of a sandbox, empty if the path is skipped.
	State sandbox.State
	// Reason is why the candidate is not collected. It has no name if it is.
	Reason sandbox.SkipReason
}

// Found is a candidate with the sandbox that it is about.
type Found struct {
	Candidate
	// Sandbox is nil if the path is skipped, except for sandboxes that the configuration
	// does not select, which must not be contacted. The caller of [Discover] closes it.
	Sandbox sandbox.Sandbox
}

// Explain returns all candidates of runtimes, as of the first scan of each, sorted by
// runtime and path. It sends no requests. selects reports whether a sandbox is
// collected; nil selects all. If discovery fails, is incomplete, or the context ends,
// Explain returns an error together with the candidates found before.
func Explain(ctx context.Context, runtimes []sandbox.Runtime, selects func(*sandbox.Identity) bool) ([]Candidate, error) {
	found, err := Discover(ctx, runtimes, selects)
	all := make([]Candidate, 0, len(found))
	for _, f := range found {
		all = append(all, f.Candidate)
		err = errors.Join(err, f.Close())
	}
	return all, err
}

// Close closes the sandbox, if there is one.
func (f *Found) Close() error {
	if f.Sandbox == nil {
		return nil
	}
	return sandbox.RecoverPanic(f.Sandbox.Close)
}

// Discover is like [Explain], and also returns the sandboxes, which the caller closes.
func Discover(ctx context.Context, runtimes []sandbox.Runtime, selects func(*sandbox.Identity) bool) ([]Found, error) {
	results := make([][]Found, len(runtimes))
	errs := make([]error, len(runtimes))
	var all sync.WaitGroup
	for i, runtime := range runtimes {
		all.Go(func() {
			found, err := discover(ctx, runtime, selects)
			results[i] = found
			if err != nil {
				errs[i] = fmt.Errorf("discover %s sandboxes: %w", runtime.Name(), err)
			}
		})
	}
	all.Wait()
	found := slices.Concat(results...)
	slices.SortFunc(found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Runtime, b.Runtime), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Reason.Name, b.Reason.Name))
	})
	return found, errors.Join(errs...)
}

func discover(ctx context.Context, runtime sandbox.Runtime, selects func(*sandbox.Identity) bool) ([]Found, error) {
	watch, stop := context.WithCancel(ctx)
	defer stop()
	o := &observer{
		stop: stop, sandboxes: map[sandbox.Sandbox]bool{}, skipped: map[string]string{}, entries: map[entries]int{},
	}
	watched := make(chan error, 1)
	go func() { watched <- sandbox.RecoverPanic(func() error { return runtime.Watch(watch, o) }) }()
	err := waitFor(watch, watched)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ended = true
	if err == nil && !o.scanned {
		err = ctx.Err()
	}
	found, statusErr := o.found(runtime.Name(), selects)
	return found, errors.Join(err, o.err, statusErr)
}

// endTimeout is how long discovery may take to end.
const endTimeout = 5 * time.Second

// errHangs is returned if discovery does not end. It is left behind.
var errHangs = errors.New("a file system does not respond")

// waitFor waits for the end of discovery, which may hang in a system call.
func waitFor(watch context.Context, watched <-chan error) error {
	select {
	case err := <-watched:
		return err
	case <-watch.Done():
	}
	timeout := time.NewTimer(endTimeout)
	defer timeout.Stop()
	select {
	case err := <-watched:
		return err
	case <-timeout.C:
		return errHangs
	}
}

// observer records what the first scan of a runtime finds, and stops the runtime then.
type observer struct {
	stop context.CancelFunc

	mu sync.Mutex
	// ended means that nothing is recorded anymore.
	ended     bool
	scanned   bool
	sandboxes map[sandbox.Sandbox]bool
	skipped   map[string]string
	entries   map[entries]int
	err       error
}

// entries are entries of a path that are skipped for the same reason.
type entries struct{ path, reason string }

var _ sandbox.Observer = (*observer)(nil)

func (o *observer) Added(s sandbox.Sandbox) {
	if !o.record(func() { o.sandboxes[s] = true }) {
		_ = s.Close()
	}
}

// record calls a function, unless nothing is recorded anymore.
func (o *observer) record(change func()) (recorded bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ended {
		change()
	}
	return !o.ended
}

func (o *observer) Gone(s sandbox.Sandbox) {
	if o.record(func() { delete(o.sandboxes, s) }) {
		_ = s.Close()
	}
}

func (o *observer) Skipped(path, reason string) {
	o.record(func() {
		if o.skipped[path] = reason; reason == "" {
			delete(o.skipped, path)
		}
	})
}

func (o *observer) SkippedEntries(path, reason string, count int) {
	o.record(func() {
		if o.entries[entries{path, reason}] = count; count == 0 {
			delete(o.entries, entries{path, reason})
		}
	})
}

func (o *observer) Scanned() {
	o.record(func() { o.scanned = true })
	o.stop()
}

func (o *observer) DiscoveryError(err error) { o.record(func() { o.err = err }) }

// found returns what was found.
func (o *observer) found(runtime string, selects func(*sandbox.Identity) bool) (found []Found, err error) {
	for path, name := range o.skipped {
		found = append(found, Found{Candidate: Candidate{
			Runtime: runtime, Path: path, Decision: Skipped, Reason: find(runtime, name),
		}})
	}
	for key, count := range o.entries {
		found = append(found, Found{Candidate: Candidate{
			Runtime: runtime, Path: key.path, Entries: count, Decision: Skipped, Reason: find(runtime, key.reason),
		}})
	}
	for s := range o.sandboxes {
		err = errors.Join(err, sandbox.RecoverPanic(func() error {
			found = append(found, Found{Candidate: explainSandbox(runtime, s, selects), Sandbox: s})
			return nil
		}))
	}
	return found, err
}

func explainSandbox(runtime string, s sandbox.Sandbox, selects func(*sandbox.Identity) bool) Candidate {
	id, status := s.Identity(), s.Status()
	c := Candidate{Runtime: runtime, Path: filepath.Join(id.Root, id.ID)}
	if selects != nil && !selects(id) {
		c.Decision, c.Reason = Skipped, find(runtime, collect.Excluded)
		return c
	}
	c.State = status.State
	c.Decision, c.Reason = Of(runtime, status)
	return c
}

// Of returns what happens to a selected sandbox with a status, and why.
func Of(runtime string, status sandbox.Status) (Decision, sandbox.SkipReason) {
	if status.SkipReason != "" {
		return NotContacted, find(runtime, status.SkipReason)
	}
	if status.State == sandbox.Booting {
		if reason, found := findBooting(runtime); found {
			return NotContacted, reason
		}
	}
	return Collected, sandbox.SkipReason{}
}

// findBooting returns the reason why a sandbox of a runtime is not contacted while it is
// booting, if there is one. The status of such a sandbox has none, since it will end.
func findBooting(runtime string) (sandbox.SkipReason, bool) {
	all := All()
	i := slices.IndexFunc(all, func(r sandbox.SkipReason) bool {
		return r.Runtime == runtime && slices.Contains(r.States, sandbox.Booting)
	})
	if i < 0 {
		return sandbox.SkipReason{}, false
	}
	return all[i], true
}

// find returns a reason, with its name only if it is not in the list.
func find(runtime, name string) sandbox.SkipReason {
	reason, ok := Find(runtime, name)
	if !ok {
		reason.Name = name
	}
	return reason
}

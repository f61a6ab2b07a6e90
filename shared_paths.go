package sandboxreceiver

import (
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/option"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/runtimes"
)

// startedReceivers are those of the process.
var startedReceivers = receiverRegistry{started: map[*sandboxReceiver]bool{}}

// receiverRegistry knows which paths are in use, so that receivers that collect the
// same sandboxes are noticed: each of them pulls the sandboxes, and their series exist
// twice.
type receiverRegistry struct {
	mu      sync.Mutex
	started map[*sandboxReceiver]bool
}

// add registers a receiver until remove is called, and warns if another one collects
// the same sandboxes. Components with the same configuration, which the Collector
// creates for the pipelines of a single receiver, are not others.
func (r *receiverRegistry) add(added *sandboxReceiver) {
	r.mu.Lock()
	defer r.mu.Unlock()
	shared := map[string][]string{}
	for other := range r.started {
		if other.config == added.config {
			r.started[added] = true
			return
		}
		if paths := sharedPaths(added.config, other.config); len(paths) > 0 {
			shared[other.settings.ID.String()] = paths
		}
	}
	r.started[added] = true
	if len(shared) == 0 {
		return
	}
	paths := slices.Sorted(slices.Values(slices.Concat(slices.Collect(maps.Values(shared))...)))
	added.settings.Logger.Warn(
		"Several receivers collect the same sandboxes; use a single one in all pipelines, or separate them by paths or selection",
		zap.Strings("receivers", slices.Sorted(maps.Keys(shared))), zap.Strings("paths", slices.Compact(paths)))
}

// remove has no effect on a receiver that is not registered.
func (r *receiverRegistry) remove(removed *sandboxReceiver) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.started, removed)
}

// sharedPaths returns the paths of a receiver in which another one collects the same
// sandboxes, each with its key. Receivers that select sandboxes differently, or name
// metrics differently, share none: their series differ.
func sharedPaths(config, other *Config) (shared []string) {
	if config.Naming != other.Naming || !equalCriteria(&config.Include, &other.Include) ||
		!equalCriteria(&config.Exclude, &other.Exclude) {
		return nil
	}
	theirs := other.Paths()
	for _, own := range config.Paths() {
		if slices.ContainsFunc(theirs, func(their runtimes.Path) bool { return samePath(own, their) }) {
			shared = append(shared, own.Key+": "+own.Pattern)
		}
	}
	return shared
}

func equalCriteria(a, b *option.Criteria) bool {
	return slices.Equal(a.Namespaces, b.Namespaces) && maps.EqualFunc(a.Annotations, b.Annotations, slices.Equal)
}

// samePath reports whether there may be a directory that both paths match. It looks at
// their texts only: a file system that does not respond must not delay the start.
func samePath(a, b runtimes.Path) bool {
	if a.Key != b.Key || a.Selects != b.Selects {
		return false
	}
	first, second := strings.Split(path.Clean(a.Pattern), "/"), strings.Split(path.Clean(b.Pattern), "/")
	return slices.EqualFunc(first, second, func(one, other string) bool {
		return one == other || matches(one, other) || matches(other, one)
	})
}

// matches reports whether an element of a path matches a pattern. Patterns are valid.
func matches(pattern, element string) bool {
	matched, err := path.Match(pattern, element)
	return err == nil && matched
}

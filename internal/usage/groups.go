package usage

import (
	"errors"
	"strings"
	"sync"
)

// maxGroups is the number of cgroups that can be claimed at a time.
const maxGroups = 65536

var (
	// ErrShared is returned for a cgroup that is also that of another sandbox, or
	// that contains the cgroup of another sandbox.
	ErrShared = errors.New("the cgroup is shared with another sandbox")
	// ErrTooManyGroups is returned if the limit of claimed cgroups is reached.
	ErrTooManyGroups = errors.New("too many cgroups")
)

// Groups records which cgroups belong to sandboxes. A cgroup that two sandboxes claim
// is used for neither, because its figures cannot be divided.
type Groups struct {
	mutex sync.Mutex
	// claims is the number of claims of a directory and of all below it.
	claims map[string]int
	total  int
}

// NewGroups returns a Groups without claims.
func NewGroups() *Groups { return &Groups{claims: map[string]int{}} }

// Claim records that a cgroup belongs to a sandbox. Each claim must be released
// once.
func (g *Groups) Claim(directory string) error {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	if g.total == maxGroups {
		return ErrTooManyGroups
	}
	g.total++
	forEachParent(directory, func(path string) { g.claims[path]++ })
	return nil
}

// Release releases a claim.
func (g *Groups) Release(directory string) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.total--
	forEachParent(directory, func(path string) {
		if g.claims[path]--; g.claims[path] == 0 {
			delete(g.claims, path)
		}
	})
}

// Shared reports whether the cgroup, or one below it, is claimed more than once.
func (g *Groups) Shared(directory string) bool {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	return g.claims[directory] > 1
}

// forEachParent calls visit for a directory and all its parents but the root.
func forEachParent(directory string, visit func(path string)) {
	for directory != "" {
		visit(directory)
		directory = directory[:max(strings.LastIndexByte(directory, '/'), 0)]
	}
}

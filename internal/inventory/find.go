package inventory

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// ErrNotFound is returned if no candidate has an ID.
var ErrNotFound = errors.New("no sandbox has this ID")

// AmbiguousError is returned if several candidates match an ID or a prefix.
type AmbiguousError struct {
	Text string
	// Matches are the paths of the first candidates that match.
	Matches []string
	// More is the number of further ones.
	More int
}

// maxListed is the number of matches that an error lists.
const maxListed = 5

// Error lists the matches.
func (e *AmbiguousError) Error() string {
	more := ""
	if e.More > 0 {
		more = fmt.Sprintf(" and %d more", e.More)
	}
	return fmt.Sprintf("sandbox %q is ambiguous: it matches %s%s: use the full path or a longer prefix",
		e.Text, strings.Join(e.Matches, ", "), more)
}

// ID returns the ID of a sandbox, or the name of a path that is skipped.
func (i *Item) ID() string {
	if i.Identity != nil {
		return i.Identity.ID
	}
	return filepath.Base(i.Path)
}

// Find returns the candidate with a path, an ID, the name of a pod (namespace/name) or
// container, or a prefix of an ID, in this order. Sandboxes take precedence over
// paths that are skipped.
func (i *Inventory) Find(text string) (*Item, error) {
	rules := []func(*Item) bool{
		func(item *Item) bool { return item.Path == text },
		func(item *Item) bool { return item.ID() == text },
		func(item *Item) bool { return item.Name() == text },
		func(item *Item) bool { return strings.HasPrefix(item.ID(), text) },
	}
	if text == "" {
		return nil, fmt.Errorf("find sandbox %q: %w: run sandboxctl list", text, ErrNotFound)
	}
	for _, matches := range rules {
		for _, identified := range []bool{true, false} {
			found := i.matching(func(item *Item) bool { return (item.Identity != nil) == identified && matches(item) })
			switch {
			case len(found) == 1:
				return found[0], nil
			case len(found) > 1:
				return nil, ambiguous(text, found)
			}
		}
	}
	return nil, fmt.Errorf("find sandbox %q: %w: run sandboxctl list", text, ErrNotFound)
}

func (i *Inventory) matching(matches func(*Item) bool) (found []*Item) {
	for n := range i.Items {
		if i.Items[n].Entries == 0 && matches(&i.Items[n]) {
			found = append(found, &i.Items[n])
		}
	}
	return found
}

func ambiguous(text string, found []*Item) error {
	err := &AmbiguousError{Text: text, More: max(0, len(found)-maxListed)}
	for _, item := range slices.Clip(found[:min(len(found), maxListed)]) {
		err.Matches = append(err.Matches, item.Path)
	}
	return err
}

// Name returns the name of the pod, as namespace/name, or of the container. It is empty
// if neither is known.
func (i *Item) Name() string {
	if i.Identity == nil {
		return ""
	}
	return NameOf(i.Identity)
}

// NameOf returns the name of a sandbox, as [Item.Name].
func NameOf(id *sandbox.Identity) string {
	switch {
	case id.Pod.Name != "" && id.Pod.Namespace != "":
		return id.Pod.Namespace + "/" + id.Pod.Name
	case id.Pod.Name != "":
		return id.Pod.Name
	case id.Container.NameInRuntime != "":
		return id.Container.NameInRuntime
	}
	return id.Container.Name
}

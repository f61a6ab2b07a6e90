package inventory

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/reason"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// inventoryOf returns an inventory of sandboxes and, for paths that are skipped, of
// candidates without an identity.
func inventoryOf(ids []*sandbox.Identity, skipped ...string) *Inventory {
	i := &Inventory{}
	for _, id := range ids {
		i.Items = append(i.Items, Item{Candidate: reason.Candidate{Path: id.Root + "/" + id.ID}, Identity: id})
	}
	for _, path := range skipped {
		i.Items = append(i.Items, Item{Candidate: reason.Candidate{Path: path, Decision: reason.Skipped}})
	}
	i.Items = append(i.Items, Item{Candidate: reason.Candidate{Path: "/run/counted", Entries: 3}})
	return i
}

func TestFind(t *testing.T) {
	i := inventoryOf([]*sandbox.Identity{
		{Root: "/run/a", ID: "web"},
		{Root: "/run/a", ID: "web2", Container: sandbox.Container{NameInRuntime: "shop"}},
		{Root: "/run/b", ID: "db", Pod: sandbox.Pod{Namespace: "prod", Name: "db-0"}},
		{Root: "/run/a", ID: "same"},
		{Root: "/run/b", ID: "same"},
		{Root: "/run/b", ID: "foreign.state"},
	}, "/run/a/foreign.state", "/run/a/broken.state")
	for text, want := range map[string]string{
		"web":                  "/run/a/web", // not ambiguous with web2
		"web2":                 "/run/a/web2",
		"we":                   "ambiguous",
		"shop":                 "/run/a/web2",
		"prod/db-0":            "/run/b/db",
		"d":                    "/run/b/db",
		"same":                 "ambiguous",
		"/run/b/same":          "/run/b/same",
		"foreign.state":        "/run/b/foreign.state", // a sandbox takes precedence
		"/run/a/foreign.state": "/run/a/foreign.state",
		"bro":                  "/run/a/broken.state",
		"counted":              "not found",
		"nothing":              "not found",
		"":                     "not found",
	} {
		item, err := i.Find(text)
		switch want {
		case "ambiguous":
			var ambiguous *AmbiguousError
			require.ErrorAs(t, err, &ambiguous, text)
		case "not found":
			require.ErrorIs(t, err, ErrNotFound, text)
		default:
			require.NoError(t, err, text)
			assert.Equal(t, want, item.Path)
		}
	}
}

func TestAmbiguousErrorIsShort(t *testing.T) {
	var ids []*sandbox.Identity
	for range 1000 {
		ids = append(ids, &sandbox.Identity{Root: "/run", ID: "same"})
	}
	_, err := inventoryOf(ids).Find("same")
	assert.EqualError(t, err, `sandbox "same" is ambiguous: it matches `+strings.Repeat("/run/same, ", 4)+
		"/run/same and 995 more: use the full path or a longer prefix")
	_, err = inventoryOf(ids[:2]).Find("sa")
	assert.EqualError(t, err, `sandbox "sa" is ambiguous: it matches /run/same, /run/same: use the full path or a longer prefix`)
}

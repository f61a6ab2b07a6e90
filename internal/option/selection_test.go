package option

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/filter"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

type criteriaTest struct {
	criteria Criteria
	// included and excluded report whether a sandbox is collected with these criteria in
	// include, and in exclude.
	included, excluded bool
}

func TestSelector(t *testing.T) {
	shop, other := []filter.Config{{Strict: "shop"}}, []filter.Config{{Strict: "a"}, {Regex: "^b"}}
	empty := []filter.Config{{Regex: "^$"}}
	id := &sandbox.Identity{
		Pod: sandbox.Pod{Namespace: "shop"}, Annotations: []sandbox.Attribute{{Key: "team", Value: "search"}, {Key: "tier", Value: ""}},
	}
	team := func(filters ...filter.Config) map[string][]filter.Config {
		return map[string][]filter.Config{"team": filters}
	}
	search, sea, no := filter.Config{Strict: "search"}, filter.Config{Regex: "^sea"}, filter.Config{Strict: "sea"}
	for name, test := range map[string]criteriaTest{
		"nothing":                     {Criteria{}, true, true},
		"namespace":                   {Criteria{Namespaces: shop}, true, false},
		"one of several namespaces":   {Criteria{Namespaces: append(other, shop...)}, true, false},
		"other namespaces":            {Criteria{Namespaces: other}, false, true},
		"annotation":                  {Criteria{Annotations: team(search)}, true, false},
		"annotation by expression":    {Criteria{Annotations: team(no, sea)}, true, false},
		"other value":                 {Criteria{Annotations: team(no)}, false, true},
		"empty value":                 {Criteria{Annotations: map[string][]filter.Config{"tier": empty}}, true, false},
		"absent annotation":           {Criteria{Annotations: map[string][]filter.Config{"absent": empty}}, false, true},
		"both":                        {Criteria{Namespaces: shop, Annotations: team(search)}, true, false},
		"namespace but not the value": {Criteria{Namespaces: shop, Annotations: team(no)}, false, false},
		"value but not the namespace": {Criteria{Namespaces: other, Annotations: team(search)}, false, false},
		"neither":                     {Criteria{Namespaces: other, Annotations: team(no)}, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			include, exclude := (&Selection{Include: test.criteria}).Selector(), (&Selection{Exclude: test.criteria}).Selector()
			if name == "nothing" {
				assert.Nil(t, include)
				assert.Nil(t, exclude)
				return
			}
			assert.Equal(t, test.included, include(id))
			assert.Equal(t, test.excluded, exclude(id))
		})
	}
	both := Selection{Include: Criteria{Namespaces: shop}, Exclude: Criteria{Annotations: team(search)}}
	assert.False(t, both.Selector()(id), "exclude takes precedence")
	noPod := &sandbox.Identity{}
	assert.False(t, (&Selection{Include: Criteria{Namespaces: empty}}).Selector()(noPod), "there is no namespace to match")
	assert.True(t, (&Selection{Exclude: Criteria{Namespaces: empty}}).Selector()(noPod))
}

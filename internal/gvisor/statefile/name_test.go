package statefile

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseName(t *testing.T) {
	for file, want := range map[string]Name{
		"web_sandbox:web.state":               {"web", "web"},
		"app_sandbox:pod.state":               {"app", "pod"},
		"a.b+c-d_e_sandbox:F0.state":          {"a.b+c-d_e", "F0"},
		"x_sandbox_sandbox:x.state.state":     {"x_sandbox", "x.state"},
		"web_sandbox:web.lock":                {},
		"web_sandbox:web.state.tmp":           {},
		"web.state":                           {},
		"_sandbox:web.state":                  {},
		"web_sandbox:.state":                  {},
		"web_sandbox:..state":                 {},
		"web_sandbox:we b.state":              {},
		"w/b_sandbox:web.state":               {},
		"a_sandbox:b_sandbox:c.state":         {},
		"null-netns":                          {},
		"":                                    {},
		"web_sandbox:w\x00b.state":            {},
		"wéb_sandbox:web.state":               {},
		strings.Repeat("a", 300) + "_sandbox": {},
	} {
		got, ok := ParseName(file)
		assert.Equal(t, want, got, file)
		assert.Equal(t, want != Name{}, ok, file)
		if ok {
			assert.Equal(t, file, got.String())
			assert.Equal(t, strings.TrimSuffix(file, ".state")+".lock", got.LockFile())
		}
	}
	assert.True(t, Name{"web", "web"}.IsRootContainer())
	assert.False(t, Name{"app", "web"}.IsRootContainer())
}

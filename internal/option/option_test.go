package option

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type color string

func TestChecks(t *testing.T) {
	for want, err := range map[string]error{
		`paint: invalid value "blue": must be one of red, green`:                                 OneOf("paint", color("blue"), "red", "green"),
		`roots: must not be empty: add a path, or remove the key to use the default`:             Paths("roots", nil),
		`roots::1: "run" is relative: use an absolute path`:                                      Paths("roots", []string{"/run", "run"}),
		`roots::0: invalid pattern "/run/[a": check its brackets`:                                Patterns("roots", []string{"/run/[a"}),
		"filter: invalid regular expression \"(\": error parsing regexp: missing closing ): `(`": Regexp("filter", "("),
		`max: 1KiB is out of range: must be between 64KiB and 64MiB`:                             ResponseSize("max", 1<<10),
		`max: 65MiB is out of range: must be between 64KiB and 64MiB`:                            ResponseSize("max", 65<<20),
	} {
		assert.EqualError(t, err, want)
	}
	for _, err := range []error{
		OneOf("paint", color("red"), "red", "green"),
		Paths("roots", []string{"/run", "/run/[a"}),
		Patterns("roots", []string{"/run/*", "/run/[ab]"}),
		Regexp("filter", ""), Regexp("filter", "fs_.*"),
		ResponseSize("max", 64<<10), ResponseSize("max", 64<<20),
	} {
		require.NoError(t, err)
	}
}

func TestAllPathsAreChecked(t *testing.T) {
	err := Paths("roots", []string{"a", "/b", "c"})
	require.ErrorContains(t, err, "roots::0")
	require.ErrorContains(t, err, "roots::2")
}

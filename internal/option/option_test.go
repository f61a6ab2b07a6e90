package option

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type color string

func TestOneOf(t *testing.T) {
	require.NoError(t, OneOf("paint", color("red"), "red", "green"))
	require.NoError(t, OneOf("paint", color("green"), "red", "green"))
	const suffix = ": must be one of red, green"
	assert.EqualError(t, OneOf("paint", color("blue"), "red", "green"), `paint: invalid value "blue"`+suffix)
	assert.EqualError(t, OneOf("paint", color("Red"), "red", "green"), `paint: invalid value "Red"`+suffix)
	assert.EqualError(t, OneOf("paint", color(""), "red", "green"), `paint: invalid value ""`+suffix)
}

const emptyList = "roots: must not be empty: add a path, or remove the key to use the default"

func TestPaths(t *testing.T) {
	require.NoError(t, Paths("roots", []string{"/run", "/run/[a"}), "paths are not patterns")
	assert.EqualError(t, Paths("roots", nil), emptyList)
	assert.EqualError(t, Paths("roots", []string{}), emptyList)
	assert.EqualError(t, Paths("roots", []string{"/run", "run"}), `roots::1: "run" is relative: use an absolute path`)
	assert.EqualError(t, Paths("roots", []string{""}), `roots::0: "" is relative: use an absolute path`)
}

func TestOptionalPath(t *testing.T) {
	require.NoError(t, OptionalPath("path", ""))
	require.NoError(t, OptionalPath("path", "/var/lib/docker/containers"))
	assert.EqualError(t, OptionalPath("path", "docker"), `path: "docker" is relative: use an absolute path`)
}

func TestPatterns(t *testing.T) {
	require.NoError(t, Patterns("roots", []string{"/run", "/run/*", "/run/[ab]"}))
	assert.EqualError(t, Patterns("roots", nil), emptyList)
	assert.EqualError(t, Patterns("roots", []string{"/run", "run/*"}), `roots::1: "run/*" is relative: use an absolute path`)
	assert.EqualError(t, Patterns("roots", []string{"/run/[a"}), `roots::0: invalid pattern "/run/[a": check its brackets and backslashes`)
}

func TestAllPathsAreChecked(t *testing.T) {
	err := Patterns("roots", []string{"a", "/b", "/c/["})
	require.ErrorContains(t, err, "roots::0")
	require.ErrorContains(t, err, "roots::2")
	require.NotContains(t, err.Error(), "roots::1")
}

func TestRegexp(t *testing.T) {
	require.NoError(t, Regexp("filter", ""))
	require.NoError(t, Regexp("filter", "fs_.*"))
	assert.EqualError(t, Regexp("filter", "("),
		"filter: invalid regular expression \"(\": error parsing regexp: missing closing ): `(`")
}

func TestResponseSize(t *testing.T) {
	require.NoError(t, ResponseSize("max", 64<<10))
	require.NoError(t, ResponseSize("max", 64<<20))
	const suffix = " is out of range: must be between 64KiB and 64MiB"
	for size, text := range map[ByteSize]string{
		-1: "-1", 0: "0", 1 << 10: "1KiB", 64<<10 - 1: "65535", 64<<20 + 1: "67108865", 65 << 20: "65MiB",
	} {
		assert.EqualError(t, ResponseSize("max", size), "max: "+text+suffix)
	}
}

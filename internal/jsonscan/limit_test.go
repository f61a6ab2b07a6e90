package jsonscan

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDefaultLimits reads values as large as the documentation of [Limits] allows,
// and one byte or level larger.
func TestDefaultLimits(t *testing.T) {
	text := func(length int) string { return `"` + strings.Repeat("x", length) + `"` }
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	many := "[" + strings.Repeat(" ", 4<<20-2) + "]"
	for name, test := range map[string]struct {
		source           string
		limits           Limits
		allowed, refused string
		want             error
	}{
		"size":            {"bytes", Limits{}, many, many + " ", ErrInputSize},
		"size, reader":    {"reader", Limits{}, many, " " + many, ErrInputSize},
		"depth":           {"bytes", Limits{}, nested(MaxDepth), nested(MaxDepth + 1), ErrDepth},
		"depth too large": {"bytes", Limits{Depth: MaxDepth + 1}, nested(MaxDepth), nested(MaxDepth + 1), ErrDepth},
		"token":           {"bytes", Limits{}, text(64 << 10), text(64<<10 + 1), ErrTokenSize},
		"token, reader":   {"reader", Limits{}, text(32 << 10), text(32<<10 + 1), ErrTokenSize},
		"token, window":   {"reader", Limits{Window: 1000}, text(500), text(501), ErrTokenSize},
	} {
		var s Scanner
		sources[test.source](&s, []byte(test.allowed), test.limits)
		require.NoError(t, skipAll(&s), name)
		sources[test.source](&s, []byte(test.refused), test.limits)
		assert.ErrorIs(t, skipAll(&s), test.want, name)
	}
}

// TestAdvanceToTheEnd consumes exactly what is buffered, and misuses the scanner
// otherwise.
func TestAdvanceToTheEnd(t *testing.T) {
	const input = "[1, 2]"
	for n, want := range map[int]error{-1: ErrMisuse, len(input): nil, len(input) + 1: ErrMisuse} {
		var s Scanner
		s.ResetBytes([]byte(input), Limits{})
		s.Advance(n)
		s.End()
		require.ErrorIs(t, s.Err(), want)

		// What was consumed before is not buffered anymore.
		s.ResetBytes([]byte(`{"a":`+input), Limits{})
		s.OpenObject()
		s.NextKey()
		s.Advance(n)
		require.ErrorIs(t, s.Err(), want)
	}
}

package jsonscan

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRaw(t *testing.T) {
	for name, reset := range sources {
		var s Scanner
		reset(&s, []byte(`{"a": {"x":[1, "\u00e9"]} ,"b":12}`), Limits{})
		s.OpenObject()
		s.NextKey()
		assert.Equal(t, `{"x":[1, "\u00e9"]}`, string(s.Raw()), name)
		s.NextKey()
		assert.Equal(t, `12`, string(s.Raw()), name)
		s.NextKey()
		s.End()
		assert.NoError(t, s.Err(), name)
	}
	var s Scanner
	s.ResetReader(&endless{prefix: "[", text: "1,"}, Limits{})
	assert.Nil(t, s.Raw())
	assert.ErrorIs(t, s.Err(), ErrTokenSize, "a raw value must fit into the window")
}

// TestAnchoredSlicesStayValid reads entries that cross the end of the window at
// every possible position, in small pieces, and checks the slices only at the end
// of each entry.
func TestAnchoredSlicesStayValid(t *testing.T) {
	for _, window := range []int{64, 100, 257} {
		for padding := range window {
			var input bytes.Buffer
			input.WriteString("[" + strings.Repeat(" ", padding))
			const entries = 20
			for i := range entries {
				if i > 0 {
					input.WriteByte(',')
				}
				input.WriteString(`{"first":"one\n","second" : "` + strings.Repeat(string(rune('a'+i)), i) + `"}`)
			}
			input.WriteByte(']')
			for _, reader := range []io.Reader{
				bytes.NewReader(input.Bytes()),
				iotest.HalfReader(bytes.NewReader(input.Bytes())),
				iotest.OneByteReader(bytes.NewReader(input.Bytes())),
			} {
				var s Scanner
				s.ResetReader(reader, Limits{Window: window, Token: window})
				i := 0
				for s.OpenArray(); s.NextElement(); i++ {
					s.Anchor()
					var texts [][]byte
					for s.OpenObject(); ; {
						key, more := s.NextKey()
						if !more {
							break
						}
						texts = append(texts, key, s.String())
					}
					require.NoError(t, s.Err())
					require.Equal(t, "first,one\n,second,"+strings.Repeat(string(rune('a'+i)), i),
						string(bytes.Join(texts, []byte(","))))
					s.Release()
				}
				s.End()
				require.NoError(t, s.Err())
				require.Equal(t, entries, i)
				require.LessOrEqual(t, len(s.window), window)
			}
		}
	}
}

func TestAnchorLimit(t *testing.T) {
	var s Scanner
	s.ResetReader(&endless{prefix: "[", text: `"abc",`}, Limits{Window: 1024})
	s.OpenArray()
	s.Anchor()
	for s.NextElement() {
		s.Skip()
	}
	assert.ErrorIs(t, s.Err(), ErrTokenSize)
}

// TestEscapedStringsWhileAnchored reads strings that have to be unescaped: all of
// them remain valid behind an anchor, and without one they need no memory each.
func TestEscapedStringsWhileAnchored(t *testing.T) {
	var s Scanner
	s.ResetBytes([]byte(`["\u0061","\n","\u0062\u0063"]`), Limits{})
	s.OpenArray()
	s.Anchor()
	var all [][]byte
	for s.NextElement() {
		all = append(all, s.String())
	}
	require.NoError(t, s.Err())
	assert.Equal(t, "a,\n,bc", string(bytes.Join(all, []byte(","))))
	s.Release()

	s.ResetBytes([]byte("["+strings.Repeat(`"\u0061",`, 10_000)+"0]"), Limits{})
	s.OpenArray()
	for s.NextElement() && s.Peek() == String {
		require.Equal(t, "a", string(s.String()))
	}
	assert.Less(t, cap(s.unescaped), 100)
}

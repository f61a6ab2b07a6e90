package jsonscan

import (
	"bytes"
	"io"
	"os"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sources are the ways to pass the same input to a scanner.
var sources = map[string]func(s *Scanner, input []byte, limits Limits){
	"bytes": func(s *Scanner, input []byte, limits Limits) { s.ResetBytes(input, limits) },
	"reader": func(s *Scanner, input []byte, limits Limits) {
		s.ResetReader(bytes.NewReader(input), limits)
	},
	"byte by byte": func(s *Scanner, input []byte, limits Limits) {
		s.ResetReader(iotest.OneByteReader(bytes.NewReader(input)), limits)
	},
	"end with the last byte": func(s *Scanner, input []byte, limits Limits) {
		s.ResetReader(iotest.DataErrReader(bytes.NewReader(input)), limits)
	},
}

// skipAll skips the value and returns the error.
func skipAll(s *Scanner) error {
	s.Skip()
	s.End()
	return s.Err()
}

func TestMisuse(t *testing.T) {
	for name, use := range map[string]func(s *Scanner){
		"second value":           func(s *Scanner) { s.Skip(); s.Skip() },
		"element of an object":   func(s *Scanner) { s.OpenObject(); s.NextElement() },
		"key of an array":        func(s *Scanner) { s.OpenObject(); s.NextKey(); s.OpenArray(); s.NextKey() },
		"element before opening": func(s *Scanner) { s.NextElement() },
		"value without key":      func(s *Scanner) { s.OpenObject(); s.Skip() },
		"key without value":      func(s *Scanner) { s.OpenObject(); s.NextKey(); s.NextKey() },
		"end inside an object":   func(s *Scanner) { s.OpenObject(); s.End() },
		"end before the value":   func(s *Scanner) { s.End() },
		"advance too far":        func(s *Scanner) { s.Advance(100) },
		"advance between values": func(s *Scanner) { s.OpenObject(); s.Advance(1) },
	} {
		var s Scanner
		s.ResetBytes([]byte(`{"a":[1,2],"b":3}`), Limits{})
		use(&s)
		assert.ErrorIs(t, s.Err(), ErrMisuse, name)
	}
}

func TestErrorIsSticky(t *testing.T) {
	var s Scanner
	s.ResetBytes([]byte(`[x, 1]`), Limits{})
	s.OpenArray()
	s.NextElement()
	assert.Zero(t, s.Int64())
	first := s.Err()
	require.ErrorIs(t, first, ErrSyntax)
	assert.False(t, s.NextElement())
	assert.Equal(t, Invalid, s.Peek())
	assert.Nil(t, s.String())
	assert.Nil(t, s.Raw())
	assert.False(t, s.Bool())
	assert.False(t, s.Null())
	s.Advance(1)
	s.Fail(io.EOF)
	s.End()
	assert.Same(t, first, s.Err())

	s.ResetBytes([]byte(`[1]`), Limits{})
	require.NoError(t, skipAll(&s), "a reset scanner has no error")

	s.ResetBytes([]byte(`[1]`), Limits{})
	s.Fail(io.EOF)
	assert.Equal(t, io.EOF, s.Err())
}

func TestErrorText(t *testing.T) {
	var s Scanner
	s.ResetBytes([]byte(`{"password":"secret" x`), Limits{})
	err := skipAll(&s)
	assert.EqualError(t, err, "invalid JSON at byte 21: expected a comma or closing bracket after an element")

	s.ResetReader(iotest.ErrReader(os.ErrDeadlineExceeded), Limits{})
	assert.EqualError(t, skipAll(&s), "read JSON at byte 0: i/o timeout")
}

func TestAdvance(t *testing.T) {
	var s Scanner
	s.ResetBytes([]byte(`[{"n":1},{"n":2}]`), Limits{})
	s.OpenArray()
	require.True(t, s.NextElement())
	require.True(t, bytes.HasPrefix(s.Buffered(), []byte(`{"n":1}`)))
	s.Advance(len(`{"n":1}`))
	require.True(t, s.NextElement())
	s.Skip()
	require.False(t, s.NextElement())
	s.End()
	require.NoError(t, s.Err())
}

func TestNothingIsAllocated(t *testing.T) {
	input := []byte(`{"when":"2026-11-20T10:19:38Z","data":[{"name":"a\u00e9","n":12,"f":1.5e3,"ok":true,"x":null}]}`)
	reader := bytes.NewReader(input)
	for name, reset := range map[string]func(s *Scanner){
		"bytes":  func(s *Scanner) { s.ResetBytes(input, Limits{}) },
		"reader": func(s *Scanner) { reader.Reset(input); s.ResetReader(reader, Limits{}) },
	} {
		var s Scanner
		allocations := testing.AllocsPerRun(100, func() {
			reset(&s)
			s.OpenObject()
			s.NextKey()
			s.String()
			s.NextKey()
			for s.OpenArray(); s.NextElement(); {
				s.Anchor()
				for s.OpenObject(); ; {
					if _, more := s.NextKey(); !more {
						break
					}
					switch s.Peek() {
					case Number:
						s.Float64()
					case String:
						_ = s.String()
					default:
						s.Skip()
					}
				}
				s.Release()
			}
			s.NextKey()
			s.End()
			if s.Err() != nil {
				t.Fatal(s.Err())
			}
		})
		assert.Zero(t, allocations, name)
	}
}

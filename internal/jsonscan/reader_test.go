package jsonscan

import (
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endless returns the prefix once and then repeats the text forever.
type endless struct {
	prefix, text string
	sent         int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		if e.sent < len(e.prefix) {
			p[i] = e.prefix[e.sent]
		} else {
			p[i] = e.text[(e.sent-len(e.prefix))%len(e.text)]
		}
		e.sent++
	}
	return len(p), nil
}

func TestEndlessInputUsesBoundedMemory(t *testing.T) {
	for _, test := range []struct {
		name         string
		prefix, text string
		class        error
	}{
		{"array", "[", "1,", ErrInputSize},
		{"white space", "[", " ", ErrInputSize},
		{"keys", "{", `"a":[],`, ErrInputSize},
		{"string", `"`, "a", ErrTokenSize},
		{"string of escapes", `"`, `\n`, ErrTokenSize},
		{"string of runes", `"`, "\u4e16", ErrTokenSize},
		{"number", "", "1", ErrTokenSize},
		{"nesting", "", "[", ErrDepth},
	} {
		t.Run(test.name, func(t *testing.T) {
			source := &endless{prefix: test.prefix, text: test.text}
			var s Scanner
			s.ResetReader(source, Limits{Bytes: 1 << 20})
			assert.ErrorIs(t, skipAll(&s), test.class)
			assert.LessOrEqual(t, source.sent, 1<<20+1)
			assert.LessOrEqual(t, cap(s.window), defaultWindow)
		})
	}
}

func TestReaderErrorIsWrapped(t *testing.T) {
	var s Scanner
	s.ResetReader(io.MultiReader(strings.NewReader(`{"a":[1,`), iotest.ErrReader(os.ErrDeadlineExceeded)), Limits{})
	err := skipAll(&s)
	require.ErrorIs(t, err, ErrRead)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.EqualValues(t, 8, typed.Offset)
}

func TestReaderErrorAfterTheValueIsIgnored(t *testing.T) {
	var s Scanner
	s.ResetReader(io.MultiReader(strings.NewReader(`[1]`), iotest.ErrReader(os.ErrDeadlineExceeded)), Limits{})
	require.NoError(t, skipAll(&s))
}

// idle returns neither bytes nor an error.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestReaderWithoutProgress(t *testing.T) {
	var s Scanner
	s.ResetReader(idle{}, Limits{})
	assert.ErrorIs(t, skipAll(&s), io.ErrNoProgress)
}

func TestNoReadAfterTheValue(t *testing.T) {
	client, server := io.Pipe()
	go func() {
		_, _ = server.Write([]byte(`{"a":1}`))
		// The connection stays open: another Read would block forever.
	}()
	defer func() { _ = client.Close() }()
	var s Scanner
	s.ResetReader(client, Limits{})
	require.NoError(t, skipAll(&s))
}

func TestEndChecksBufferedBytes(t *testing.T) {
	var s Scanner
	s.ResetReader(strings.NewReader(`[1] x`), Limits{})
	s.Skip()
	require.NoError(t, s.Err())
	assert.Equal(t, " x", string(s.Buffered()))
	s.End()
	assert.ErrorIs(t, s.Err(), ErrTrailing)
}

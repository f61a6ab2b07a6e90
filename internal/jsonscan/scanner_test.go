package jsonscan

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sources are the ways in which the same input can arrive.
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

func skipAll(s *Scanner) error {
	s.Skip()
	s.End()
	return s.Err()
}

func TestSkipTakesValidJSON(t *testing.T) {
	for _, input := range []string{
		`{}`, `[]`, `""`, `0`, `-0`, `12.5e-3`, `1E+2`, `true`, `false`, `null`,
		" \t\r\n[ 1 , { \"a\" : [ ] , \"b\" : null } , \"x\" ] \n",
		`"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`,
		"\"gr\u00fc\u00df \u4e16 \U0001f600 and some more text than fits into one word\"",
		"\"\x7f\"",
		strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth),
	} {
		for name, reset := range sources {
			var s Scanner
			reset(&s, []byte(input), Limits{})
			assert.NoError(t, skipAll(&s), "%s, %s", input, name)
			assert.Equal(t, s.Received(), s.Offset(), "%s, %s", input, name)
		}
	}
}

func TestSkipRefuses(t *testing.T) {
	for _, test := range []struct {
		input string
		class error
	}{
		{``, ErrTruncated},
		{` `, ErrTruncated},
		{`[`, ErrTruncated},
		{`[1`, ErrTruncated},
		{`[1,`, ErrTruncated},
		{`{"a"`, ErrTruncated},
		{`{"a":`, ErrTruncated},
		{`{"a":1`, ErrTruncated},
		{`"abc`, ErrTruncated},
		{`"\`, ErrTruncated},
		{`"\u12`, ErrTruncated},
		{`"\ud83d`, ErrTruncated},
		{"\"\xe2\x82", ErrTruncated},
		{`tru`, ErrTruncated},
		{`-`, ErrTruncated},
		{`1.`, ErrTruncated},
		{`1e`, ErrTruncated},
		{`1e+`, ErrTruncated},
		{`[1.`, ErrTruncated},
		{`]`, ErrSyntax},
		{`[1,]`, ErrSyntax},
		{`[,1]`, ErrSyntax},
		{`[1 2]`, ErrSyntax},
		{`[1}`, ErrSyntax},
		{`{"a":1]`, ErrSyntax},
		{`{"a":1,}`, ErrSyntax},
		{`{"a" 1}`, ErrSyntax},
		{`{a:1}`, ErrSyntax},
		{`{1:1}`, ErrSyntax},
		{`{"a":}`, ErrSyntax},
		{`nul1`, ErrSyntax},
		{`True`, ErrSyntax},
		{`[01]`, ErrSyntax},
		{`[-a]`, ErrSyntax},
		{`[1.a]`, ErrSyntax},
		{`[.5]`, ErrSyntax},
		{`[+1]`, ErrSyntax},
		{`[1ea]`, ErrSyntax},
		{`NaN`, ErrSyntax},
		{"\"a\nb\"", ErrSyntax},
		{`"\x"`, ErrSyntax},
		{`"\u00g0"`, ErrSyntax},
		{`'a'`, ErrSyntax},
		{"\xef\xbb\xbf{}", ErrSyntax},
		{`// a` + "\n1", ErrSyntax},
		{"\"\xff\"", ErrText},
		{"\"long enough \x80 for several words\"", ErrText},
		{"\"\xc0\x80\"", ErrText},
		{"\"\xed\xa0\x80\"", ErrText},
		{`"\ud800"`, ErrText},
		{`"\ude00\ud83d"`, ErrText},
		{`"\ud83d\u0041"`, ErrText},
		{`"\ud83dx     "`, ErrText},
		{`{} x`, ErrTrailing},
		{`{}{}`, ErrTrailing},
		{`01`, ErrTrailing},
		{`nullx`, ErrTrailing},
		{strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1), ErrDepth},
		{strings.Repeat(`{"a":`, 100_000), ErrDepth},
	} {
		for name, reset := range sources {
			if name == "byte by byte" && test.class == ErrTrailing {
				continue // what has not arrived is not looked at
			}
			var s Scanner
			reset(&s, []byte(test.input), Limits{})
			assert.ErrorIs(t, skipAll(&s), test.class, "%.60q, %s", test.input, name)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name, input string
		limits      Limits
		class       error
	}{
		{"bytes at the limit", `[1,2]`, Limits{Bytes: 5}, nil},
		{"bytes above it", `[1,2]`, Limits{Bytes: 4}, ErrInputSize},
		{"depth at the limit", `[[1]]`, Limits{Depth: 2}, nil},
		{"depth above it", `[[{}]]`, Limits{Depth: 2}, ErrDepth},
		{"string at the limit", `"abcd"`, Limits{Token: 4}, nil},
		{"string above it", `"abcde"`, Limits{Token: 4}, ErrTokenSize},
		{"escapes count as written", `"\u00e9"`, Limits{Token: 5}, ErrTokenSize},
		{"key above it", `{"abcde":1}`, Limits{Token: 4}, ErrTokenSize},
		{"number at the limit", `1234`, Limits{Token: 4}, nil},
		{"number above it", `12345`, Limits{Token: 4}, ErrTokenSize},
	} {
		for name, reset := range sources {
			var s Scanner
			reset(&s, []byte(test.input), test.limits)
			err := skipAll(&s)
			if test.class == nil {
				assert.NoError(t, err, "%s, %s", test.name, name)
			} else {
				assert.ErrorIs(t, err, test.class, "%s, %s", test.name, name)
			}
		}
	}
}

// endless repeats its text for ever.
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

func TestEndlessInputCostsTheWindow(t *testing.T) {
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

func TestReaderErrorIsKept(t *testing.T) {
	var s Scanner
	s.ResetReader(io.MultiReader(strings.NewReader(`{"a":[1,`), iotest.ErrReader(os.ErrDeadlineExceeded)), Limits{})
	err := skipAll(&s)
	require.ErrorIs(t, err, ErrRead)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var typed *Error
	require.ErrorAs(t, err, &typed)
	assert.EqualValues(t, 8, typed.Offset)
}

func TestReaderErrorAfterTheValueDoesNotCount(t *testing.T) {
	var s Scanner
	s.ResetReader(io.MultiReader(strings.NewReader(`[1]`), iotest.ErrReader(os.ErrDeadlineExceeded)), Limits{})
	require.NoError(t, skipAll(&s))
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestReaderWithoutProgress(t *testing.T) {
	var s Scanner
	s.ResetReader(idle{}, Limits{})
	assert.ErrorIs(t, skipAll(&s), io.ErrNoProgress)
}

func TestReadsNothingBeyondTheValue(t *testing.T) {
	client, server := io.Pipe()
	go func() {
		_, _ = server.Write([]byte(`{"a":1}`))
		// The connection stays open: another Read would block for ever.
	}()
	defer func() { _ = client.Close() }()
	var s Scanner
	s.ResetReader(client, Limits{})
	require.NoError(t, skipAll(&s))
}

func TestEndSeesBytesThatArrived(t *testing.T) {
	var s Scanner
	s.ResetReader(strings.NewReader(`[1] x`), Limits{})
	s.Skip()
	require.NoError(t, s.Err())
	assert.Equal(t, " x", string(s.Buffered()))
	s.End()
	assert.ErrorIs(t, s.Err(), ErrTrailing)
}

func TestStructure(t *testing.T) {
	for name, reset := range sources {
		t.Run(name, func(t *testing.T) {
			var s Scanner
			reset(&s, []byte(`{"id":"web","pids":[1,-2],"ok":true,"other":{"x":[{}]},"ratio":2.5,"none":null,"size":18446744073709551615}`), Limits{})
			var id string
			var pids []int64
			var ok bool
			var ratio float64
			var size uint64
			for s.OpenObject(); ; {
				key, more := s.NextKey()
				if !more {
					break
				}
				switch string(key) {
				case "id":
					id = string(s.String())
				case "pids":
					for s.OpenArray(); s.NextElement(); {
						pids = append(pids, s.Int64())
					}
				case "ok":
					ok = s.Bool()
				case "ratio":
					ratio = s.Float64()
				case "none":
					assert.True(t, s.Null())
				case "size":
					assert.False(t, s.Null())
					size = s.Uint64()
				default:
					s.Skip()
				}
			}
			s.End()
			require.NoError(t, s.Err())
			assert.Equal(t, "web", id)
			assert.Equal(t, []int64{1, -2}, pids)
			assert.True(t, ok)
			assert.Equal(t, 2.5, ratio)
			assert.Equal(t, uint64(18446744073709551615), size)
		})
	}
}

func TestNumbers(t *testing.T) {
	read := map[string]func(s *Scanner) any{
		"int64":   func(s *Scanner) any { return s.Int64() },
		"uint64":  func(s *Scanner) any { return s.Uint64() },
		"float64": func(s *Scanner) any { return s.Float64() },
	}
	for _, test := range []struct {
		input, kind string
		want        any
		class       error
	}{
		{"9223372036854775807", "int64", int64(9223372036854775807), nil},
		{"9223372036854775808", "int64", nil, ErrRange},
		{"-9223372036854775808", "int64", int64(-9223372036854775808), nil},
		{"-9223372036854775809", "int64", nil, ErrRange},
		{"-0", "int64", int64(0), nil},
		{"1.0", "int64", nil, ErrKind},
		{"1e3", "int64", nil, ErrKind},
		{`"1"`, "int64", nil, ErrKind},
		{"null", "int64", nil, ErrKind},
		{"18446744073709551615", "uint64", uint64(18446744073709551615), nil},
		{"18446744073709551616", "uint64", nil, ErrRange},
		{"99999999999999999999", "uint64", nil, ErrRange},
		{"184467440737095516150", "uint64", nil, ErrRange},
		{"-1", "uint64", nil, ErrRange},
		{"-0", "uint64", nil, ErrRange},
		{"1e400", "float64", nil, ErrRange},
		{"-1.5e-7", "float64", -1.5e-7, nil},
		{"1e-400", "float64", 0.0, nil},
	} {
		for name, reset := range sources {
			var s Scanner
			reset(&s, []byte(test.input), Limits{})
			got := read[test.kind](&s)
			s.End()
			if test.class != nil {
				assert.ErrorIs(t, s.Err(), test.class, "%s as %s, %s", test.input, test.kind, name)
				continue
			}
			assert.NoError(t, s.Err(), "%s as %s, %s", test.input, test.kind, name)
			assert.Equal(t, test.want, got, "%s as %s, %s", test.input, test.kind, name)
		}
	}
}

func TestText(t *testing.T) {
	for _, test := range []struct{ input, want string }{
		{`""`, ""},
		{`"plain"`, "plain"},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{`"gr\u00fcn and \ud83d\ude00!"`, "gr\u00fcn and \U0001f600!"},
		{"\"gr\u00fcn\\n\u4e16\"", "gr\u00fcn\n\u4e16"},
		{`"\u0000"`, "\x00"},
		{`"\ufffd"`, "\ufffd"},
	} {
		for name, reset := range sources {
			var s Scanner
			reset(&s, []byte(test.input), Limits{})
			got := string(s.String())
			s.End()
			assert.NoError(t, s.Err(), "%s, %s", test.input, name)
			assert.Equal(t, test.want, got, "%s, %s", test.input, name)
		}
	}
}

func TestMisuse(t *testing.T) {
	for name, use := range map[string]func(s *Scanner){
		"second value":           func(s *Scanner) { s.Skip(); s.Skip() },
		"element of an object":   func(s *Scanner) { s.OpenObject(); s.NextElement() },
		"key of an array":        func(s *Scanner) { s.OpenObject(); s.NextKey(); s.OpenArray(); s.NextKey() },
		"element before opening": func(s *Scanner) { s.NextElement() },
		"value without key":      func(s *Scanner) { s.OpenObject(); s.Skip() },
		"key without value":      func(s *Scanner) { s.OpenObject(); s.NextKey(); s.NextKey() },
		"end too soon":           func(s *Scanner) { s.OpenObject(); s.End() },
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
	require.NoError(t, skipAll(&s), "a reset scanner starts over")

	s.ResetBytes([]byte(`[1]`), Limits{})
	s.Fail(io.EOF)
	assert.Equal(t, io.EOF, s.Err())
}

func TestErrorText(t *testing.T) {
	var s Scanner
	s.ResetBytes([]byte(`{"password":"secret" x`), Limits{})
	err := skipAll(&s)
	assert.EqualError(t, err, "invalid JSON at byte 21: neither a comma nor the end after an element")

	s.ResetReader(iotest.ErrReader(os.ErrDeadlineExceeded), Limits{})
	assert.EqualError(t, skipAll(&s), "reading JSON at byte 0: i/o timeout")
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
	assert.ErrorIs(t, s.Err(), ErrTokenSize, "raw values are held in the window")
}

// TestAnchoredSlicesStay reads entries that straddle the window's end in every
// possible way, in small pieces, and looks at the slices only at the end of
// each entry.
func TestAnchoredSlicesStay(t *testing.T) {
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

func TestAnchoredTooMuch(t *testing.T) {
	var s Scanner
	s.ResetReader(&endless{prefix: "[", text: `"abc",`}, Limits{Window: 1024})
	s.OpenArray()
	s.Anchor()
	for s.NextElement() {
		s.Skip()
	}
	assert.ErrorIs(t, s.Err(), ErrTokenSize)
}

func TestNextField(t *testing.T) {
	fields := NewFields("name", "value")
	read := func(input string) (map[int]int64, Seen, error) {
		var s Scanner
		var seen Seen
		got := map[int]int64{}
		s.ResetBytes([]byte(input), Limits{})
		for s.OpenObject(); ; {
			field, more := s.NextField(fields, &seen)
			if !more {
				break
			}
			got[field] = s.Int64()
		}
		s.End()
		return got, seen, s.Err()
	}
	got, seen, err := read(`{"other":{"name":[]},"value":2,"valuE2":0}`)
	require.NoError(t, err)
	assert.Equal(t, map[int]int64{1: 2}, got)
	assert.False(t, seen.Has(0))
	assert.True(t, seen.Has(1))

	for _, input := range []string{
		`{"value":1,"value":1}`,
		`{"value":1,"Value":1}`,
		`{"NAME":1}`,
		`{"\u006eame":1,"name":1}`,
		"{\"na\\u006de\":1,\"nam\u0045\":1}",
	} {
		_, _, err := read(input)
		assert.ErrorIs(t, err, ErrField, input)
	}
	assert.Panics(t, func() { NewFields(make([]string, 33)...) })
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

func BenchmarkSkip(b *testing.B) {
	entry := `{"metric":{"name":"fs_opens","type":2,"help":"Number of file opens."},"val":{"int":152903}},`
	input := []byte("[" + strings.Repeat(entry, 600) + "0]")
	var s Scanner
	b.SetBytes(int64(len(input)))
	b.ReportAllocs()
	for b.Loop() {
		s.ResetBytes(input, Limits{})
		if err := skipAll(&s); err != nil {
			b.Fatal(err)
		}
	}
}

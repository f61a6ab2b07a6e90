package jsonscan

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSkipAcceptsValidJSON(t *testing.T) {
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

// invalidInputs lists inputs that Skip rejects, each with the class of the error.
var invalidInputs = []struct {
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
}

func TestSkipRefusesInvalidInput(t *testing.T) {
	for _, test := range invalidInputs {
		for name, reset := range sources {
			if name == "byte by byte" && test.class == ErrTrailing {
				continue // End does not check bytes that have not arrived.
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
		{"bytes above the limit", `[1,2]`, Limits{Bytes: 4}, ErrInputSize},
		{"depth at the limit", `[[1]]`, Limits{Depth: 2}, nil},
		{"depth above the limit", `[[{}]]`, Limits{Depth: 2}, ErrDepth},
		{"string at the limit", `"abcd"`, Limits{Token: 4}, nil},
		{"string above the limit", `"abcde"`, Limits{Token: 4}, ErrTokenSize},
		{"escapes count as written", `"\u00e9"`, Limits{Token: 5}, ErrTokenSize},
		{"key above the limit", `{"abcde":1}`, Limits{Token: 4}, ErrTokenSize},
		{"number at the limit", `1234`, Limits{Token: 4}, nil},
		{"number above the limit", `12345`, Limits{Token: 4}, ErrTokenSize},
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

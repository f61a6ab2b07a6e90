package jsonscan

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

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

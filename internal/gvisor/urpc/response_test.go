package urpc

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// decode decodes a response whose result is a string or null. The scanner allows a
// depth of 4 and 4096 bytes.
func decode(source io.Reader) (results []string, succeeded []bool, err error) {
	var s jsonscan.Scanner
	s.ResetReader(source, jsonscan.Limits{Bytes: 4096, Depth: 4})
	err = Decode(&s, func(s *jsonscan.Scanner, success bool) {
		if !s.Null() {
			results, succeeded = append(results, string(s.String())), append(succeeded, success)
		}
	})
	return results, succeeded, err
}

func TestDecode(t *testing.T) {
	for name, test := range map[string]struct {
		response  string
		succeeded []bool
	}{
		"usual order":           {`{"success":true,"err":"","result":"x"}`, []bool{true}},
		"result before success": {`{"result":"x","success":true}`, []bool{false}},
		"unknown keys":          {`{"new":[{}],"success":true,"result":"x","newer":null}`, []bool{true}},
		"white space":           {" { \"success\" : true , \"result\" : \"x\" } \n", []bool{true}},
		"no result":             {`{"success":true}`, nil},
	} {
		results, succeeded, err := decode(strings.NewReader(test.response))
		require.NoError(t, err, name)
		assert.Equal(t, test.succeeded, succeeded, name)
		if succeeded != nil {
			assert.Equal(t, []string{"x"}, results, name)
		}
	}
}

func TestDecodeErrors(t *testing.T) {
	for name, test := range map[string]struct {
		response string
		class    error
		outcome  sandbox.Outcome
	}{
		"not JSON":               {`<html>`, jsonscan.ErrSyntax, sandbox.Malformed},
		"an array":               {`[]`, jsonscan.ErrKind, sandbox.Malformed},
		"success twice":          {`{"success":true,"success":true}`, jsonscan.ErrField, sandbox.Malformed},
		"result twice":           {`{"success":true,"result":"x","result":"x"}`, jsonscan.ErrField, sandbox.Malformed},
		"result in another case": {`{"success":true,"Result":"x"}`, jsonscan.ErrField, sandbox.Malformed},
		"success is a number":    {`{"success":1}`, jsonscan.ErrKind, sandbox.Malformed},
		"invalid result":         {`{"success":true,"result":1}`, jsonscan.ErrKind, sandbox.Malformed},
		"invalid failed call":    {`{"success":false,"result":1}`, jsonscan.ErrKind, sandbox.Malformed},
		"trailing bytes":         {`{"success":true} {}`, jsonscan.ErrTrailing, sandbox.Malformed},
		"trailing failed call":   {`{"success":false}x`, jsonscan.ErrTrailing, sandbox.Malformed},
		"nested too deeply":      {`{"new":[[[[]]]],"success":true}`, jsonscan.ErrDepth, sandbox.Oversize},
		"too long":               {`{"new":[` + strings.Repeat(`1,`, 4096), jsonscan.ErrInputSize, sandbox.Oversize},
		"truncated":              {`{"success":true`, jsonscan.ErrTruncated, sandbox.Disconnected},
		"empty":                  {``, jsonscan.ErrTruncated, sandbox.Disconnected},
		"long error text":        {`{"err":"` + strings.Repeat("x", 40_000) + `"}`, jsonscan.ErrInputSize, sandbox.Oversize},
	} {
		_, _, err := decode(strings.NewReader(test.response))
		assert.ErrorIs(t, err, test.class, name)
		assert.Equal(t, test.outcome, Outcome(err), "%s: %v", name, err)
	}
}

func TestRemoteError(t *testing.T) {
	for response, want := range map[string]RemoteError{
		`{"success":false,"err":"unknown method","result":null}`: {Message: "unknown method"},
		`{"success":false}`:              {},
		`{"success":false,"result":"x"}`: {},
		`{"result":"x"}`:                 {NoSuccess: true},
		`{"err":"no"}`:                   {Message: "no", NoSuccess: true},
	} {
		_, _, err := decode(iotest.OneByteReader(strings.NewReader(response)))
		var remote *RemoteError
		if assert.ErrorAs(t, err, &remote, response) {
			assert.Equal(t, want, *remote, response)
			assert.Equal(t, sandbox.Refused, Outcome(err), response)
		}
	}
	assert.EqualError(t, &RemoteError{Message: "a\nb"}, `sandbox returned an error: "a\nb"`)
	assert.EqualError(t, &RemoteError{NoSuccess: true}, `response does not state whether the call succeeded`)
	assert.EqualError(t, &RemoteError{Message: "no", NoSuccess: true}, `response does not state whether the call succeeded: error "no"`)
}

func TestSourceErrors(t *testing.T) {
	for _, test := range []struct {
		err     error
		outcome sandbox.Outcome
	}{
		{os.ErrDeadlineExceeded, sandbox.Timeout},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, sandbox.Timeout},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, sandbox.Disconnected},
		{io.ErrUnexpectedEOF, sandbox.Disconnected},
	} {
		source := io.MultiReader(strings.NewReader(`{"success":true,`), iotest.ErrReader(test.err))
		_, _, err := decode(source)
		assert.ErrorIs(t, err, test.err)
		assert.Equal(t, test.outcome, Outcome(err), "%v", err)
	}
	assert.Equal(t, sandbox.Internal, Outcome(&jsonscan.Error{Class: jsonscan.ErrMisuse}))
	assert.Equal(t, sandbox.Malformed, Outcome(errors.New("another error")))
}

func TestDecodeResultQuotesPartOfTheError(t *testing.T) {
	err := DecodeResult(strings.NewReader(`{"success":false,"err":"a\nb`+strings.Repeat("x", 5000)+`"}`), 1<<16, nil)
	require.Equal(t, sandbox.Refused, sandbox.OutcomeOf(err))
	assert.Contains(t, err.Error(), `a\nb`)
	assert.Less(t, len(err.Error()), 2*maxQuotedError)
}

func TestDecodeResultSkipsResultBeforeSuccess(t *testing.T) {
	read := func(*jsonscan.Scanner) { t.Error("read the result of a call that may have failed") }
	assert.NoError(t, DecodeResult(strings.NewReader(`{"result":"x","success":true}`), 1<<16, read))
}

package statefile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// minimalState is a valid state file with the required fields only.
const minimalState = `{"id":"a","createdAt":"2026-01-02T03:04:05Z","status":"running","sandbox":{"id":"a"}}`

// replaced returns the minimal state file with old replaced.
func replaced(old, replacement string) string {
	if !strings.Contains(minimalState, old) {
		panic(fmt.Sprintf("%q is not part of the minimal state file", old))
	}
	return strings.Replace(minimalState, old, replacement, 1)
}

// withSandbox returns the minimal state file with the given sandbox object.
func withSandbox(object string) string { return replaced(`{"id":"a"}`, object) }

// withSpec returns the minimal state file with the given spec.
func withSpec(spec string) string { return replaced(`"status"`, `"spec":`+spec+`,"status"`) }

var longString = strings.Repeat("x", maxPath+1)

// manyEntries returns n entries of an object with different keys.
func manyEntries(n int) string {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = `"k` + strings.Repeat("k", i) + `":""`
	}
	return strings.Join(entries, ",")
}

var invalidStates = map[string]struct {
	data string
	want error
}{
	"empty":                    {"", jsonscan.ErrTruncated},
	"truncated":                {minimalState[:len(minimalState)-10], jsonscan.ErrTruncated},
	"array":                    {"[]", jsonscan.ErrKind},
	"null":                     {"null", ErrMissing},
	"trailing data":            {minimalState + "{}", jsonscan.ErrTrailing},
	"missing ID":               {replaced(`"id":"a",`, ``), ErrMissing},
	"missing creation time":    {replaced(`"createdAt":"2026-01-02T03:04:05Z",`, ``), ErrMissing},
	"missing status":           {replaced(`"status":"running",`, ``), ErrMissing},
	"missing sandbox":          {replaced(`{"id":"a"}}`, `null}`), ErrMissing},
	"path as ID":               {replaced(`"id":"a",`, `"id":"../a",`), ErrValue},
	"path as sandbox ID":       {withSandbox(`{"id":"/etc"}`), ErrValue},
	"invalid creation time":    {replaced("2026-01-02T", "2026-13-02T"), ErrValue},
	"invalid start time":       {withSandbox(`{"id":"a","startTime":"now"}`), ErrValue},
	"duplicate ID":             {replaced(`"id":"a",`, `"id":"a","id":"b",`), jsonscan.ErrField},
	"duplicate ID in caps":     {replaced(`"id":"a",`, `"id":"a","ID":"b",`), jsonscan.ErrField},
	"string as PID":            {withSandbox(`{"id":"a","pid":"1"}`), jsonscan.ErrKind},
	"PID too large":            {withSandbox(`{"id":"a","pid":99999999}`), ErrValue},
	"pod name too long":        {withSandbox(`{"id":"a","podName":"` + longString + `"}`), ErrLimit},
	"socket path too long":     {withSandbox(`{"id":"a","controlSocketPath":"` + longString + `"}`), ErrLimit},
	"too many metadata":        {withSandbox(`{"id":"a","metricMetadata":{` + manyEntries(maxMetadata+1) + `}}`), ErrLimit},
	"duplicate metadata":       {withSandbox(`{"id":"a","metricMetadata":{"k":"1","k":"2"}}`), ErrValue},
	"number as metadata":       {withSandbox(`{"id":"a","metricMetadata":{"k":1}}`), jsonscan.ErrKind},
	"invalid registration":     {withSandbox(`{"id":"a","registeredMetrics":{x}}`), jsonscan.ErrSyntax},
	"number as annotation":     {withSpec(`{"annotations":{"io.kubernetes.cri.sandbox-uid":1}}`), jsonscan.ErrKind},
	"nested too deeply":        {replaced(`"status"`, `"x":`+strings.Repeat("[", 100)+`,"status"`), jsonscan.ErrDepth},
	"larger than the max size": {minimalState + strings.Repeat(" ", MaxSize), jsonscan.ErrInputSize},
}

func TestParseInvalid(t *testing.T) {
	_, err := Parse([]byte(minimalState))
	require.NoError(t, err, "the file that the cases modify must be valid")
	for name, test := range invalidStates {
		t.Run(name, func(t *testing.T) {
			state, err := Parse([]byte(test.data))
			require.ErrorIs(t, err, test.want)
			assert.Nil(t, state)
		})
	}
}

func TestFieldError(t *testing.T) {
	_, err := Parse([]byte(`{"id":"a b"}`))
	var fieldErr *FieldError
	require.ErrorAs(t, err, &fieldErr)
	assert.Equal(t, "id", fieldErr.Field)
	require.EqualError(t, err, "parse state file: id: invalid value")
	assert.NotErrorIs(t, err, ErrMissing)
}

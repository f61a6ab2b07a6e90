package urpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// FuzzDecodeResult checks that encoding/json accepts every response that
// DecodeResult accepts, with the same result, and that the sizes of reads make
// no difference.
func FuzzDecodeResult(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var result []byte
		read := func(s *jsonscan.Scanner) { result = bytes.Clone(s.Raw()) }
		err := DecodeResult(bytes.NewReader(data), 1<<16, read)
		whole := result
		result = nil
		bytewiseErr := DecodeResult(iotest.OneByteReader(bytes.NewReader(data)), 1<<16, read)
		if errors.Is(err, jsonscan.ErrTrailing) {
			// Trailing bytes are detected only if they arrive with the response.
			return
		}
		if sandbox.OutcomeOf(bytewiseErr) != sandbox.OutcomeOf(err) {
			t.Fatalf("%v in one piece, %v byte by byte", err, bytewiseErr)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(result, whole) {
			t.Fatalf("%q in one piece, %q byte by byte", whole, result)
		}
		var want struct {
			Success bool
			Result  json.RawMessage
		}
		if err := json.Unmarshal(data, &want); err != nil || !want.Success {
			t.Fatalf("accepted %q: %v", data, err)
		}
		if whole != nil && !bytes.Equal(whole, want.Result) {
			t.Fatalf("result %q instead of %q", whole, want.Result)
		}
	})
}

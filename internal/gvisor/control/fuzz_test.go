package control

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

// FuzzDecodeResult: an answer that is accepted is one for encoding/json, too,
// with the same result, whatever portions it comes in.
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
		again := DecodeResult(iotest.OneByteReader(bytes.NewReader(data)), 1<<16, read)
		if errors.Is(err, jsonscan.ErrTrailing) {
			// What follows the answer shows only if it has arrived with it.
			return
		}
		if sandbox.OutcomeOf(again) != sandbox.OutcomeOf(err) {
			t.Fatalf("%v in one piece, %v byte by byte", err, again)
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

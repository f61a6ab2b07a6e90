package pdataconv

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGoldenFiles compares conversions with the files in testdata. To rewrite them:
//
//	go test ./internal/pdataconv -run TestGoldenFiles -update
func TestGoldenFiles(t *testing.T) {
	for _, naming := range sandbox.Namings {
		t.Run(string(naming), func(t *testing.T) {
			b := newConverter(naming).NewBatch()
			b.Append(identity(), completeReading())
			points := b.Points()
			metrics := b.Take()
			assert.Equal(t, metrics.DataPointCount(), points)
			assert.Zero(t, b.Points())
			checkGolden(t, string(naming)+".json", metrics)
		})
		t.Run(string(naming)+" end", func(t *testing.T) {
			b := newConverter(naming).NewBatch()
			b.AppendEnd(identity(), completeReading())
			checkGolden(t, string(naming)+"-end.json", b.Take())
		})
	}
}

func checkGolden(t *testing.T, name string, metrics pmetric.Metrics) {
	t.Helper()
	text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(metrics)
	require.NoError(t, err)
	compareGolden(t, name, text)
}

// compareGolden compares JSON with a file in testdata.
func compareGolden(t *testing.T, name string, text []byte) {
	t.Helper()
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, text, "", " "))
	indented.WriteByte('\n')
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, indented.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), indented.String())
}

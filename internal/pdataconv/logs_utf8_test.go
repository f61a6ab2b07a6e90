package pdataconv

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestTextOfEventsIsValidUTF8 converts the event of a file whose name is not UTF-8. Other
// implementations of OTLP refuse the whole request if one text is not.
func TestTextOfEventsIsValidUTF8(t *testing.T) {
	batch := New(Settings{Naming: sandbox.OTel, Attributes: metadata.DefaultResourceAttributesConfig()}).NewLogBatch()
	batch.Append(&lifecycle.Event{Name: lifecycle.Skipped, Path: "/run/runsc/a\xff\xc3.state", SkipReason: "name"})
	record := batch.Take().ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	path, found := record.Attributes().Get("file.path")
	require.True(t, found)
	assert.True(t, utf8.ValidString(path.Str()), "%q", path.Str())
	assert.Equal(t, "/run/runsc/a\uFFFD.state", path.Str())
}

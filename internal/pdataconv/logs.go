package pdataconv

import (
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// LogBatch is log records under construction. It belongs to one goroutine.
type LogBatch struct {
	converter *Converter
	logs      plog.Logs
	records   int
	// last is the resource of the last record, and scope where its records are.
	last  resourceKey
	scope plog.LogRecordSlice
}

// resourceKey is what the resource of an event depends on.
type resourceKey struct {
	identity *sandbox.Identity
	runtime  string
}

// NewLogBatch returns an empty batch of log records.
func (c *Converter) NewLogBatch() *LogBatch { return &LogBatch{converter: c, logs: plog.NewLogs()} }

// Records returns the number of records in the batch.
func (b *LogBatch) Records() int { return b.records }

// Take returns the pdata and leaves the batch empty.
func (b *LogBatch) Take() plog.Logs {
	logs := b.logs
	b.logs, b.records = plog.NewLogs(), 0
	return logs
}

// Append adds the record of an event. Its resource is the one that the metrics of the
// sandbox have.
func (b *LogBatch) Append(e *lifecycle.Event) {
	if key := (resourceKey{e.Identity, e.Runtime}); b.records == 0 || b.last != key {
		b.last = key
		b.scope = b.newResource(e)
	}
	record := b.scope.AppendEmpty()
	record.SetEventName(string(e.Name))
	record.SetTimestamp(pcommon.NewTimestampFromTime(e.Time))
	record.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	severity := severities[e.Severity()]
	record.SetSeverityNumber(severity.number)
	record.SetSeverityText(severity.text)
	record.Body().SetStr(e.Sentence())
	e.Attributes(encoder{record.Attributes()})
	b.records++
}

func (b *LogBatch) newResource(e *lifecycle.Event) plog.LogRecordSlice {
	resource := b.logs.ResourceLogs().AppendEmpty()
	switch {
	case e.Identity != nil:
		b.converter.putResource(resource.Resource(), e.Identity)
	case e.Runtime != "":
		b.converter.putResource(resource.Resource(), &sandbox.Identity{Runtime: e.Runtime})
	}
	if b.converter.settings.Naming == sandbox.OTel {
		resource.SetSchemaUrl(schemaURL)
	}
	scope := resource.ScopeLogs().AppendEmpty()
	scope.Scope().SetName(metadata.ScopeName)
	scope.Scope().SetVersion(b.converter.settings.Version)
	return scope.LogRecords()
}

var severities = [...]struct {
	number plog.SeverityNumber
	text   string
}{
	lifecycle.Info:  {plog.SeverityNumberInfo, "INFO"},
	lifecycle.Warn:  {plog.SeverityNumberWarn, "WARN"},
	lifecycle.Error: {plog.SeverityNumberError, "ERROR"},
}

// encoder puts the attributes of an event into a record.
type encoder struct{ attributes pcommon.Map }

// Text replaces invalid bytes, which names of files can contain: OTLP requires UTF-8, and
// one text that is not would have all records of a request refused.
func (e encoder) Text(key, value string) {
	e.attributes.PutStr(key, strings.ToValidUTF8(value, "\uFFFD"))
}

func (e encoder) Int(key string, value int64)       { e.attributes.PutInt(key, value) }
func (e encoder) Bool(key string, value bool)       { e.attributes.PutBool(key, value) }
func (e encoder) Seconds(key string, value float64) { e.attributes.PutDouble(key, value) }

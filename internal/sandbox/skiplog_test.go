package sandbox

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	logobserver "go.uber.org/zap/zaptest/observer"
)

// newTestSkipLog returns a log that records what it writes from a level on.
func newTestSkipLog(level zapcore.Level) (*SkipLog, *logobserver.ObservedLogs) {
	core, logs := logobserver.New(level)
	return NewSkipLog(zap.New(core)), logs
}

func TestRecordsAboutAPathAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, logs := newTestSkipLog(zap.DebugLevel)
		for range 3 * maxPathRecords {
			l.Log(zap.DebugLevel, "Path is skipped", "a", zap.String("reason", "busy"))
		}
		assert.True(t, l.Log(zap.DebugLevel, "Path is skipped", "b", zap.String("reason", "foreign")))
		entries := logs.TakeAll()
		if !assert.Len(t, entries, maxPathRecords+1) {
			return
		}
		common := map[string]any{"path": "a", "reason": "busy"}
		assert.Equal(t, common, entries[maxPathRecords-2].ContextMap())
		common["suppressed_for"] = skipLogInterval
		assert.Equal(t, common, entries[maxPathRecords-1].ContextMap(), "the last record must say that others may be missing")
		other := map[string]any{
			"path": "b", "reason": "foreign", "suppressed_records": int64(2 * maxPathRecords),
		}
		assert.Equal(t, other, entries[maxPathRecords].ContextMap(), "other paths must not be affected")

		time.Sleep(skipLogInterval - 1)
		assert.False(t, l.Log(zap.DebugLevel, "Path is no longer skipped", "a"))
		assert.Zero(t, logs.Len())
		time.Sleep(time.Nanosecond)
		l.Log(zap.DebugLevel, "Path is skipped", "a", zap.String("reason", "busy"))
		if entries = logs.TakeAll(); assert.Len(t, entries, 1) {
			assert.EqualValues(t, 1, entries[0].ContextMap()["suppressed_records"])
		}
	})
}

func TestRecordsAboutAllPathsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, logs := newTestSkipLog(zap.DebugLevel)
		for n := range 10 * maxSkipRecords {
			l.Log(zap.DebugLevel, "Path is skipped", strconv.Itoa(n))
		}
		assert.Equal(t, maxSkipRecords, logs.Len())
		assert.Len(t, l.records, maxSkipRecords, "the memory must be limited, too")
		last := logs.All()[maxSkipRecords-1].ContextMap()
		assert.Equal(t, skipLogInterval, last["suppressed_for"])
		time.Sleep(skipLogInterval)
		l.Log(zap.DebugLevel, "Path is skipped", "0")
		assert.Equal(t, maxSkipRecords+1, logs.Len())
		assert.Len(t, l.records, 1)
	})
}

func TestDisabledLogHasNoRecords(t *testing.T) {
	l, logs := newTestSkipLog(zap.InfoLevel)
	assert.True(t, l.Log(zap.DebugLevel, "Path is skipped", "a"), "there is nothing to log later")
	assert.Zero(t, logs.Len())
	assert.Empty(t, l.records)
	assert.Zero(t, l.total)
}

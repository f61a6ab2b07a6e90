package sandbox

import (
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	// maxPathRecords is the maximum number of log records per level about one skipped
	// path or sandbox within skipLogInterval, and maxSkipRecords that of a SkipLog in
	// total.
	maxPathRecords  = 4
	maxSkipRecords  = 1000
	skipLogInterval = 5 * time.Minute
)

// SkipLog logs changes of what is skipped, within limits. It has one clock for all
// paths, so that it remembers no path for longer than the interval.
type SkipLog struct {
	logger *zap.Logger

	mu sync.Mutex
	// start is when the current interval began. records holds the number of its
	// records by path and level, and total their sum.
	start   time.Time
	records map[skipLogKey]int
	total   int
	// suppressed is the number of records that the limits have prevented since the
	// last record.
	suppressed int
}

type skipLogKey struct {
	path  string
	level zapcore.Level
}

// NewSkipLog returns a SkipLog that writes to a logger.
func NewSkipLog(logger *zap.Logger) *SkipLog { return &SkipLog{logger: logger} }

// Log logs a change of a path, and returns false if a limit prevents that. The last
// record before a limit takes effect has the time for which no others follow.
func (l *SkipLog) Log(level zapcore.Level, message, path string, fields ...zap.Field) bool {
	entry := l.logger.Check(level, message)
	if entry == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now, key := time.Now(), skipLogKey{path, level}
	if l.records == nil || now.Sub(l.start) >= skipLogInterval {
		l.start, l.records, l.total = now, map[skipLogKey]int{}, 0
	}
	if l.total >= maxSkipRecords || l.records[key] >= maxPathRecords {
		l.suppressed++
		return false
	}
	l.total++
	l.records[key]++
	all := append([]zap.Field{zap.String("path", path)}, fields...)
	if l.suppressed > 0 {
		all = append(all, zap.Int("suppressed_records", l.suppressed))
		l.suppressed = 0
	}
	if l.total == maxSkipRecords || l.records[key] == maxPathRecords {
		all = append(all, zap.Duration("suppressed_for", skipLogInterval-now.Sub(l.start)))
	}
	entry.Write(all...)
	return true
}

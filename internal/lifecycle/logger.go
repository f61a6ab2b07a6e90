package lifecycle

import (
	"time"

	"go.uber.org/zap"
)

// Logger is a sink that writes events to the Collector's own log, with the level debug.
// It leaves out paths, which [sandbox.SkipLog] logs within its own limits.
type Logger struct {
	logger *zap.Logger
}

var _ Sink = (*Logger)(nil)

// NewLogger returns a sink that writes to a logger.
func NewLogger(logger *zap.Logger) *Logger { return &Logger{logger: logger} }

// Record implements [Sink].
func (l *Logger) Record(e *Event) {
	if e.Path != "" {
		return
	}
	entry := l.logger.Check(zap.DebugLevel, e.Sentence())
	if entry == nil {
		return
	}
	fields := fields{zap.String("event.name", string(e.Name))}
	if id := e.Identity; id != nil {
		fields = append(fields, zap.String("sandbox.runtime.name", id.Runtime), zap.String("sandbox.id", id.ID),
			zap.String("sandbox.iteration", id.Iteration))
	}
	e.Attributes(&fields)
	entry.Write(fields...)
}

// fields is an encoder.
type fields []zap.Field

func (f *fields) Text(key, value string)      { *f = append(*f, zap.String(key, value)) }
func (f *fields) Int(key string, value int64) { *f = append(*f, zap.Int64(key, value)) }
func (f *fields) Bool(key string, value bool) { *f = append(*f, zap.Bool(key, value)) }
func (f *fields) Seconds(key string, value float64) {
	*f = append(*f, zap.Duration(key, time.Duration(value*float64(time.Second))))
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver/receivertest"

	"github.com/sandbox-telemetry/sandboxreceiver"
)

// logRecords counts the log records of a phase, by event.
type logRecords struct {
	accepted map[string]int
	refused  int
}

var _ consumer.Logs = (*pipeline)(nil)

// ConsumeLogs handles log records as ConsumeMetrics handles metrics.
func (p *pipeline) ConsumeLogs(ctx context.Context, data plog.Logs) error {
	err := p.handle(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.records.refused += data.LogRecordCount()
		return err
	}
	for _, resource := range data.ResourceLogs().All() {
		for _, scope := range resource.ScopeLogs().All() {
			for _, record := range scope.LogRecords().All() {
				p.records.accepted[record.EventName()]++
			}
		}
	}
	return nil
}

// checkLogs returns an error if no sandbox had the events of its end in this phase,
// although sandboxes are replaced, or if records were refused in a phase in which the
// pipeline accepts them.
func (p *pipeline) checkLogs(phase string, churn float64, stdout io.Writer) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	total := 0
	for _, records := range p.records.accepted {
		total += records
	}
	_, _ = fmt.Fprintf(stdout, "%s: %d log records accepted, %d refused; %d sandboxes exited, %d reports of dropped events\n",
		phase, total, p.records.refused, p.records.accepted["sandbox.exited"], p.records.accepted["sandbox.events_dropped"])
	accepting := p.current == accepts
	if accepting && churn > 0 && p.records.accepted["sandbox.exited"] == 0 {
		return fmt.Errorf("%s: no record of the end of a sandbox was received", phase)
	}
	if !accepting && churn > 0 && p.records.refused == 0 {
		return fmt.Errorf("%s: no log record was refused", phase)
	}
	return nil
}

// startWithLogs starts a receiver that is part of a metrics and a logs pipeline.
func startWithLogs(config *sandboxreceiver.Config, pipe *pipeline) (*running, error) {
	r, err := newReceiver(config, pipe)
	if err != nil {
		return nil, err
	}
	factory := sandboxreceiver.NewFactory()
	logs, err := factory.CreateLogs(context.Background(), receivertest.NewNopSettings(factory.Type()), config, pipe)
	if err != nil {
		return nil, err
	}
	r.Metrics = parts{r.Metrics, logs}
	return r, r.Start(context.Background(), componenttest.NewNopHost())
}

// parts are the parts of one receiver for metrics and for logs.
type parts struct{ metrics, logs component.Component }

// Start implements [component.Component].
func (p parts) Start(ctx context.Context, host component.Host) error {
	return errors.Join(p.metrics.Start(ctx, host), p.logs.Start(ctx, host))
}

// Shutdown implements [component.Component]. The receiver stops with its last part. It
// returns an error if a part takes too long, because each waits for its pipeline.
func (p parts) Shutdown(ctx context.Context) error {
	return errors.Join(stopPart(ctx, p.metrics), stopPart(ctx, p.logs))
}

func stopPart(ctx context.Context, part component.Component) error {
	stopping := time.Now()
	err := part.Shutdown(ctx)
	if stopped := time.Since(stopping); stopped > maxStop {
		err = errors.Join(err, fmt.Errorf("stop of a part of the receiver took %v: the limit is %v", stopped, maxStop))
	}
	return err
}

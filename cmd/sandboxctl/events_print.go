package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/cmd/sandboxctl/internal/output"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/inventory"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/lifecycle"
)

// eventPrinter prints one line per event.
type eventPrinter struct {
	format         output.Format
	stdout, stderr io.Writer
	colored        bool
}

func newEventPrinter(format output.Format, stdout, stderr io.Writer) *eventPrinter {
	return &eventPrinter{format: format, stdout: stdout, stderr: stderr, colored: output.Colored(stdout)}
}

func (p *eventPrinter) print(entry eventEntry) error {
	if entry.event == nil {
		_, err := fmt.Fprintln(p.stderr, "sandboxctl:", output.Escape(entry.message))
		return err
	}
	if p.format == output.JSONFormat {
		return output.JSONLine(p.stdout, newPrintedEvent(entry.event))
	}
	_, err := io.WriteString(p.stdout, p.line(entry.event))
	return err
}

// line returns an event as a line:
//
//	2026-11-21T20:53:14.123Z WARN gvisor web (prod/shop): Sandbox stopped responding
func (p *eventPrinter) line(e *lifecycle.Event) string {
	severity := severities[e.Severity()]
	text, end := "", ""
	if p.colored && severity.color != output.Plain {
		text, end = string(severity.color), output.Reset
	}
	subject := cmp.Or(e.Path, "-")
	if id := e.Identity; id != nil {
		subject = id.ID
		if name := inventory.NameOf(id); name != "" && name != id.ID {
			subject += " (" + name + ")"
		}
	}
	attributes := textAttributes{}
	e.Attributes(&attributes)
	return fmt.Sprintf("%s %s%-5s%s %s %s: %s%s\n", e.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"), text, severity.name, end,
		cmp.Or(e.Runtime, "-"), output.Escape(subject), e.Sentence(), attributes.String())
}

// severities are the names and colors of severities.
var severities = map[lifecycle.Severity]struct {
	name  string
	color output.Color
}{
	lifecycle.Info: {"INFO", output.Plain}, lifecycle.Warn: {"WARN", output.Yellow}, lifecycle.Error: {"ERROR", output.Red},
}

// textAttributes are the attributes of an event as text. It implements
// [lifecycle.Encoder].
type textAttributes struct{ strings.Builder }

func (a *textAttributes) add(key, value string) {
	if key == "file.path" { // the subject of the line
		return
	}
	a.WriteString(" " + strings.TrimPrefix(key, "sandbox.") + "=" + value)
}

// Text implements [lifecycle.Encoder].
func (a *textAttributes) Text(key, value string) {
	if escaped := output.Escape(value); escaped != value || strings.ContainsAny(value, " =\"") {
		value = strconv.Quote(value)
	}
	a.add(key, value)
}

// Int implements [lifecycle.Encoder].
func (a *textAttributes) Int(key string, value int64) { a.add(key, strconv.FormatInt(value, 10)) }

// Bool implements [lifecycle.Encoder].
func (a *textAttributes) Bool(key string, value bool) { a.add(key, strconv.FormatBool(value)) }

// Seconds implements [lifecycle.Encoder].
func (a *textAttributes) Seconds(key string, value float64) {
	a.add(key, time.Duration(value*float64(time.Second)).Round(time.Millisecond).String())
}

// printedEvent is an event in JSON.
type printedEvent struct {
	Time      time.Time        `json:"time"`
	Name      string           `json:"name"`
	Severity  string           `json:"severity"`
	Runtime   string           `json:"runtime,omitempty"`
	ID        string           `json:"id,omitempty"`
	Iteration string           `json:"iteration,omitempty"`
	Pod       *listedPod       `json:"pod,omitempty"`
	Container *listedContainer `json:"container,omitempty"`
	Message   string           `json:"message"`
	// Attributes are those of the event as the receiver sends it.
	Attributes jsonAttributes `json:"attributes,omitempty"`
}

func newPrintedEvent(e *lifecycle.Event) *printedEvent {
	printed := &printedEvent{
		Time: e.Time.UTC(), Name: string(e.Name), Severity: severities[e.Severity()].name, Runtime: e.Runtime,
		Message: e.Sentence(), Attributes: jsonAttributes{},
	}
	if id := e.Identity; id != nil {
		printed.ID, printed.Iteration = id.ID, id.Iteration
		printed.Pod, printed.Container = newListedPod(id), newListedContainer(id)
	}
	e.Attributes(printed.Attributes)
	return printed
}

// jsonAttributes are the attributes of an event in JSON. It implements
// [lifecycle.Encoder].
type jsonAttributes map[string]any

// Text implements [lifecycle.Encoder].
func (a jsonAttributes) Text(key, value string) { a[key] = value }

// Int implements [lifecycle.Encoder].
func (a jsonAttributes) Int(key string, value int64) { a[key] = value }

// Bool implements [lifecycle.Encoder].
func (a jsonAttributes) Bool(key string, value bool) { a[key] = value }

// Seconds implements [lifecycle.Encoder].
func (a jsonAttributes) Seconds(key string, value float64) { a[key] = value }

package statefile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Limits of what is taken from a file.
const (
	// MaxSize is the largest file that is read.
	MaxSize = 4 << 20
	// maxName bounds ids and names of pods and containers.
	maxName = 1 << 10
	// maxPath is PATH_MAX.
	maxPath = 4 << 10
	// maxMetadata is how many entries metricMetadata may have.
	maxMetadata = 64
)

// Errors of [Parse] besides those of package jsonscan.
var (
	// ErrMissing: a field that every state file has is not there.
	ErrMissing = errors.New("field is missing")
	// ErrValue: a field holds what runsc would not write.
	ErrValue = errors.New("field has an impossible value")
	// ErrLimit: a field is larger than allowed.
	ErrLimit = errors.New("field is too large")
)

// FieldError tells which field is wrong, and never what it holds.
type FieldError struct {
	// Field is the path of the field, such as "sandbox.podName".
	Field string
	// Err is one of this package's Err variables.
	Err error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap gives the class.
func (e *FieldError) Unwrap() error { return e.Err }

// Fields of each object, in the order of the cases below.
var (
	stateFields      = jsonscan.NewFields("id", "createdAt", "status", "spec", "sandbox")
	specFields       = jsonscan.NewFields("ociVersion", "process", "annotations")
	processFields    = jsonscan.NewFields("user", "capabilities")
	userFields       = jsonscan.NewFields("uid")
	capabilityFields = jsonscan.NewFields("bounding", "effective", "inheritable", "permitted", "ambient")
	sandboxFields    = jsonscan.NewFields("id", "podName", "namespace", "pid", "registeredMetrics",
		"metricMetadata", "metricServerAddress", "controlSocketPath", "startTime",
		"checkpointed", "restored", "cpuTimeSaved", "wallTimeSaved")
)

// Parse reads the content of a state file. The result shares memory with data
// only in [Sandbox.RegisteredMetrics].
func Parse(data []byte) (*State, error) {
	p := &parser{}
	// One argument or environment variable alone may fill most of a file.
	p.ResetBytes(data, jsonscan.Limits{Bytes: MaxSize, Token: MaxSize})
	state := &State{}
	p.state(state)
	p.End()
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("state file: %w", err)
	}
	return state, nil
}

// parser reads one field after the other; what is wrong stops it.
type parser struct {
	jsonscan.Scanner
}

func (p *parser) state(state *State) {
	p.object(stateFields, func(field int) {
		switch field {
		case 0:
			state.ContainerID = p.id("id")
		case 1:
			state.Created = p.time("createdAt")
		case 2:
			state.Status = Status(p.text("status", maxName))
		case 3:
			p.spec(state)
		case 4:
			p.sandbox(&state.Sandbox)
		}
	})
	for _, required := range []struct {
		field string
		there bool
	}{
		{"id", state.ContainerID != ""},
		{"createdAt", !state.Created.IsZero()},
		{"status", state.Status != ""},
		{"sandbox.id", state.Sandbox.ID != ""},
	} {
		if !required.there {
			p.reject(required.field, ErrMissing)
		}
	}
}

func (p *parser) spec(state *State) {
	p.object(specFields, func(field int) {
		switch field {
		case 0:
			state.OCIVersion = p.text("spec.ociVersion", maxName)
		case 1:
			p.object(processFields, func(field int) {
				switch field {
				case 0:
					p.object(userFields, func(int) { state.RunsAsRoot = p.Uint64() == 0 })
				case 1:
					p.object(capabilityFields, func(int) { p.capabilities(&state.Capabilities) })
				}
			})
		case 2:
			p.annotations(&state.Annotations)
		}
	})
}

func (p *parser) capabilities(set *Capabilities) {
	if p.Null() {
		return
	}
	for p.OpenArray(); p.NextElement(); {
		set.add(p.String())
	}
}

func (p *parser) sandbox(s *Sandbox) {
	p.object(sandboxFields, func(field int) {
		switch field {
		case 0:
			s.ID = p.id("sandbox.id")
		case 1:
			s.PodName = p.text("sandbox.podName", maxName)
		case 2:
			s.PodNamespace = p.text("sandbox.namespace", maxName)
		case 3:
			s.PID = p.pid()
		case 4:
			if !p.Null() {
				s.RegisteredMetrics = p.Raw()
			}
		case 5:
			s.Metadata = p.metadata()
		case 6:
			s.MetricServer = p.text("sandbox.metricServerAddress", maxPath)
		case 7:
			s.Socket = p.text("sandbox.controlSocketPath", maxPath)
		case 8:
			s.Started = p.time("sandbox.startTime")
		case 9:
			s.Checkpointed = p.Bool()
		case 10:
			s.Restored = p.Bool()
		case 11:
			s.CPUTimeSaved = time.Duration(p.Int64())
		case 12:
			s.WallTimeSaved = time.Duration(p.Int64())
		}
	})
}

// metadata reads an object of texts, sorted by key.
func (p *parser) metadata() []sandbox.Attribute {
	const field = "sandbox.metricMetadata"
	if p.Null() {
		return nil
	}
	var metadata []sandbox.Attribute
	p.OpenObject()
	for {
		key, more := p.NextKey()
		if !more {
			break
		}
		if len(metadata) == maxMetadata || len(key) > maxName {
			p.reject(field, ErrLimit)
			return nil
		}
		attribute := sandbox.Attribute{Key: string(key)}
		attribute.Value = p.text(field, maxName)
		metadata = append(metadata, attribute)
	}
	slices.SortFunc(metadata, func(a, b sandbox.Attribute) int { return cmp.Compare(a.Key, b.Key) })
	for i := 1; i < len(metadata); i++ {
		if metadata[i].Key == metadata[i-1].Key {
			p.reject(field, ErrValue)
			return nil
		}
	}
	return metadata
}

// object reads those fields of an object that are known, each with read. A
// field that is null is as good as absent.
func (p *parser) object(fields *jsonscan.Fields, read func(field int)) {
	if p.Null() {
		return
	}
	p.OpenObject()
	var seen jsonscan.Seen
	for {
		field, more := p.NextField(fields, &seen)
		if !more {
			return
		}
		read(field)
	}
}

func (p *parser) text(field string, limit int) string {
	text := p.String()
	if len(text) > limit {
		p.reject(field, ErrLimit)
		return ""
	}
	return string(text)
}

func (p *parser) id(field string) string {
	id := p.text(field, maxName)
	if p.Err() == nil && !ValidID(id) {
		p.reject(field, ErrValue)
	}
	return id
}

func (p *parser) time(field string) time.Time {
	// Go's own error would quote the text.
	t, err := time.Parse(time.RFC3339Nano, string(p.String()))
	if err != nil {
		p.reject(field, ErrValue)
	}
	return t
}

func (p *parser) pid() int {
	// The kernel's own limit on process ids.
	const largest = 1 << 22
	pid := p.Int64()
	if pid > largest {
		p.reject("sandbox.pid", ErrValue)
		return 0
	}
	return int(max(pid, 0))
}

func (p *parser) reject(field string, class error) {
	p.Fail(&FieldError{Field: field, Err: class})
}

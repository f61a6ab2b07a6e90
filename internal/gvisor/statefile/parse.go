package statefile

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Limits on the content of a state file.
const (
	// MaxSize is the maximum size of a state file in bytes.
	MaxSize = 4 << 20
	// maxName is the maximum length of IDs, of the names of pods and containers
	// and of all other strings that are not paths.
	maxName = 1 << 10
	// maxPath is the maximum length of paths. It equals PATH_MAX.
	maxPath = 4 << 10
	// maxMetadata is the maximum number of entries of metricMetadata.
	maxMetadata = 64
	// maxPID is the highest process ID that the kernel assigns (PID_MAX_LIMIT).
	maxPID = 1 << 22
)

// Fields of each object, in the order of the cases of the function that reads it.
var (
	stateFields      = jsonscan.NewFields("id", "createdAt", "status", "spec", "sandbox", "bundleDir", "goferMountConfs")
	specFields       = jsonscan.NewFields("ociVersion", "process", "annotations", "linux", "root")
	processFields    = jsonscan.NewFields("user", "capabilities")
	linuxFields      = jsonscan.NewFields("cgroupsPath", "resources")
	userFields       = jsonscan.NewFields("uid")
	capabilityFields = jsonscan.NewFields("bounding", "effective", "inheritable", "permitted", "ambient")
	sandboxFields    = jsonscan.NewFields("id", "podName", "namespace", "pid", "registeredMetrics",
		"metricMetadata", "metricServerAddress", "controlSocketPath", "startTime",
		"checkpointed", "restored", "cpuTimeSaved", "wallTimeSaved", "cgroup")
)

// Parse parses the content of a state file and keeps the listed annotations of the
// spec. In the returned state, only [Sandbox.RegisteredMetrics] shares memory with
// data.
func Parse(data []byte, annotations ...string) (*State, error) {
	p := &parser{listed: annotations}
	// A single argument or environment variable can account for most of a file.
	p.ResetBytes(data, jsonscan.Limits{Bytes: MaxSize, Token: MaxSize})
	state := &State{}
	p.state(state)
	p.End()
	if err := p.Err(); err != nil {
		return nil, fmt.Errorf("parse state file: %w", err)
	}
	return state, nil
}

// parser reads the fields one after another and stops at the first error.
type parser struct {
	jsonscan.Scanner
	// listed are the keys of the annotations that are kept.
	listed []string
}

func (p *parser) state(state *State) {
	var evidence kubepod.Evidence
	var rootfs rootfs
	p.object(stateFields, func(field int) {
		switch field {
		case 0:
			state.ContainerID = p.id("id")
		case 1:
			state.Created = p.time("createdAt")
		case 2:
			state.Status = Status(p.text("status", maxName))
		case 3:
			p.spec(state, &evidence, &rootfs)
		case 4:
			p.sandbox(&state.Sandbox)
		case 5:
			evidence.BundlePath = p.text("bundleDir", maxPath)
		case 6:
			rootfs.selfBacked = p.isSelfBacked()
		}
	})
	evidence.ContainerID = state.ContainerID
	state.Identity = evidence.Identify()
	state.SpecCgroup = evidence.CgroupPath
	state.Filestore = rootfs.filestore(state.Sandbox.ID)
	for _, required := range []struct {
		field   string
		present bool
	}{
		{"id", state.ContainerID != ""},
		{"createdAt", !state.Created.IsZero()},
		{"status", state.Status != ""},
		{"sandbox.id", state.Sandbox.ID != ""},
	} {
		if !required.present {
			p.reject(required.field, ErrMissing)
		}
	}
}

func (p *parser) spec(state *State, evidence *kubepod.Evidence, rootfs *rootfs) {
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
			p.annotations(state, &evidence.Annotations)
		case 3:
			p.object(linuxFields, func(field int) {
				switch field {
				case 0:
					evidence.CgroupPath = p.text("spec.linux.cgroupsPath", maxPath)
				case 1:
					p.resources(&state.Resources)
				}
			})
		case 4:
			p.lenientObject(rootFields, func(int) { rootfs.path = p.path() })
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
		case 13:
			s.Cgroup = p.cgroup()
		}
	})
}

// metadata reads an object whose values are strings, and sorts it by key.
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

// object calls read for each known field of an object and skips all others. It
// treats null like an object without fields.
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
	// The error of time.Parse is not wrapped because it quotes the value.
	t, err := time.Parse(time.RFC3339Nano, string(p.String()))
	if err != nil {
		p.reject(field, ErrValue)
	}
	return t
}

func (p *parser) pid() int {
	pid := p.Int64()
	if pid > maxPID {
		p.reject("sandbox.pid", ErrValue)
		return 0
	}
	return int(max(pid, 0))
}

func (p *parser) reject(field string, err error) {
	p.Fail(&FieldError{Field: field, Err: err})
}

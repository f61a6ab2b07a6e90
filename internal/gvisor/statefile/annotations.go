package statefile

import (
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	annotationNVProxy  = "dev.gvisor.internal.nvproxy"
	annotationTPUProxy = "dev.gvisor.internal.tpuproxy"
	annotationTrue     = "true"
)

// annotations reads the annotations of the spec. It keeps only the known and the
// listed ones, because the others may contain secrets. Those that can name a pod are
// only evidence, because the author of a pod can add annotations with any key.
func (p *parser) annotations(state *State, evidence *kubepod.Annotations) {
	if p.Null() {
		return
	}
	p.OpenObject()
	for {
		key, more := p.NextKey()
		if !more {
			return
		}
		if i := slices.Index(p.listed, string(key)); i >= 0 {
			p.listedAnnotation(p.listed[i], state, evidence)
			continue
		}
		switch string(key) {
		case annotationNVProxy:
			state.Annotations.NVProxy = p.annotation() == annotationTrue
		case annotationTPUProxy:
			state.Annotations.TPUProxy = p.annotation() == annotationTrue
		default:
			if !evidence.Read(key, &p.Scanner) {
				p.Skip()
			}
		}
	}
}

func (p *parser) annotation() string { return p.text("spec.annotations", maxName) }

// listedAnnotation keeps the value of a listed annotation, which can also be one of
// those that are always read.
func (p *parser) listedAnnotation(key string, state *State, evidence *kubepod.Annotations) {
	if p.Null() {
		return
	}
	value := p.String()
	state.Listed = sandbox.PutAnnotation(state.Listed, key, value)
	switch key {
	case annotationNVProxy:
		state.Annotations.NVProxy = string(value) == annotationTrue
	case annotationTPUProxy:
		state.Annotations.TPUProxy = string(value) == annotationTrue
	default:
		evidence.Put(key, value)
	}
}

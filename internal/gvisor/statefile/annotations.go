package statefile

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

const (
	annotationNVProxy  = "dev.gvisor.internal.nvproxy"
	annotationTPUProxy = "dev.gvisor.internal.tpuproxy"
	annotationTrue     = "true"
)

// annotations reads the annotations of the spec. It keeps only the known ones,
// because the others may contain secrets. Those that can name a pod are only
// evidence, because the author of a pod can add annotations with any key.
func (p *parser) annotations(a *Annotations, evidence *kubepod.Annotations) {
	if p.Null() {
		return
	}
	p.OpenObject()
	for {
		key, more := p.NextKey()
		if !more {
			return
		}
		switch string(key) {
		case annotationNVProxy:
			a.NVProxy = p.annotation() == annotationTrue
		case annotationTPUProxy:
			a.TPUProxy = p.annotation() == annotationTrue
		default:
			if !evidence.Read(key, &p.Scanner) {
				p.Skip()
			}
		}
	}
}

func (p *parser) annotation() string { return p.text("spec.annotations", maxName) }

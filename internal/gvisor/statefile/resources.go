package statefile

import (
	"strconv"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// Resources are the limits in the spec of a container. A field is 0 if there is no
// limit.
type Resources struct {
	// CPUQuota is the CPU time per CPUPeriod, both in microseconds.
	CPUQuota, CPUPeriod int64
	// CPUShares is the relative weight of the CPU controller of cgroup v1.
	CPUShares int64
	// Memory is in bytes.
	Memory int64
	// Processes is the maximum number of processes.
	Processes int64
}

// The fields of each object, in the order of the cases of the function that reads it.
var (
	resourcesFields = jsonscan.NewFields("cpu", "memory", "pids")
	cpuFields       = jsonscan.NewFields("quota", "period", "shares")
	limitFields     = jsonscan.NewFields("limit")
)

// resources reads the resources of the spec:
//
//	{"cpu":{"quota":50000,"period":100000,"shares":512},"memory":{"limit":268435456},"pids":{"limit":100}}
//
// Like everything that describes only limits and files on the host, it is optional: a
// value of another kind counts as missing, so that the sandbox is still collected.
func (p *parser) resources(r *Resources) {
	p.lenientObject(resourcesFields, func(field int) {
		switch field {
		case 0:
			cpu := [...]*int64{&r.CPUQuota, &r.CPUPeriod, &r.CPUShares}
			p.lenientObject(cpuFields, func(field int) { *cpu[field] = p.limit() })
		case 1:
			p.lenientObject(limitFields, func(int) { r.Memory = p.limit() })
		case 2:
			p.lenientObject(limitFields, func(int) { r.Processes = p.limit() })
		}
	})
}

// limit reads a limit. It returns 0 for a value that is not a positive integer; -1
// means that there is no limit.
func (p *parser) limit() int64 {
	value, err := strconv.ParseInt(string(p.Raw()), 10, 64)
	if err != nil {
		return 0
	}
	return max(value, 0)
}

// lenientObject is [parser.object] for a value that may be of another kind.
func (p *parser) lenientObject(fields *jsonscan.Fields, read func(field int)) {
	if p.Peek() != jsonscan.Object {
		p.Skip()
		return
	}
	p.object(fields, read)
}

// path reads a path. It returns an empty string for a value of another kind and for a
// path that is too long.
func (p *parser) path() string {
	if p.Peek() != jsonscan.String {
		p.Skip()
		return ""
	}
	path := p.String()
	if len(path) > maxPath {
		return ""
	}
	return string(path)
}

package statefile

import (
	"path"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
)

// The fields of each object. The object of systemd has the field Name in addition to
// those of version 2.
var (
	cgroupFields   = jsonscan.NewFields("cgroupv1", "cgroupv2", "cgroupsystemd")
	cgroupV1Fields = jsonscan.NewFields("name", "parents")
	cgroupV2Fields = jsonscan.NewFields("path")
)

// maxParents is far above the number of controllers of cgroup v1.
const maxParents = 64

// cgroup reads the path of the cgroup, which runsc writes in one of these forms:
//
//	{"cgroupv1":{"name":"/docker/4d63…","parents":null,"own":{"cpu":true,…}}}
//	{"cgroupv1":{"name":"web","parents":{"cpu":"/user.slice","memory":"/user.slice",…},"own":{…}}}
//	{"cgroupv2":{"mountpoint":"/sys/fs/cgroup","path":"docker/4d63…","controllers":[…],"own":[…]}}
//	{"cgroupsystemd":{"mountpoint":"/sys/fs/cgroup","path":"system.slice/docker-4d63….scope",…,
//	 "Name":"4d63…","Parent":"system.slice","ScopePrefix":"docker"}}
//	{"cgroupunknown":null}
//
// A relative name is in the parent, which can differ for each controller.
func (p *parser) cgroup() (cgroup string) {
	p.lenientObject(cgroupFields, func(field int) {
		if field == 0 {
			cgroup = p.cgroupV1()
			return
		}
		p.lenientObject(cgroupV2Fields, func(int) { cgroup = p.path() })
	})
	return cgroup
}

func (p *parser) cgroupV1() string {
	var name, parent string
	p.lenientObject(cgroupV1Fields, func(field int) {
		switch field {
		case 0:
			name = p.path()
		case 1:
			parent = p.commonParent()
		}
	})
	if path.IsAbs(name) {
		return name
	}
	if joined := path.Join(parent, name); name != "" && parent != "" && len(joined) <= maxPath {
		return joined
	}
	return ""
}

// commonParent reads an object with the same path for each controller. It returns an
// empty string if the paths differ.
func (p *parser) commonParent() (parent string) {
	if p.Peek() != jsonscan.Object {
		p.Skip()
		return ""
	}
	p.OpenObject()
	for n := 0; ; n++ {
		if _, more := p.NextKey(); !more {
			return parent
		}
		switch one := p.path(); {
		case n == 0:
			parent = one
		case n >= maxParents, one != parent:
			parent = ""
		}
	}
}

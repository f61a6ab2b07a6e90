package storage

import (
	"slices"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// The fields of persist.json that are read. NextField returns their indices in
// this order.
var (
	persistFields         = jsonscan.NewFields("SandboxCgroupPath", "HypervisorState", "Config", "OverheadCgroupPath")
	hypervisorStateFields = jsonscan.NewFields("Type", "Pid", "VirtiofsDaemonPid")
	configFields          = jsonscan.NewFields("HypervisorType", "ContainerConfigs")
	containerFields       = jsonscan.NewFields("ID", "Annotations")
)

// parsePersist parses persist.json of the Go runtime:
//
//	{
//	  "SandboxContainer": "8f2c…",
//	  "SandboxCgroupPath": "/kubepods/burstable/pod51cf5a9b-…/8f2c…",
//	  "OverheadCgroupPath": "/kata_overhead/8f2c…",
//	  "HypervisorState": {"Type": "qemu", "Pid": 4242, "VirtiofsDaemonPid": 4250, …},
//	  "Config": {
//	    "HypervisorType": "qemu",
//	    "ContainerConfigs": [
//	      {"ID": "8f2c…", "Annotations": {"io.kubernetes.cri.sandbox-name": "web-0", …}, …},
//	      …
//	    ],
//	    …
//	  },
//	  …
//	}
//
// The container with the ID of the sandbox is the sandbox container, whose
// annotations can name the pod. The runtime truncates and rewrites the file with
// each change, so a concurrent reader can see an incomplete file.
//
// OverheadCgroupPath is empty with the option sandbox_cgroup_only. Without that, it has
// the shim and virtiofsd, and the sandbox cgroup has only the hypervisor or, with cgroups
// of version 1, the threads of the virtual CPUs.
//
// Of the other annotations of that container, only the listed ones are kept.
func parsePersist(data []byte, id string, listed ...string) (State, error) {
	var s jsonscan.Scanner
	s.ResetBytes(data, stateLimits)
	var state State
	sandboxContainer := container{evidence: kubepod.Evidence{ContainerID: id}, listed: listed}
	var configured string
	var seen jsonscan.Seen
	s.OpenObject()
	for {
		field, more := s.NextField(persistFields, &seen)
		if !more {
			break
		}
		switch field {
		case 0:
			state.Cgroup = readText(&s)
		case 1:
			parseHypervisor(&s, hypervisorStateFields, &state)
		case 2:
			configured = parseConfig(&s, &sandboxContainer)
		case 3:
			state.CgroupIsPartial = readText(&s) != ""
		}
	}
	s.End()
	if err := s.Err(); err != nil {
		return State{}, err
	}
	if state.Hypervisor == "" {
		state.Hypervisor = configured
	}
	sandboxContainer.evidence.CgroupPath = state.Cgroup
	state.setPod(&sandboxContainer.evidence)
	state.Annotations = sandboxContainer.annotations
	return state, nil
}

// parseConfig reads the section Config and returns the configured hypervisor. It
// replaces the container by the one with its ID.
func parseConfig(s *jsonscan.Scanner, sandboxContainer *container) (hypervisor string) {
	var seen jsonscan.Seen
	s.OpenObject()
	for {
		field, more := s.NextField(configFields, &seen)
		if !more {
			return hypervisor
		}
		switch field {
		case 0:
			hypervisor = readHypervisor(s)
		case 1:
			if s.Null() {
				continue
			}
			for s.OpenArray(); s.NextElement(); {
				one := container{listed: sandboxContainer.listed}
				if one.parse(s); one.evidence.ContainerID == sandboxContainer.evidence.ContainerID {
					*sandboxContainer = one
				}
			}
		}
	}
}

// bundlePath is the annotation with the path of the bundle. The runtime sets it
// last, so the author of a pod cannot override it.
const bundlePath = "io.katacontainers.pkg.oci.bundle_path"

// container is one element of ContainerConfigs.
type container struct {
	evidence kubepod.Evidence
	// listed are the keys of the annotations that are kept.
	listed      []string
	annotations []sandbox.Attribute
}

func (c *container) parse(s *jsonscan.Scanner) {
	var seen jsonscan.Seen
	s.OpenObject()
	for {
		field, more := s.NextField(containerFields, &seen)
		if !more {
			return
		}
		switch field {
		case 0:
			c.evidence.ContainerID = readText(s)
		case 1:
			if !s.Null() {
				c.parseAnnotations(s)
			}
		}
	}
}

// parseAnnotations reads the annotations that are evidence for the pod, and the listed
// ones. It skips all others, which can contain secrets.
func (c *container) parseAnnotations(s *jsonscan.Scanner) {
	s.OpenObject()
	for {
		key, more := s.NextKey()
		if !more {
			return
		}
		switch i := slices.Index(c.listed, string(key)); {
		case i >= 0:
			c.parseListed(s, c.listed[i])
		case string(key) == bundlePath:
			c.evidence.BundlePath = readText(s)
		case !c.evidence.Annotations.Read(key, s):
			s.Skip()
		}
	}
}

// parseListed reads a listed annotation, which can also be evidence.
func (c *container) parseListed(s *jsonscan.Scanner, key string) {
	if s.Null() {
		return
	}
	value := s.String()
	c.annotations = sandbox.PutAnnotation(c.annotations, key, value)
	if key == bundlePath {
		c.evidence.BundlePath = name(value)
	}
	c.evidence.Annotations.Put(key, value)
}

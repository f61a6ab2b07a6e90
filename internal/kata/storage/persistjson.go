package storage

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

// The fields of persist.json that are read. NextField returns their indices in
// this order.
var (
	persistFields         = jsonscan.NewFields("SandboxCgroupPath", "HypervisorState", "Config")
	hypervisorStateFields = jsonscan.NewFields("Type", "Pid", "VirtiofsDaemonPid")
	configFields          = jsonscan.NewFields("HypervisorType", "ContainerConfigs")
	containerFields       = jsonscan.NewFields("ID", "Annotations")
)

// parsePersist parses persist.json of the Go runtime:
//
//	{
//	  "SandboxContainer": "8f2c…",
//	  "SandboxCgroupPath": "/kubepods/burstable/pod51cf5a9b-…/8f2c…",
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
func parsePersist(data []byte, id string) (State, error) {
	var s jsonscan.Scanner
	s.ResetBytes(data, stateLimits)
	var state State
	evidence := kubepod.Evidence{ContainerID: id}
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
			configured = parseConfig(&s, &evidence)
		}
	}
	s.End()
	if err := s.Err(); err != nil {
		return State{}, err
	}
	if state.Hypervisor == "" {
		state.Hypervisor = configured
	}
	evidence.CgroupPath = state.Cgroup
	state.setPod(&evidence)
	return state, nil
}

// parseConfig reads the section Config and returns the configured hypervisor. It
// adds the annotations of the sandbox container to the evidence.
func parseConfig(s *jsonscan.Scanner, evidence *kubepod.Evidence) (hypervisor string) {
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
				if container := parseContainer(s); container.ContainerID == evidence.ContainerID {
					*evidence = container
				}
			}
		}
	}
}

// bundlePath is the annotation with the path of the bundle. The runtime sets it
// last, so the author of a pod cannot override it.
const bundlePath = "io.katacontainers.pkg.oci.bundle_path"

// parseContainer reads one element of ContainerConfigs.
func parseContainer(s *jsonscan.Scanner) (container kubepod.Evidence) {
	var seen jsonscan.Seen
	s.OpenObject()
	for {
		field, more := s.NextField(containerFields, &seen)
		if !more {
			return container
		}
		switch field {
		case 0:
			container.ContainerID = readText(s)
		case 1:
			if !s.Null() {
				parseAnnotations(s, &container)
			}
		}
	}
}

// parseAnnotations reads the annotations that are evidence for the pod. It skips
// all others, which can contain secrets.
func parseAnnotations(s *jsonscan.Scanner, container *kubepod.Evidence) {
	s.OpenObject()
	for {
		key, more := s.NextKey()
		switch {
		case !more:
			return
		case string(key) == bundlePath:
			container.BundlePath = readText(s)
		case !container.Annotations.Read(key, s):
			s.Skip()
		}
	}
}

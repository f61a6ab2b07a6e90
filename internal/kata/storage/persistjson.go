package storage

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
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
// The container with the id of the sandbox is the sandbox container, whose
// annotations name the pod. The runtime truncates and rewrites the file with
// each change, so a concurrent reader can see an incomplete file.
func parsePersist(data []byte, id string) (State, error) {
	var s jsonscan.Scanner
	s.ResetBytes(data, stateLimits)
	var state State
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
			configured = parseConfig(&s, id, &state)
		}
	}
	s.End()
	if err := s.Err(); err != nil {
		return State{}, err
	}
	if state.Hypervisor == "" {
		state.Hypervisor = configured
	}
	if state.Pod.UID == "" {
		state.Pod.UID = podUID(state.Cgroup)
	}
	return state, nil
}

// parseConfig reads the section Config and returns the configured hypervisor.
func parseConfig(s *jsonscan.Scanner, id string, state *State) (hypervisor string) {
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
				if container, pod := parseContainer(s); container == id {
					state.Pod = pod
				}
			}
		}
	}
}

// parseContainer reads one element of ContainerConfigs.
func parseContainer(s *jsonscan.Scanner) (id string, pod sandbox.Pod) {
	var seen jsonscan.Seen
	s.OpenObject()
	for {
		field, more := s.NextField(containerFields, &seen)
		if !more {
			return id, pod
		}
		switch field {
		case 0:
			id = readText(s)
		case 1:
			if !s.Null() {
				pod = parseAnnotations(s)
			}
		}
	}
}

// parseAnnotations returns the pod that the annotations of containerd or CRI-O
// name. It skips all other annotations, which can contain secrets.
func parseAnnotations(s *jsonscan.Scanner) (pod sandbox.Pod) {
	s.OpenObject()
	for {
		key, more := s.NextKey()
		if !more {
			return pod
		}
		switch string(key) {
		case "io.kubernetes.cri.sandbox-name", "io.kubernetes.cri-o.KubeName":
			pod.Name = readText(s)
		case "io.kubernetes.cri.sandbox-namespace", "io.kubernetes.cri-o.Namespace":
			pod.Namespace = readText(s)
		case "io.kubernetes.cri.sandbox-uid":
			pod.UID = readText(s)
		default:
			s.Skip()
		}
	}
}

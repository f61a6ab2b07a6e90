package storage

import (
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
)

// The fields of state.json that are read. NextField returns their indices in
// this order.
var (
	stateFields      = jsonscan.NewFields("resource", "hypervisor")
	resourceFields   = jsonscan.NewFields("cgroup_state")
	cgroupFields     = jsonscan.NewFields("path", "sandbox_cgroup_only")
	hypervisorFields = jsonscan.NewFields("hypervisor_type", "pid", "virtiofs_daemon_pid")
)

// parseState parses state.json of runtime-rs:
//
//	{
//	  "sandbox_type": "VIRTCONTAINER",
//	  "resource": {
//	    "endpoint": [],
//	    "cgroup_state": {"path": "kubepods-pod51cf5a9b_….slice:cri-containerd:8f2c…", "sandbox_cgroup_only": true, …}
//	  },
//	  "hypervisor": {"hypervisor_type": "dragonball", "pid": null, "virtiofs_daemon_pid": 0, …}
//	}
//
// The decision to contact the shim depends on this file, so nothing is returned
// from an incomplete one, even if it already contains the hypervisor.
func parseState(data []byte) (State, error) {
	var s jsonscan.Scanner
	s.ResetBytes(data, stateLimits)
	var state State
	var seen jsonscan.Seen
	s.OpenObject()
	for {
		field, more := s.NextField(stateFields, &seen)
		if !more {
			break
		}
		switch {
		case s.Null():
		case field == 0:
			parseResource(&s, &state)
		case field == 1:
			parseHypervisor(&s, hypervisorFields, &state)
		}
	}
	s.End()
	if err := s.Err(); err != nil {
		return State{}, err
	}
	state.setPod(&kubepod.Evidence{CgroupPath: state.Cgroup})
	return state, nil
}

// parseResource reads the section resource, which contains the cgroup path.
func parseResource(s *jsonscan.Scanner, state *State) {
	var seen jsonscan.Seen
	s.OpenObject()
	for {
		if _, more := s.NextField(resourceFields, &seen); !more {
			return
		}
		if s.Null() {
			continue
		}
		var seen jsonscan.Seen
		s.OpenObject()
		for {
			field, more := s.NextField(cgroupFields, &seen)
			if !more {
				break
			}
			switch {
			case field == 0:
				state.Cgroup = readText(s)
			case !s.Null():
				state.CgroupIsPartial = !s.Bool()
			}
		}
	}
}

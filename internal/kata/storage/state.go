package storage

import (
	"errors"
	"fmt"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kubepod"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	persistName = "persist.json"
	stateName   = "state.json"
	// maxStateSize is far above the size of a genuine state file: some KiB, plus
	// for each container the annotations of the pod, which Kubernetes limits to
	// 256 KiB.
	maxStateSize = 4 << 20
)

// ErrNoState means that the runtime has not, or not yet, written a state file
// for this instance of the sandbox.
var ErrNoState = errors.New("no state file")

// State is the content of a state file. Fields that the file lacks are empty.
type State struct {
	// Hypervisor is the hypervisor's name in the runtime: qemu, clh, dragonball,
	// firecracker and so on.
	Hypervisor string
	// Cgroup is the path of the sandbox's cgroup, in the notation of either
	// cgroup driver: /kubepods/pod… or kubepods-pod….slice:cri-containerd:….
	Cgroup string
	// CgroupIsPartial means that some processes or threads of the sandbox are in
	// another cgroup. It is false if the file does not state it.
	CgroupIsPartial bool
	// HypervisorPID and Virtiofsd are PIDs in the PID namespace of the host, or 0.
	HypervisorPID, Virtiofsd int
	// Pod comes from the cgroup path and, as far as these prove anything, the
	// annotations of the sandbox container.
	Pod sandbox.Pod
	// PodConflict reports whether the evidence for the pod conflicts, so that Pod
	// is incomplete.
	PodConflict bool
	// Requested are the resources that the kubelet requested for the pod. The state
	// file of runtime-rs contains none.
	Requested kubepod.Resources
	// Annotations are the listed annotations of the sandbox container, sorted by key.
	// The state file of runtime-rs contains none.
	Annotations []sandbox.Attribute
}

// setPod sets the pod that the evidence proves.
func (s *State) setPod(evidence *kubepod.Evidence) {
	identity := evidence.Identify()
	s.Pod, s.PodConflict, s.Requested = identity.Pod, identity.Conflict, identity.Requested
}

// parseError adds the path of the file to an error; it returns nil for nil.
func parseError(path string, err error) error {
	if err != nil {
		return fmt.Errorf("parse %s: %w", path, err)
	}
	return nil
}

// maxTextLength is the maximum length of a string in a state file. Names of pods
// and namespaces have at most 253 characters, cgroup paths some more.
const maxTextLength = 1024

// readText reads a string or null as a name.
func readText(s *jsonscan.Scanner) string {
	if s.Null() {
		return ""
	}
	return name(s.String())
}

// name returns an empty string for text that is too long or contains control
// characters.
func name(text []byte) string {
	if len(text) > maxTextLength {
		return ""
	}
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return ""
		}
	}
	return string(text)
}

// parseHypervisor reads an object with the fields type of the hypervisor, PID of
// the hypervisor and PID of virtiofsd, which must have the indices 0 to 2.
func parseHypervisor(s *jsonscan.Scanner, fields *jsonscan.Fields, state *State) {
	var seen jsonscan.Seen
	s.OpenObject()
	for {
		field, more := s.NextField(fields, &seen)
		if !more {
			return
		}
		switch field {
		case 0:
			state.Hypervisor = readHypervisor(s)
		case 1:
			state.HypervisorPID = readPID(s)
		case 2:
			state.Virtiofsd = readPID(s)
		}
	}
}

// readHypervisor reads the name of a hypervisor. The name becomes an attribute
// value, so "other" replaces a name that is too long or contains a character
// that is not allowed in a sandbox ID.
func readHypervisor(s *jsonscan.Scanner) string {
	name := readText(s)
	// An ID has at least two characters, a name one.
	if len(name) > 32 || name != "" && !ValidID(name+"0") {
		return "other"
	}
	return name
}

// readPID reads a PID. Null, and a number that cannot be a PID, result in 0.
func readPID(s *jsonscan.Scanner) int {
	if s.Null() {
		return 0
	}
	// Linux limits PIDs to 22 bits.
	if pid := s.Int64(); pid > 0 && pid < 1<<22 {
		return int(pid)
	}
	return 0
}

// stateLimits allow a single annotation to fill the whole file.
var stateLimits = jsonscan.Limits{Bytes: maxStateSize, Token: maxStateSize}

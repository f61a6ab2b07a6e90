package storage

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/jsonscan"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

const (
	persistName = "persist.json"
	stateName   = "state.json"
	// stateLimit is far above an honest state file: some KiB, plus the
	// annotations of a pod, of which Kubernetes allows 256 KiB, for each of
	// its containers.
	stateLimit = 4 << 20
)

// ErrNoState means that the runtime has not written a state file for this life
// of the sandbox, or not yet.
var ErrNoState = errors.New("no state file")

// State is what a state file says. Fields that it does not have are empty.
type State struct {
	// Hypervisor is the runtime's own word: qemu, clh, dragonball, firecracker
	// and so on.
	Hypervisor string
	// Cgroup is the path of the control group of the sandbox, in either
	// spelling of the OCI specification.
	Cgroup string
	// VMM and Virtiofsd are pids in the host's PID namespace.
	VMM, Virtiofsd int
	// Pod comes from the annotations of the sandbox container, and the UID
	// also from the control group.
	Pod sandbox.Pod
}

// ReadState reads the state file of a sandbox, and tells which runtime it
// belongs to, as far as that is known without one. The error is [ErrNoState]
// if there is none; a file that is being written gives another error.
func ReadState(d Directory) (catalog.Flavor, State, error) {
	path := filepath.Join(d.Path(), stateName)
	data, id, err := host.ReadRegular(path, stateLimit, nil)
	if err == nil {
		// runtime-rs binds its socket and writes this file later. An older
		// file was left behind by an earlier life, and perhaps by another
		// hypervisor.
		if id.ModTime < d.Life.bound {
			return catalog.Rust, State{}, fmt.Errorf("%w: %s is older than the socket", ErrNoState, path)
		}
		state, err := parseState(data)
		return catalog.Rust, state, inFile(path, err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return catalog.Rust, State{}, err
	}
	base := filepath.Base(d.Place)
	if base == "kata" {
		return catalog.Rust, State{}, ErrNoState
	}
	path = filepath.Join(d.Path(), persistName)
	data, _, err = host.ReadRegular(path, stateLimit, nil)
	if err == nil {
		state, err := parsePersist(data, d.ID)
		return catalog.Go, state, inFile(path, err)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return catalog.Go, State{}, err
	}
	if base == "sbs" {
		return catalog.Go, State{}, ErrNoState
	}
	return catalog.Rust, State{}, ErrNoState
}

func inFile(path string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// textLimit is the longest text that is taken from a state file. Names of pods
// and namespaces have at most 253 characters, control groups some more.
const textLimit = 1024

// readText reads a string or null. Text that is too long to be meant, or has
// control characters, counts as missing.
func readText(s *jsonscan.Scanner) string {
	if s.Null() {
		return ""
	}
	text := s.String()
	if len(text) > textLimit {
		return ""
	}
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return ""
		}
	}
	return string(text)
}

// parseHypervisor reads an object whose first three fields are the type of the
// hypervisor, its pid and that of virtiofsd.
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
			state.VMM = readPID(s)
		case 2:
			state.Virtiofsd = readPID(s)
		}
	}
}

// readHypervisor reads the name of a hypervisor. It becomes a label, so it must
// look like a name.
func readHypervisor(s *jsonscan.Scanner) string {
	name := readText(s)
	if len(name) > 32 || len(name) > 1 && !ValidID(name) {
		return "other"
	}
	return name
}

// readPID reads a pid, null or 0 if unknown.
func readPID(s *jsonscan.Scanner) int {
	if s.Null() {
		return 0
	}
	// Beyond 22 bits there are no pids on Linux.
	if pid := s.Int64(); pid > 0 && pid < 1<<22 {
		return int(pid)
	}
	return 0
}

// stateLimits allow for one annotation that fills the file.
var stateLimits = jsonscan.Limits{Bytes: stateLimit, Token: stateLimit}

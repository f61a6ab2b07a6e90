package kata

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// agentURL is the address of the agent in the guest.
const agentURL = "vsock://3:1024"

// writeFiles writes the files that the runtime keeps next to the socket.
func (p *Pod) writeFiles() error {
	if !p.options.Rust {
		return p.writePersist()
	}
	if p.options.Booting {
		return nil
	}
	return p.writeRustState()
}

// writePersist writes the files in which the Go runtime keeps its state, one for
// the pod and one for each container:
//
//	{
//	  "HypervisorState": {"Pid": 4242, "Type": "qemu"},
//	  "Config": {"HypervisorType": "qemu", "ContainerConfigs": [{"ID": "…", "Annotations": {…}}]},
//	  …
//	}
func (p *Pod) writePersist() error {
	id := p.options.ID
	application := id[:min(12, len(id))] + "-app"
	kernelParameters := []map[string]string{{"Key": "agent.token", "Value": simulate.DecoySecret}}
	const rootfs = "/run/kata-containers/shared/sandboxes"
	failed := writeJSON(filepath.Join(p.directory, "persist.json"), 0o600, map[string]any{
		"Version":           2,
		"SandboxContainer":  id,
		"State":             "running",
		"SandboxCgroupPath": p.cgroupPath(),
		"HypervisorState":   map[string]any{"Pid": os.Getpid(), "Type": p.options.Hypervisor, "VirtiofsDaemonPid": os.Getpid()},
		"AgentState":        map[string]any{"URL": agentURL},
		"Config": map[string]any{
			"HypervisorType":   p.options.Hypervisor,
			"HypervisorConfig": map[string]any{"KernelParams": kernelParameters},
			"ContainerConfigs": []map[string]any{
				{"ID": id, "Annotations": p.annotations(""), "RootFs": filepath.Join(rootfs, id)},
				{"ID": application, "Annotations": p.annotations("app"), "RootFs": filepath.Join(rootfs, application)},
			},
		},
	})
	for _, container := range []string{id, application} {
		directory := filepath.Join(p.directory, container)
		failed = errors.Join(failed,
			os.MkdirAll(directory, 0o700),
			writeJSON(filepath.Join(directory, "persist.json"), 0o600, map[string]any{"State": "running"}))
	}
	return failed
}

// annotations returns the OCI annotations of a container of the pod.
func (p *Pod) annotations(containerName string) map[string]string {
	annotations := p.pod.Annotations(p.options.ID, containerName)
	annotations["io.katacontainers.pkg.oci.bundle_path"] = p.pod.BundlePath(p.options.ID)
	annotations["example.invalid/token"] = simulate.DecoySecret
	return annotations
}

// writeRustState writes the file that runtime-rs writes when the pod has
// started:
//
//	{
//	  "sandbox_type": "virt_container",
//	  "resource": {"cgroup_state": {"path": "…"}},
//	  "hypervisor": {"hypervisor_type": "dragonball", "config": {…}}
//	}
func (p *Pod) writeRustState() error {
	return writeJSON(filepath.Join(p.directory, "state.json"), 0o640, map[string]any{
		"sandbox_type": "virt_container",
		"resource": map[string]any{
			"cgroup_state": map[string]any{"path": p.cgroupPath(), "overhead_path": "", "sandbox_cgroup_only": true},
			"endpoint":     []any{},
		},
		"hypervisor": map[string]any{
			"hypervisor_type": p.options.Hypervisor,
			"id":              p.options.ID,
			"config":          map[string]any{"boot_info": map[string]any{"kernel_params": "agent.token=" + simulate.DecoySecret}},
		},
	})
}

func (p *Pod) cgroupPath() string {
	return p.pod.CgroupPath(p.options.ID)
}

func writeJSON(path string, mode os.FileMode, value any) error {
	data, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(path, data, mode)
}

// moveAhead sets the times of the socket and of the state file an hour ahead, in the
// order in which the runtime created them.
func (p *Pod) moveAhead() error {
	ahead := time.Now().Add(time.Hour)
	first, second := "persist.json", filepath.Base(p.SocketPath())
	if p.options.Rust {
		first, second = second, "state.json"
	}
	return errors.Join(
		os.Chtimes(filepath.Join(p.directory, first), ahead, ahead),
		os.Chtimes(filepath.Join(p.directory, second), ahead.Add(time.Millisecond), ahead.Add(time.Millisecond)))
}

package simulate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// writeFiles writes what a shim leaves next to its socket.
func (k *Kata) writeFiles() error {
	if !k.options.Rust {
		return k.writePersist()
	}
	if k.options.Booting {
		return nil
	}
	return k.writeRustState()
}

// writePersist writes the file that the Go runtime keeps a pod's state in, once
// for the pod and once for each container:
//
//	{"HypervisorState":{"Pid":4242,"Type":"qemu"},"Config":{"HypervisorType":"qemu","ContainerConfigs":[{"ID":"…","Annotations":{…}}]}, …}
func (k *Kata) writePersist() error {
	id := k.options.ID
	application := id[:min(12, len(id))] + "-app"
	containers := []map[string]any{
		{"ID": id, "Annotations": k.annotations(""), "RootFs": filepath.Join("/run/kata-containers/shared/sandboxes", id)},
		{"ID": application, "Annotations": k.annotations("app"), "RootFs": filepath.Join("/run/kata-containers/shared/sandboxes", application)},
	}
	pod := mustMarshal(map[string]any{
		"Version":           2,
		"SandboxContainer":  id,
		"State":             "running",
		"SandboxCgroupPath": k.cgroupPath(),
		"HypervisorState":   map[string]any{"Pid": os.Getpid(), "Type": k.options.Hypervisor, "VirtiofsDaemonPid": os.Getpid()},
		"AgentState":        map[string]any{"URL": agentURL},
		"Config": map[string]any{
			"HypervisorType":   k.options.Hypervisor,
			"HypervisorConfig": map[string]any{"KernelParams": []map[string]string{{"Key": "agent.token", "Value": DecoySecret}}},
			"ContainerConfigs": containers,
		},
	})
	failed := os.WriteFile(filepath.Join(k.directory, "persist.json"), pod, 0o600)
	for _, container := range []string{id, application} {
		directory := filepath.Join(k.directory, container)
		failed = errors.Join(failed,
			os.MkdirAll(directory, 0o700),
			os.WriteFile(filepath.Join(directory, "persist.json"), mustMarshal(map[string]any{"State": "running"}), 0o600))
	}
	return failed
}

// annotations are the OCI annotations of a container of the pod.
func (k *Kata) annotations(containerName string) map[string]string {
	texts := annotations(k.options.Pod, k.pod, k.options.ID, containerName)
	if texts == nil {
		texts = make(map[string]string)
	}
	texts["io.katacontainers.pkg.oci.bundle_path"] = filepath.Join("/run/containerd/io.containerd.runtime.v2.task/k8s.io", k.options.ID)
	texts["example.invalid/token"] = DecoySecret
	return texts
}

// writeRustState writes the file that runtime-rs writes once the pod has
// started:
//
//	{"sandbox_type":"virt_container","resource":{"cgroup_state":{"path":"…"}},"hypervisor":{"hypervisor_type":"dragonball","config":{…}}}
func (k *Kata) writeRustState() error {
	state := mustMarshal(map[string]any{
		"sandbox_type": "virt_container",
		"resource": map[string]any{
			"cgroup_state": map[string]any{"path": k.cgroupPath(), "overhead_path": "", "sandbox_cgroup_only": true},
			"endpoint":     []any{},
		},
		"hypervisor": map[string]any{
			"hypervisor_type": k.options.Hypervisor,
			"id":              k.options.ID,
			"config":          map[string]any{"boot_info": map[string]any{"kernel_params": "agent.token=" + DecoySecret}},
		},
	})
	return os.WriteFile(filepath.Join(k.directory, "state.json"), state, 0o640)
}

func (k *Kata) cgroupPath() string {
	return fmt.Sprintf("/kubepods/burstable/pod%s/%s", k.pod.uid, k.options.ID)
}

const agentURL = "vsock://3:1024"

package simulate

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// DecoySecret is in the environment of every simulated workload. It must never
// turn up in anything that the receiver emits or logs.
const DecoySecret = "decoy-2f61c0d4-do-not-export"

// PodStyle is which container engine made the pod around a gVisor sandbox.
type PodStyle string

const (
	// NoPod sandboxes were started by hand or by Docker.
	NoPod PodStyle = ""
	// Containerd names pods in annotations like io.kubernetes.cri.sandbox-name.
	Containerd PodStyle = "containerd"
	// CRIO names pods in annotations like io.kubernetes.cri-o.KubeName.
	CRIO PodStyle = "cri-o"
)

// podNames are what annotations tell about a pod.
type podNames struct {
	name, namespace, uid string
}

// The structures below are the parts of a state file that runsc writes, as far
// as anybody reads them, plus some of what everybody must skip:
//
//	{"id":"web","spec":{…},"createdAt":"…","status":"running","sandbox":{"id":"web","pid":4242, …}, …}

type stateFile struct {
	ID        string       `json:"id"`
	Spec      stateSpec    `json:"spec"`
	BundleDir string       `json:"bundleDir"`
	CreatedAt time.Time    `json:"createdAt"`
	Owner     string       `json:"owner"`
	Status    string       `json:"status"`
	GoferPID  int          `json:"goferPid"`
	Sandbox   stateSandbox `json:"sandbox"`
	Saver     stateSaver   `json:"saver"`
}

type stateSpec struct {
	OCIVersion  string            `json:"ociVersion"`
	Process     stateProcess      `json:"process"`
	Root        statePath         `json:"root"`
	Hostname    string            `json:"hostname"`
	Mounts      []stateMount      `json:"mounts"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Linux       stateLinux        `json:"linux"`
}

type stateProcess struct {
	User         stateUser           `json:"user"`
	Args         []string            `json:"args"`
	Env          []string            `json:"env"`
	CWD          string              `json:"cwd"`
	Capabilities map[string][]string `json:"capabilities"`
}

type stateUser struct {
	UID uint32 `json:"uid"`
	GID uint32 `json:"gid"`
}

type statePath struct {
	Path string `json:"path"`
}

type stateMount struct {
	Destination string   `json:"destination"`
	Type        string   `json:"type"`
	Source      string   `json:"source"`
	Options     []string `json:"options,omitempty"`
}

type stateLinux struct {
	CgroupsPath string         `json:"cgroupsPath"`
	Resources   stateResources `json:"resources"`
}

type stateResources struct {
	Memory struct {
		Limit int64 `json:"limit"`
	} `json:"memory"`
	CPU struct {
		Quota  int64  `json:"quota"`
		Period uint64 `json:"period"`
	} `json:"cpu"`
}

type stateSandbox struct {
	ID        string `json:"id"`
	PodName   string `json:"podName"`
	Namespace string `json:"namespace"`
	PID       int    `json:"pid"`
	UID       int    `json:"uid"`
	GID       int    `json:"gid"`
	// RegisteredMetrics holds [registrationMark] or nothing.
	RegisteredMetrics   *string           `json:"registeredMetrics"`
	MetricMetadata      map[string]string `json:"metricMetadata"`
	MetricServerAddress string            `json:"metricServerAddress"`
	ControlSocketPath   string            `json:"controlSocketPath"`
	StartTime           time.Time         `json:"startTime"`
	Checkpointed        bool              `json:"checkpointed"`
	Restored            bool              `json:"restored"`
	CPUTimeSaved        time.Duration     `json:"cpuTimeSaved"`
	WallTimeSaved       time.Duration     `json:"wallTimeSaved"`
}

type stateSaver struct {
	RootDir string      `json:"rootDir"`
	ID      stateFullID `json:"id"`
}

type stateFullID struct {
	SandboxID   string `json:"sandboxId"`
	ContainerID string `json:"containerId"`
}

// registrationMark stands for the registration until a state file is written:
// encoding its 50 KB anew for each of thousands of files would take seconds.
const registrationMark = "@registration@"

// render makes the bytes of the file.
func (s *stateFile) render() []byte {
	data := mustMarshal(s)
	before, after, found := bytes.Cut(data, []byte(`"`+registrationMark+`"`))
	if !found {
		return data
	}
	registration := theGVisorBuild().registration
	whole := make([]byte, 0, len(data)+len(registration))
	return append(append(append(whole, before...), registration...), after...)
}

// stateName is the file name of a container's state without its ending.
func stateName(containerID, sandboxID string) string {
	return containerID + "_sandbox:" + sandboxID
}

// writeState writes a state file the way runsc does: in place, so that a reader
// without the lock may see half of it, and under an exclusive lock.
func writeState(root, name string, data []byte) error {
	lock, err := lockExclusively(filepath.Join(root, name+".lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	return os.WriteFile(filepath.Join(root, name+".state"), data, 0o640)
}

// removeState removes a state file and its lock.
func removeState(root, name string) error {
	lock, err := lockExclusively(filepath.Join(root, name+".lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	return errors.Join(removeIfThere(filepath.Join(root, name+".state")), removeIfThere(filepath.Join(root, name+".lock")))
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// annotations are those of a pod's container; containerName is empty for the
// pod's own root container.
func annotations(style PodStyle, pod podNames, sandboxID, containerName string) map[string]string {
	kind := "sandbox"
	if containerName != "" {
		kind = "container"
	}
	var texts map[string]string
	switch style {
	case Containerd:
		texts = map[string]string{
			"io.kubernetes.cri.container-type":    kind,
			"io.kubernetes.cri.sandbox-id":        sandboxID,
			"io.kubernetes.cri.sandbox-name":      pod.name,
			"io.kubernetes.cri.sandbox-namespace": pod.namespace,
			"io.kubernetes.cri.sandbox-uid":       pod.uid,
		}
		if containerName != "" {
			texts["io.kubernetes.cri.container-name"] = containerName
			texts["io.kubernetes.cri.image-name"] = "registry.invalid/" + containerName + ":1"
		}
	case CRIO:
		texts = map[string]string{
			"io.kubernetes.cri-o.ContainerType": kind,
			"io.kubernetes.cri-o.SandboxID":     sandboxID,
			"io.kubernetes.cri-o.KubeName":      pod.name,
			"io.kubernetes.cri-o.Namespace":     pod.namespace,
			"io.kubernetes.cri-o.Labels":        string(mustMarshal(map[string]string{"io.kubernetes.pod.uid": pod.uid})),
		}
		if containerName != "" {
			texts["io.kubernetes.cri-o.ContainerName"] = containerName
			texts["io.kubernetes.container.name"] = containerName
		}
	}
	return texts
}

// newStateSpec makes the OCI spec of a container.
func newStateSpec(bundle string, texts map[string]string) stateSpec {
	capabilities := []string{"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"}
	spec := stateSpec{
		OCIVersion: "1.1.0",
		Process: stateProcess{
			Args: []string{"/bin/sh", "-c", "while true; do sleep 1; done"},
			Env: []string{
				"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				"DATABASE_PASSWORD=" + DecoySecret,
			},
			CWD: "/",
			Capabilities: map[string][]string{
				"bounding": capabilities, "effective": capabilities, "inheritable": capabilities, "permitted": capabilities,
			},
		},
		Root:     statePath{filepath.Join(bundle, "rootfs")},
		Hostname: "runsc",
		Mounts: []stateMount{
			{Destination: "/proc", Type: "proc", Source: filepath.Join(bundle, "proc")},
			{Destination: "/dev", Type: "tmpfs", Source: filepath.Join(bundle, "tmpfs")},
			{Destination: "/sys", Type: "sysfs", Source: filepath.Join(bundle, "sysfs"), Options: []string{"nosuid", "noexec", "nodev", "ro"}},
		},
		Annotations: texts,
	}
	spec.Linux.CgroupsPath = "/simulated/" + strings.TrimPrefix(filepath.Base(bundle), "/")
	spec.Linux.Resources.Memory.Limit = 512 << 20
	spec.Linux.Resources.CPU.Quota = 50_000
	spec.Linux.Resources.CPU.Period = 100_000
	return spec
}

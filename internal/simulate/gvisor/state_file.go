package gvisor

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// The structures below are the parts of a state file that receivers read, and
// some of the parts that they must skip:
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
	// RegisteredMetrics is null or [registrationPlaceholder].
	RegisteredMetrics   *string           `json:"registeredMetrics"`
	MetricMetadata      map[string]string `json:"metricMetadata"`
	MetricServerAddress string            `json:"metricServerAddress"`
	ControlSocketPath   string            `json:"controlSocketPath"`
	StartTime           time.Time         `json:"startTime"`
	Checkpointed        bool              `json:"checkpointed"`
	Restored            bool              `json:"restored"`
	CPUTimeSaved        time.Duration     `json:"cpuTimeSaved"`
	WallTimeSaved       time.Duration     `json:"wallTimeSaved"`
	Cgroup              *stateCgroup      `json:"cgroup,omitempty"`
}

type stateCgroup struct {
	V2 stateCgroupV2 `json:"cgroupv2"`
}

type stateCgroupV2 struct {
	Mountpoint string `json:"mountpoint"`
	Path       string `json:"path"`
}

type stateSaver struct {
	RootDir string      `json:"rootDir"`
	ID      stateFullID `json:"id"`
}

type stateFullID struct {
	SandboxID   string `json:"sandboxId"`
	ContainerID string `json:"containerId"`
}

// registrationPlaceholder stands for the registration until a state file is
// written: encoding its 50 KB again for each of thousands of files would take
// seconds.
const registrationPlaceholder = "@registration@"

// render returns the contents of the file.
func (s *stateFile) render() []byte {
	data := mustMarshal(s)
	before, after, found := bytes.Cut(data, []byte(`"`+registrationPlaceholder+`"`))
	if !found {
		return data
	}
	registration := theBuild().registration
	whole := make([]byte, 0, len(data)+len(registration))
	return append(append(append(whole, before...), registration...), after...)
}

// stateName returns the name of a container's state file without its extension.
func stateName(containerID, sandboxID string) string {
	return containerID + "_sandbox:" + sandboxID
}

// writeState writes a state file as runsc does: under an exclusive lock and in
// place, so a reader without the lock may see half of it.
func writeState(root, name string, data []byte) error {
	lock, err := lockExclusively(filepath.Join(root, name+".lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	return os.WriteFile(filepath.Join(root, name+".state"), data, 0o640)
}

// removeState removes a state file and its lock file.
func removeState(root, name string) error {
	lock, err := lockExclusively(filepath.Join(root, name+".lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	return errors.Join(removeIfPresent(filepath.Join(root, name+".state")), removeIfPresent(filepath.Join(root, name+".lock")))
}

// lockExclusively opens a file, creating it if necessary, and takes its advisory
// lock. Closing the file releases the lock.
func lockExclusively(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := flock(file); err != nil {
		_ = file.Close()
		return nil, &fs.PathError{Op: "lock", Path: path, Err: err}
	}
	return file, nil
}

func removeIfPresent(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

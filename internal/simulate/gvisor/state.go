package gvisor

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
)

// newState returns the state of the root container.
func (s *Sandbox) newState(created time.Time, restored bool) stateFile {
	id := s.options.ID
	bundle := s.bundle(id)
	annotations := s.pod.Annotations(id, "")
	state := stateFile{
		ID: id, Spec: newStateSpec(bundle, s.pod.CgroupPath(id), annotations), BundleDir: bundle,
		CreatedAt: created.UTC(), Status: "running", GoferPID: os.Getpid(),
		Sandbox: stateSandbox{
			// runsc copies the annotations that containerd sets.
			ID: id, PodName: annotations["io.kubernetes.cri.sandbox-name"],
			Namespace: annotations["io.kubernetes.cri.sandbox-namespace"], PID: os.Getpid(),
			MetricMetadata: map[string]string{
				"coretags": "false", "cpuarch": "amd64", "experiment": "", "fsmode": "directfs", "go": "go1.26.8",
				"network": "sandbox", "numcores": "2", "overlay": "root:self", "platform": "systrap", "version": "simulated",
			},
			MetricServerAddress: s.root.MetricServer,
			ControlSocketPath:   s.SocketPath(),
			StartTime:           created.Add(-5 * time.Millisecond).UTC(),
		},
		Saver: stateSaver{RootDir: s.root.Directory, ID: stateFullID{SandboxID: id, ContainerID: id}},
	}
	if s.options.Unregistered {
		state.Sandbox.MetricServerAddress = ""
	} else {
		placeholder := registrationPlaceholder
		state.Sandbox.RegisteredMetrics = &placeholder
	}
	if mountpoint := s.root.Cgroups.Root; mountpoint != "" {
		state.Sandbox.Cgroup = &stateCgroup{stateCgroupV2{Mountpoint: mountpoint, Path: s.cgroup()}}
	}
	switch s.options.Mode {
	case WrongPeer:
		state.Sandbox.PID = anotherProcess()
	case HiddenProcess:
		state.Sandbox.PID = hiddenProcess
	case CreatedAhead:
		state.CreatedAt = state.CreatedAt.Add(time.Hour)
		state.Sandbox.StartTime = state.Sandbox.StartTime.Add(time.Hour)
	}
	if restored {
		state.Sandbox.Restored = true
		state.Sandbox.CPUTimeSaved = 90 * time.Second
		state.Sandbox.WallTimeSaved = 10 * time.Minute
	}
	return state
}

// bundle returns the directory of the bundle of a container.
func (s *Sandbox) bundle(containerID string) string {
	return cmp.Or(s.pod.BundlePath(containerID), filepath.Join(s.root.Directory, "bundles", containerID))
}

// anotherProcess returns the ID of a live process other than this one.
func anotherProcess() int {
	if parent := os.Getppid(); parent > 0 {
		return parent
	}
	return 1
}

// hiddenProcess is the largest process ID. It practically never exists.
const hiddenProcess = 1<<22 - 1

// newStateSpec returns the OCI spec of a container.
func newStateSpec(bundle, cgroup string, annotations map[string]string) stateSpec {
	capabilities := []string{"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"}
	spec := stateSpec{
		OCIVersion: "1.1.0",
		Process: stateProcess{
			Args: []string{"/bin/sh", "-c", "while true; do sleep 1; done"},
			Env: []string{
				"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
				"DATABASE_PASSWORD=" + simulate.DecoySecret,
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
			{
				Destination: "/sys", Type: "sysfs", Source: filepath.Join(bundle, "sysfs"),
				Options: []string{"nosuid", "noexec", "nodev", "ro"},
			},
		},
		Annotations: annotations,
	}
	spec.Linux.CgroupsPath = cgroup
	spec.Linux.Resources.Memory.Limit = 512 << 20
	spec.Linux.Resources.CPU.Quota = 50_000
	spec.Linux.Resources.CPU.Period = 100_000
	return spec
}

// stateNames returns the names of the state files: that of the root container
// and one for each further container.
func (s *Sandbox) stateNames() []string {
	names := []string{stateName(s.options.ID, s.options.ID)}
	for i := range s.options.Containers {
		names = append(names, stateName(s.containerID(i), s.options.ID))
	}
	return names
}

func (s *Sandbox) containerID(i int) string { return fmt.Sprintf("%s-c%d", s.options.ID, i) }

// writeStates writes all state files, and truncates or locks them in the modes
// that do so.
func (s *Sandbox) writeStates() error {
	for i, name := range s.stateNames() {
		state := s.instance.state
		if i > 0 {
			state.ID = s.containerID(i - 1)
			state.CreatedAt = state.CreatedAt.Add(time.Duration(i) * 150 * time.Millisecond)
			state.BundleDir = s.bundle(state.ID)
			annotations := s.pod.Annotations(s.options.ID, fmt.Sprintf("app%d", i-1))
			state.Spec = newStateSpec(state.BundleDir, s.pod.CgroupPath(state.ID), annotations)
			state.Saver.ID.ContainerID = state.ID
		}
		data := state.render()
		if s.options.Mode == HalfWritten {
			data = data[:len(data)/2]
		}
		if err := writeState(s.root.Directory, name, data); err != nil {
			return err
		}
	}
	if s.options.Mode != Locked {
		return nil
	}
	var err error
	s.lock, err = lockExclusively(filepath.Join(s.root.Directory, stateName(s.options.ID, s.options.ID)+".lock"))
	return err
}

// rewrite changes the state file of the root container.
func (s *Sandbox) rewrite(change func(*stateFile)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance == nil {
		return errRemoved
	}
	if s.lock != nil {
		return fmt.Errorf("change the state file of sandbox %s: the file is locked", s.options.ID)
	}
	change(&s.instance.state)
	return writeState(s.root.Directory, stateName(s.options.ID, s.options.ID), s.instance.state.render())
}

//go:build linux

// Package runsc starts real gVisor sandboxes.
package runsc

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/image"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Runtime runs runsc with a runtime root.
type Runtime struct {
	// Root is the runtime root.
	Root string

	t       *testing.T
	through []string
	program string
	bundles string
	rootfs  string
}

// New creates an empty runtime root. At the end of the test all sandboxes in it
// are deleted.
func New(t *testing.T) *Runtime {
	t.Helper()
	return newRuntime(t, process.Built(t, "tools/runsc"))
}

func newRuntime(t *testing.T, program string) *Runtime {
	t.Helper()
	root := filepath.Join(process.ShortTempDir(t), "root")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	return newIn(t, root, program)
}

// NewIn is like [New], with an existing directory.
func NewIn(t *testing.T, root string) *Runtime {
	t.Helper()
	return newIn(t, root, process.Built(t, "tools/runsc"))
}

func newIn(t *testing.T, root, program string) *Runtime {
	t.Helper()
	directory := process.ShortTempDir(t)
	r := &Runtime{Root: root, t: t, program: program}
	r.bundles = filepath.Join(directory, "bundles")
	r.rootfs = image.Directory(t, filepath.Join(directory, "rootfs"))
	t.Cleanup(func() {
		for _, id := range r.containers("*") {
			if _, err := r.try("delete", "--force", id); err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

// Open returns a Runtime for an existing runtime root, which it does not clean up.
func Open(t *testing.T, root string) *Runtime {
	t.Helper()
	return &Runtime{Root: root, t: t, program: process.Built(t, "tools/runsc")}
}

// Sandbox returns a sandbox of the runtime root by its ID.
func (r *Runtime) Sandbox(id string) *Sandbox { return &Sandbox{ID: id, runtime: r} }

// containers returns the IDs of the containers in the sandboxes whose IDs match a
// pattern. The first container of a sandbox comes last, because the others cannot
// be deleted without it.
func (r *Runtime) containers(sandboxes string) []string {
	files, err := filepath.Glob(filepath.Join(r.Root, "*_sandbox:"+sandboxes+".state"))
	if err != nil {
		r.t.Error(err)
	}
	var first, others []string
	for _, file := range files {
		container, sandbox, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".state"), "_sandbox:")
		if container == sandbox {
			first = append(first, container)
		} else {
			others = append(others, container)
		}
	}
	return append(others, first...)
}

// Through makes the runtime start runsc with a command that precedes it, for example
// one that enters namespaces.
func (r *Runtime) Through(command ...string) { r.through = command }

func (r *Runtime) try(args ...string) (string, error) {
	command := append(slices.Clone(r.through), r.program, "--root="+r.Root)
	command = append(command, args...)
	return process.Try(command[0], command[1:]...)
}

func (r *Runtime) run(args ...string) string {
	r.t.Helper()
	output, err := r.try(args...)
	if err != nil {
		r.t.Fatal(err)
	}
	return output
}

// Container describes a container to start.
type Container struct {
	// ID is the ID of the container, and that of the sandbox if the container is
	// the first one in it.
	ID string
	// Script is a script for the shell of the container.
	Script string
	// MetricServer is the flag --metric-server. If it is empty, the runtime
	// registers no metrics.
	MetricServer string
	// Network is the path of a network namespace, or HostNetwork. If it is empty,
	// the container has no network.
	Network string
	// Annotations determine whether the container joins an existing sandbox.
	Annotations map[string]string
	// Capabilities are those of the container's process, for example CAP_KILL.
	Capabilities []string
	// Mounts are directories of the host, mounted read-only at the same path.
	Mounts []string
	// Cgroup is the path of a cgroup to create for the sandbox. If it is empty, the
	// sandbox has none.
	Cgroup string
	// Resources are the limits of the cgroup, as in the container's specification.
	Resources map[string]any
	// Accounting is a cgroup that runsc starts in, and of which the files of the
	// sandbox say nothing. It may be nil.
	Accounting *Accounting
	// Flags are additional flags of runsc.
	Flags []string
	// Checkpoint is the directory of a checkpoint from which the sandbox is restored.
	Checkpoint string
}

// HostNetwork is the network of the host, without gVisor's network stack.
const HostNetwork = "host"

// Idle is a script that sleeps longer than any test runs.
const Idle = "exec sleep 3600"

// object is a JSON object.
type object = map[string]any

// Start starts a container, and a sandbox unless it joins an existing one.
func (r *Runtime) Start(c Container) *Sandbox {
	r.t.Helper()
	bundle := r.bundle(c)
	command := []string{"run"}
	if c.Checkpoint != "" {
		command = []string{"restore", "--image-path", c.Checkpoint}
	}
	r.runIn(c.Accounting, slices.Concat(c.flags(), command, []string{"--detach", "--bundle", bundle, c.ID})...)
	return r.Sandbox(c.ID)
}

// Sandbox is a running container.
type Sandbox struct {
	ID      string
	runtime *Runtime
}

// State holds fields of the state file of a sandbox.
type State struct {
	Status  string    `json:"status"`
	Created time.Time `json:"createdAt"`
	Sandbox struct {
		PID            int               `json:"pid"`
		Started        time.Time         `json:"startTime"`
		MetricMetadata map[string]string `json:"metricMetadata"`
	} `json:"sandbox"`
}

// State reads the state file.
func (s *Sandbox) State() State {
	s.runtime.t.Helper()
	files, err := filepath.Glob(filepath.Join(s.runtime.Root, s.ID+"_sandbox:*.state"))
	if err != nil || len(files) != 1 {
		s.runtime.t.Fatalf("state files of %s: %v %v", s.ID, files, err)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		s.runtime.t.Fatal(err)
	}
	var state State
	if err := json.Unmarshal(data, &state); err != nil {
		s.runtime.t.Fatal(err)
	}
	return state
}

// Export returns the output of runsc export-metrics.
func (s *Sandbox) Export() page.Page {
	s.runtime.t.Helper()
	// After the page, runsc prints a line about it: Wrote …
	text, _, _ := strings.Cut(s.runtime.run("export-metrics", s.ID), "\nWrote ")
	exported, err := page.Parse(strings.NewReader(text + "\n"))
	if err != nil {
		s.runtime.t.Fatal(err)
	}
	return exported
}

// ExportSettled calls [Sandbox.Export] until two consecutive pages are equal.
func (s *Sandbox) ExportSettled() page.Page {
	s.runtime.t.Helper()
	last := s.Export()
	process.Eventually(s.runtime.t, settleTimeout, func() error {
		before := last
		last = s.Export()
		return page.Equal(before, last)
	})
	return last
}

// Exec starts a script in the container, and does not wait for its end.
func (s *Sandbox) Exec(script string) {
	s.runtime.t.Helper()
	s.runtime.run("exec", "--detach", s.ID, "/bin/sh", "-c", script)
}

// Events returns what runsc events prints about a container.
func (s *Sandbox) Events() Events {
	s.runtime.t.Helper()
	var printed struct {
		Data Events `json:"data"`
	}
	if err := json.Unmarshal([]byte(s.runtime.run("events", "--stats", s.ID)), &printed); err != nil {
		s.runtime.t.Fatal(err)
	}
	return printed.Data
}

// Events is the usage of a container as runsc prints it.
type Events struct {
	CPU struct {
		Usage struct {
			// Total is in nanoseconds.
			Total uint64 `json:"total"`
		} `json:"usage"`
	} `json:"cpu"`
	Memory struct {
		Usage struct {
			Usage uint64 `json:"usage"`
		} `json:"usage"`
	} `json:"memory"`
	PIDs struct {
		Current uint64 `json:"current"`
	} `json:"pids"`
}

// Delete kills the sandbox and removes its files.
func (s *Sandbox) Delete() {
	s.runtime.t.Helper()
	for _, id := range s.runtime.containers(s.ID) {
		if _, err := s.runtime.try("delete", "--force", id); err != nil {
			s.runtime.t.Error(err)
		}
	}
}

// endTimeout is shorter than the 15 seconds for which a sandbox whose workload has
// ended waits for connections to its control socket to be closed.
const endTimeout = 8 * time.Second

// End kills the processes of the container and keeps the state file. The test
// fails if the sandbox does not stop.
func (s *Sandbox) End() {
	s.runtime.t.Helper()
	s.runtime.run("kill", "--all", s.ID, "KILL")
	process.Eventually(s.runtime.t, endTimeout, func() error {
		var known struct {
			Status string `json:"status"`
		}
		if err := json.Unmarshal([]byte(s.runtime.run("state", s.ID)), &known); err != nil {
			return err
		}
		if known.Status != "stopped" {
			return fmt.Errorf("%s is %s", s.ID, known.Status)
		}
		return nil
	})
}

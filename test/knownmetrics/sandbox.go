//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/gvisor/knownmetrics"
)

// stateFile is the part of a state file that holds the registration.
type stateFile struct {
	Sandbox struct {
		RegisteredMetrics struct {
			Metrics []struct {
				Name           string `json:"name"`
				PrometheusName string `json:"prometheus_name"`
				Description    string `json:"description"`
				Cumulative     bool   `json:"cumulative"`
				Type           int    `json:"type"`
				Units          int    `json:"units"`
				Fields         []struct {
					Name string `json:"field_name"`
				} `json:"fields"`
			} `json:"metrics"`
		} `json:"registeredMetrics"`
	} `json:"sandbox"`
}

// registered starts a sandbox and returns the metrics that it registers.
func registered(program string) (metrics []knownmetrics.Metric, err error) {
	// The paths of sockets must be short.
	directory, err := os.MkdirTemp("/tmp", "known")
	if err != nil {
		return nil, err
	}
	root := filepath.Join(directory, "root")
	defer func() {
		// runsc mounts its empty network namespace here and leaves it.
		_ = syscall.Unmount(filepath.Join(root, "null-netns"), syscall.MNT_DETACH)
		err = errors.Join(err, os.RemoveAll(directory))
	}()
	bundle, err := newBundle(directory)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, run(nil, program, "--root="+root, "delete", "--force", "known")) }()
	err = run(nil, program, "--root="+root, "--platform=systrap", "--network=none", "--ignore-cgroups",
		"--metric-server="+directory+"/m.sock", "run", "--detach", "--bundle", bundle, "known")
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(root, "known_sandbox:known.state"))
	if err != nil {
		return nil, err
	}
	return parse(data)
}

// parse returns the metrics in a state file.
func parse(data []byte) ([]knownmetrics.Metric, error) {
	var state stateFile
	if err := json.Unmarshal(data, &state); err != nil {
		return nil, err
	}
	var metrics []knownmetrics.Metric
	for _, r := range state.Sandbox.RegisteredMetrics.Metrics {
		m := knownmetrics.Metric{
			Path: r.Name, Name: r.PrometheusName, Help: r.Description, Type: knownmetrics.Gauge, Nanoseconds: r.Units == 1,
		}
		switch {
		case r.Type == 1:
			m.Type = knownmetrics.Histogram
		case r.Cumulative:
			m.Type = knownmetrics.Counter
		}
		for _, field := range r.Fields {
			m.Fields = append(m.Fields, field.Name)
		}
		if strings.ContainsAny(m.Help, "\t\n") {
			return nil, fmt.Errorf("metric %s: the help text contains a tab or a line break: %q", m.Path, m.Help)
		}
		metrics = append(metrics, m)
	}
	if len(metrics) == 0 {
		return nil, errors.New("the state file contains no registration")
	}
	return metrics, nil
}

// newBundle creates a bundle whose process is this program, sleeping.
func newBundle(directory string) (string, error) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return "", err
	}
	type object = map[string]any
	spec, err := json.Marshal(object{
		"ociVersion": "1.0.2",
		"root":       object{"path": "rootfs", "readonly": true},
		"process":    object{"user": object{"uid": 0, "gid": 0}, "args": []string{"/program", sleepArgument}, "cwd": "/"},
		"linux":      object{"namespaces": []object{{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}}},
	})
	if err != nil {
		return "", err
	}
	bundle := filepath.Join(directory, "bundle")
	return bundle, errors.Join(
		os.MkdirAll(filepath.Join(bundle, "rootfs"), 0o755),
		os.WriteFile(filepath.Join(bundle, "config.json"), spec, 0o600),
		os.WriteFile(filepath.Join(bundle, "rootfs/program"), self, 0o755),
	)
}

// run runs a program. Its output goes to a file: a detached sandbox inherits it,
// and a pipe would stay open.
func run(environment []string, name string, args ...string) error {
	output, err := os.CreateTemp("", "known")
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(output.Close(), os.Remove(output.Name())) }()
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), environment...)
	command.Stdout, command.Stderr = output, output
	if err := command.Run(); err != nil {
		text, _ := os.ReadFile(output.Name())
		return fmt.Errorf("run %s: %w: %s", command, err, text)
	}
	return nil
}

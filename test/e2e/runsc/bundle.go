//go:build linux

package runsc

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// bundle writes the bundle of a container and returns its directory.
func (r *Runtime) bundle(c Container) string {
	r.t.Helper()
	bundle := filepath.Join(r.bundles, c.ID)
	if c.Annotations != nil {
		// The path shows that containerd has set the annotations.
		bundle = filepath.Join(r.bundles, "io.containerd.runtime.v2.task", "k8s.io", c.ID)
	}
	if err := os.MkdirAll(bundle, 0o755); err != nil {
		r.t.Fatal(err)
	}
	spec, err := json.Marshal(r.spec(c))
	if err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bundle, "config.json"), spec, 0o644); err != nil {
		r.t.Fatal(err)
	}
	return bundle
}

// flags returns the flags of runsc for a container.
func (c *Container) flags() []string {
	args := []string{"--platform=systrap", fmt.Sprintf("--ignore-cgroups=%t", c.Cgroup == "")}
	switch c.Network {
	case "":
		args = append(args, "--network=none")
	case HostNetwork:
		args = append(args, "--network=host")
	default:
		args = append(args, "--network=sandbox")
	}
	if c.MetricServer != "" {
		args = append(args, "--metric-server="+c.MetricServer)
	}
	return append(args, c.Flags...)
}

func (r *Runtime) spec(c Container) object {
	capabilities := object{}
	for _, set := range []string{"bounding", "effective", "permitted"} {
		capabilities[set] = c.Capabilities
	}
	mounts := []object{
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
	}
	for _, path := range c.Mounts {
		mounts = append(mounts, object{"destination": path, "type": "bind", "source": path, "options": []string{"rbind", "ro"}})
	}
	namespaces := []object{{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}}
	if c.Network != "" && c.Network != HostNetwork {
		namespaces = append(namespaces, object{"type": "network", "path": c.Network})
	}
	linux := object{"namespaces": namespaces, "cgroupsPath": c.Cgroup}
	if c.Resources != nil {
		linux["resources"] = c.Resources
	}
	return object{
		"ociVersion":  "1.0.2",
		"hostname":    c.ID,
		"root":        object{"path": r.rootfs, "readonly": true},
		"annotations": c.Annotations,
		"mounts":      mounts,
		"process": object{
			"user":         object{"uid": 0, "gid": 0},
			"args":         []string{"/bin/sh", "-c", c.Script},
			"env":          []string{"PATH=/bin", "SECRET=not-for-telemetry"},
			"cwd":          "/",
			"capabilities": capabilities,
		},
		"linux": linux,
	}
}

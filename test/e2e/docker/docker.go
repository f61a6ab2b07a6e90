//go:build linux

// Package docker runs a separate Docker daemon that starts containers with gVisor.
package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/image"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// startTimeout limits how long the daemon may take to respond.
const startTimeout = 60 * time.Second

// Daemon is a Docker daemon that is isolated from any other on the host.
type Daemon struct {
	// Roots is the pattern of the runtime roots of its containers. With the
	// default configuration of Docker it is /run/docker/runtime-runc/*.
	Roots string

	t      *testing.T
	socket string
	client *http.Client
}

// Start starts a daemon with the runtime runsc and the given flags, and loads the
// image of package image.
func Start(t *testing.T, runscFlags ...string) *Daemon {
	t.Helper()
	return start(t, "none", runscFlags)
}

// StartWithNetwork is like [Start], with a network for containers.
func StartWithNetwork(t *testing.T, runscFlags ...string) *Daemon {
	t.Helper()
	return start(t, newBridge(t), runscFlags)
}

func start(t *testing.T, bridge string, runscFlags []string) *Daemon {
	t.Helper()
	process.RemoveNew(t, "/run/docker", "/run/docker/plugins", "/run/containerd", "/run/containerd/s")
	directory := process.ShortTempDir(t)
	socket := filepath.Join(directory, "docker.sock")
	// Docker writes the path into a script without quotes, so it must not contain
	// spaces.
	runtime := filepath.Join(directory, "runsc")
	if err := os.Symlink(process.Built(t, "tools/runsc"), runtime); err != nil {
		t.Fatal(err)
	}
	config, err := json.Marshal(map[string]any{
		"runtimes":       map[string]any{"runsc": map[string]any{"path": runtime, "runtimeArgs": runscFlags}},
		"data-root":      filepath.Join(directory, "data"),
		"exec-root":      filepath.Join(directory, "exec"),
		"pidfile":        filepath.Join(directory, "docker.pid"),
		"hosts":          []string{"unix://" + socket},
		"bridge":         bridge,
		"iptables":       false,
		"ip-forward":     false,
		"storage-driver": "vfs",
		"exec-opts":      []string{"native.cgroupdriver=cgroupfs"},
	})
	if err != nil {
		t.Fatal(err)
	}
	configFile := filepath.Join(directory, "daemon.json")
	if err := os.WriteFile(configFile, config, 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := process.Start(t, []string{process.Installed(t, "dockerd"), "--config-file", configFile})
	d := &Daemon{
		Roots:  filepath.Join(directory, "exec", "runtime-runc", "*"),
		t:      t,
		socket: socket,
		client: &http.Client{
			Timeout: time.Minute,
			Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", socket)
			}},
		},
	}
	t.Cleanup(d.client.CloseIdleConnections)
	process.Eventually(t, startTimeout, func() error {
		daemon.SkipUnlessRunning(t)
		return d.call(http.MethodGet, "/_ping", "", nil, nil)
	})
	archive, err := os.Open(image.Archive(t))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if err := d.call(http.MethodPost, "/images/load", "application/x-tar", archive, nil); err != nil {
		t.Fatal(err)
	}
	return d
}

// Run starts a container without a network and returns its ID. The container is
// removed at the end of the test.
func (d *Daemon) Run(name string) string {
	d.t.Helper()
	return d.RunLimited(name, 0)
}

// RunLimited is like [Daemon.Run], with a limit of the memory in bytes and a command.
func (d *Daemon) RunLimited(name string, memory int64, command ...string) string {
	d.t.Helper()
	request, err := json.Marshal(map[string]any{
		"Image":      image.Name,
		"Cmd":        command,
		"HostConfig": map[string]any{"Runtime": "runsc", "NetworkMode": "none", "Memory": memory, "MemorySwap": memory},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	var created struct{ ID string }
	if err := d.call(http.MethodPost, "/containers/create?name="+name, "application/json", bytes.NewReader(request), &created); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		if err := d.call(http.MethodDelete, "/containers/"+created.ID+"?force=1", "", nil, nil); err != nil {
			d.t.Error(err)
		}
	})
	if err := d.call(http.MethodPost, "/containers/"+created.ID+"/start", "", nil, nil); err != nil {
		d.t.Fatal(err)
	}
	return created.ID
}

// Kill kills the workload of a container, as docker kill does.
func (d *Daemon) Kill(id string) {
	d.t.Helper()
	if err := d.call(http.MethodPost, "/containers/"+id+"/kill", "", nil, nil); err != nil {
		d.t.Fatal(err)
	}
}

// call calls the daemon's API and decodes the response into result unless it is
// nil.
func (d *Daemon) call(method, path, contentType string, body io.Reader, result any) error {
	request, err := http.NewRequestWithContext(context.Background(), method, "http://docker"+path, body)
	if err != nil {
		return err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("docker: %s %s: %s: %s", method, path, response.Status, text)
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(text, result)
}

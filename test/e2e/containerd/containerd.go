//go:build linux

// Package containerd runs a separate containerd and calls it like a kubelet, so
// that tests have pods without Kubernetes.
package containerd

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/image"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

const (
	startTimeout = 60 * time.Second
	callTimeout  = 60 * time.Second
)

// Roots is the runtime root of the pods of every containerd: the runc shim uses
// the same one for all daemons.
const Roots = "/run/containerd/runc/k8s.io"

// Daemon is a containerd that runs pods with gVisor.
type Daemon struct {
	// Socket is the socket of its CRI.
	Socket string

	t     *testing.T
	state string
	cri   cri.RuntimeServiceClient
}

// configuration is a template for the root and state directories, the address,
// the sandbox image and the path of the runtime.
const configuration = `version = 2
root = %q
state = %q
[grpc]
address = %q
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = %q
restrict_oom_score_adj = true
disable_tcp_service = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
default_runtime_name = "runsc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runsc.options]
BinaryName = %q
`

// wrapper is a template for the path of runsc and its flags, which the shim
// cannot pass. The shim waits until the output of "start" is closed, but processes
// that runsc leaves running for a container of a pod would keep it open.
const wrapper = `#!/bin/sh
runtime='%s'
flags='%s'
case " $* " in
*" start "*) exec "$runtime" $flags "$@" >/dev/null 2>&1 ;;
esac
exec "$runtime" $flags "$@"
`

// Start starts a containerd whose runtime is runsc with the given flags.
func Start(t *testing.T, runscFlags ...string) *Daemon {
	t.Helper()
	// Paths that containerd creates outside its configured directories.
	process.RemoveNew(t, "/run/containerd", "/run/containerd/s", "/run/containerd/runc", Roots, filepath.Join(Roots, "null-netns"))
	directory := process.ShortTempDir(t)
	runtime := filepath.Join(directory, "runsc")
	script := fmt.Sprintf(wrapper, process.Built(t, "tools/runsc"), strings.Join(runscFlags, " "))
	if err := os.WriteFile(runtime, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	d := &Daemon{Socket: filepath.Join(directory, "containerd.sock"), t: t, state: filepath.Join(directory, "state")}
	config := fmt.Sprintf(configuration, filepath.Join(directory, "root"), d.state, d.Socket, image.Name, runtime)
	configFile := filepath.Join(directory, "config.toml")
	if err := os.WriteFile(configFile, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	// Shims keep running after their containerd and are not its children.
	t.Cleanup(func() {
		if err := process.KillWithArgument(d.Socket); err != nil {
			t.Error(err)
		}
	})
	daemon := process.Start(t, []string{process.Installed(t, "containerd"), "--config", configFile})
	connection, err := grpc.NewClient("unix://"+d.Socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	d.cri = cri.NewRuntimeServiceClient(connection)
	process.Eventually(t, startTimeout, func() error {
		daemon.SkipUnlessRunning(t)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := d.cri.Version(ctx, &cri.VersionRequest{})
		return err
	})
	process.Run(t, process.Installed(t, "ctr"), "--address", d.Socket, "--namespace", "k8s.io", "images", "import", image.Archive(t))
	return d
}

// Pod is a pod to start.
type Pod struct {
	Namespace, Name, UID string
	// Containers are the names of its containers, without the sandbox container.
	Containers []string
}

// Run starts a pod and returns the ID of its sandbox. The pod is removed at the
// end of the test.
func (d *Daemon) Run(pod Pod) string {
	d.t.Helper()
	config := &cri.PodSandboxConfig{
		Metadata: &cri.PodSandboxMetadata{Namespace: pod.Namespace, Name: pod.Name, Uid: pod.UID},
		// Only pods in the host's network need no network plugin.
		Linux: &cri.LinuxPodSandboxConfig{SecurityContext: &cri.LinuxSandboxSecurityContext{
			NamespaceOptions: &cri.NamespaceOption{Network: cri.NamespaceMode_NODE},
		}},
	}
	sandbox, err := call(d.cri.RunPodSandbox, &cri.RunPodSandboxRequest{Config: config})
	if err != nil {
		d.t.Fatal(err)
	}
	id := sandbox.GetPodSandboxId()
	d.t.Cleanup(func() { d.remove(id) })
	for _, name := range pod.Containers {
		container, err := call(d.cri.CreateContainer, &cri.CreateContainerRequest{
			PodSandboxId:  id,
			SandboxConfig: config,
			Config: &cri.ContainerConfig{
				Metadata: &cri.ContainerMetadata{Name: name},
				Image:    &cri.ImageSpec{Image: image.Name},
			},
		})
		if err != nil {
			d.t.Fatal(err)
		}
		if _, err := call(d.cri.StartContainer, &cri.StartContainerRequest{ContainerId: container.GetContainerId()}); err != nil {
			d.t.Fatal(err)
		}
	}
	return id
}

// remove deletes a pod without containerd, which would wait until each container
// exits: the shim does not notice that a container in a pod's sandbox exited.
func (d *Daemon) remove(sandbox string) {
	runsc.Open(d.t, Roots).Sandbox(sandbox).Delete()
	// The shim's directory contains its address: unix:///run/containerd/s/4bf…
	address, err := os.ReadFile(filepath.Join(d.state, "io.containerd.runtime.v2.task", "k8s.io", sandbox, "address"))
	if err != nil {
		d.t.Error(err)
		return
	}
	if err := os.Remove(strings.TrimPrefix(string(address), "unix://")); err != nil {
		d.t.Error(err)
	}
}

func call[Request, Response any](
	method func(context.Context, Request, ...grpc.CallOption) (Response, error), request Request,
) (Response, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callTimeout)
	defer cancel()
	return method(ctx, request)
}

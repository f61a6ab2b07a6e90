//go:build linux

package docker

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/image"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Build builds an image from a directory with a Dockerfile.
func (d *Daemon) Build(name, directory string) {
	d.t.Helper()
	archive, err := os.Open(image.Tar(d.t, directory))
	if err != nil {
		d.t.Fatal(err)
	}
	defer archive.Close()
	query := url.Values{"t": {name}, "networkmode": {"none"}}
	if err := d.call(http.MethodPost, "/build?"+query.Encode(), "application/x-tar", archive, nil); err != nil {
		d.t.Fatal(err)
	}
}

// Environment returns the variables with which the docker command uses the daemon.
func (d *Daemon) Environment() []string {
	return []string{"DOCKER_HOST=unix://" + d.socket, "DOCKER_EXEC_ROOT=" + filepath.Join(filepath.Dir(d.socket), "exec")}
}

// PrometheusImage builds an image that contains the installed Prometheus.
func (d *Daemon) PrometheusImage(name string) {
	d.t.Helper()
	context := d.t.TempDir()
	program := process.Installed(d.t, "prometheus")
	process.Run(d.t, "/bin/sh", "-ec", copyWithLibraries, "sh", program, filepath.Join(context, "root"))
	dockerfile := "FROM scratch\nCOPY root/ /\nENTRYPOINT [\"" + program + "\"]\n"
	if err := os.WriteFile(filepath.Join(context, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		d.t.Fatal(err)
	}
	d.Build(name, context)
}

// copyWithLibraries copies a program and its libraries to a directory.
const copyWithLibraries = `
for file in "$1" $(ldd "$1" | grep -o '/[^ ]*'); do
	mkdir -p "$2$(dirname "$file")"
	cp -L "$file" "$2$file"
done
mkdir -p "$2/tmp" "$2/data"`

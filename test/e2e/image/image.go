//go:build linux

// Package image builds a container image that contains busybox.
package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// Name is the name of the image. It does not exist in any registry.
const Name = "docker.io/e2e.invalid/busybox:1"

// applets are the programs of the image.
var applets = []string{"cat", "echo", "httpd", "sh", "sleep", "wget"}

// Directory writes the files of the image to a directory and returns it.
func Directory(t *testing.T, directory string) string {
	t.Helper()
	for _, sub := range []string{"bin", "dev", "etc", "proc", "run", "sys", "tmp"} {
		if err := os.MkdirAll(filepath.Join(directory, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	busybox, err := os.ReadFile(process.Installed(t, "busybox"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "bin", "busybox"), busybox, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, applet := range applets {
		if err := os.Symlink("busybox", filepath.Join(directory, "bin", applet)); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

// Archive writes the image in the format of docker save, which Docker and
// containerd can load, and returns the path of the archive.
func Archive(t *testing.T) string {
	t.Helper()
	layout := t.TempDir()
	layer := filepath.Join(layout, "layer.tar")
	writeTar(t, layer, Directory(t, filepath.Join(t.TempDir(), "rootfs")))
	digest := sha256.New()
	file, err := os.Open(layer)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := io.Copy(digest, file); err != nil {
		t.Fatal(err)
	}
	writeJSON(t, filepath.Join(layout, "config.json"), map[string]any{
		"architecture": runtime.GOARCH,
		"os":           "linux",
		"config":       map[string]any{"Cmd": []string{"/bin/sleep", "3600"}, "Env": []string{"PATH=/bin"}},
		"rootfs":       map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(digest.Sum(nil))}},
	})
	writeJSON(t, filepath.Join(layout, "manifest.json"), []map[string]any{{
		"Config":   "config.json",
		"RepoTags": []string{Name},
		"Layers":   []string{"layer.tar"},
	}})
	return Tar(t, layout)
}

// Tar writes the content of a directory to an archive and returns its path.
func Tar(t *testing.T, directory string) string {
	t.Helper()
	archive := filepath.Join(t.TempDir(), "image.tar")
	writeTar(t, archive, directory)
	return archive
}

func writeJSON(t *testing.T, path string, value any) {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

func writeTar(t *testing.T, path, directory string) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	writer := tar.NewWriter(file)
	if err := writer.AddFS(os.DirFS(directory)); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
}

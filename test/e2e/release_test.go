//go:build linux

package e2e

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
)

// buildRelease builds the archives for this machine and returns their directory.
func buildRelease(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	process.Run(t, "env", "VERSION="+projectVersion(t), "COMMIT=0123456", "SOURCE_DATE_EPOCH=1700000000",
		"../../scripts/release", directory, runtime.GOARCH)
	return directory
}

// unpack returns the files of an archive by their name in its only directory, and checks
// their owner and time.
func unpack(t *testing.T, archive string) map[string]*tar.Header {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decompressed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*tar.Header{}
	reader := tar.NewReader(decompressed)
	directory := strings.TrimSuffix(filepath.Base(archive), ".tar.gz")
	for {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		name, found := strings.CutPrefix(header.Name, directory+"/")
		if !found || header.Uid != 0 || header.Gid != 0 || header.ModTime.Unix() != 1700000000 {
			t.Errorf("%s: unexpected name, owner or time: %+v", header.Name, header)
		}
		if header.Typeflag == tar.TypeReg {
			files[name] = header
		}
	}
}

// Archives contain what the documents promise, and the same source results in the same
// archives.
func TestRelease(t *testing.T) {
	first := buildRelease(t)
	suffix := "_" + strings.TrimPrefix(projectVersion(t), "v") + "_linux_" + runtime.GOARCH
	for name, wanted := range map[string][]string{
		"otelcol-sandbox": {
			"otelcol-sandbox", "LICENSE", "README.md", "CHANGELOG.md", "examples/otlp.yaml",
			"deploy/systemd/otelcol-sandbox.service", "deploy/kubernetes/daemonset.yaml",
		},
		"sandboxctl": {"sandboxctl", "LICENSE", "man/sandboxctl.1", "man/sandboxctl-simulate.1"},
	} {
		files := unpack(t, filepath.Join(first, name+suffix+".tar.gz"))
		for _, file := range wanted {
			if files[file] == nil {
				t.Errorf("%s lacks %s", name, file)
			}
		}
		if header := files[name]; header != nil && header.Mode != 0o755 {
			t.Errorf("%s has mode %o, want that of a program", name, header.Mode)
		}
		checkBill(t, filepath.Join(first, name+suffix+".cdx.json"))
	}
	process.Run(t, "/bin/sh", "-ec", `cd "$1" && sha256sum --check --strict checksums.txt`, "sh", first)
	second := buildRelease(t)
	if a, b := readText(t, first, "checksums.txt"), readText(t, second, "checksums.txt"); a != b || strings.Count(a, "\n") != 4 {
		t.Errorf("checksums differ, or are not those of four files:\n%s\n%s", a, b)
	}
}

func readText(t *testing.T, elements ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(elements...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkBill checks that a software bill of materials contains the receiver, in the version
// of the project, and other modules.
func checkBill(t *testing.T, file string) {
	t.Helper()
	var bill struct {
		Components []struct{ Name, Version string } `json:"components"`
	}
	if err := json.Unmarshal([]byte(readText(t, file)), &bill); err != nil {
		t.Fatal(err)
	}
	receiver := slices.IndexFunc(bill.Components, func(c struct{ Name, Version string }) bool {
		return c.Name == "github.com/sandbox-telemetry/sandboxreceiver"
	})
	if receiver < 0 || bill.Components[receiver].Version != projectVersion(t) || len(bill.Components) < 20 {
		t.Errorf("%s does not contain the receiver, or is incomplete: %v", file, bill.Components)
	}
}

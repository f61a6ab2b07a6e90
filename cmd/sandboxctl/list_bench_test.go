package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
)

// BenchmarkList lists 1,000 simulated sandboxes of both runtimes:
//
//	go -C cmd/sandboxctl test . -run '^$' -bench List
func BenchmarkList(b *testing.B) {
	directory, err := os.MkdirTemp("", "b") //nolint:usetesting // the path of b.TempDir is too long for a socket address
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(directory) }()
	cgroups := filepath.Join(directory, "cgroup")
	f, err := fleet.New(directory, fleet.Options{GVisor: 500, Kata: 300, KataRust: 200, CgroupRoot: cgroups})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	args := []string{
		"list", "--gvisor-roots", f.RuntimeRoot(), "--kata-storage-paths", strings.Join(f.StoragePaths(), ","),
		"--usage-cgroup-root", cgroups,
	}
	for b.Loop() {
		var stdout, stderr bytes.Buffer
		if status := run(b.Context(), args, &stdout, &stderr); status != exitOK || bytes.Count(stdout.Bytes(), []byte("\n")) != 1001 {
			b.Fatalf("exit code %d, %d bytes, %s", status, stdout.Len(), stderr.String())
		}
	}
}

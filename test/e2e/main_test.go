//go:build linux

// Package e2e tests the Collector that make collector builds with real runtimes.
// It requires root and the programs that test/e2e/install installs; make e2e
// installs and builds everything it needs.
package e2e

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "the end-to-end tests start real sandboxes: run make e2e as root")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

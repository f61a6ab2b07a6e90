//go:build linux

// Package e2e runs the Collector that make builds against real runtimes. It
// needs root, and what test/e2e/install installs; make e2e does both.
package e2e

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Geteuid() != 0 {
		fmt.Fprintln(os.Stderr, "the end-to-end tests start real sandboxes, which takes root: run make e2e as root")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

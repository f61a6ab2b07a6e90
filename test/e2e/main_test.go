//go:build linux

// Package e2e tests the Collector against real runtimes. It requires root, the
// programs that test/e2e/install installs, and those that make builds. make e2e
// provides all programs and runs the tests.
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

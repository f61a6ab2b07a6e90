package main

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test binary also run as a child, like the program itself, and
// as a fake of runsc metric-server or of a Collector.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == childArgument {
		if os.Args[2] == "metric-server" {
			serveFakePage(os.Args[3:])
		}
		if os.Args[2] == "collector" {
			os.Exit(runFakeCollector(os.Args[3:]))
		}
		os.Exit(childMain(os.Args[2]))
	}
	os.Exit(m.Run())
}

const fakePage = "# HELP a A.\n# TYPE a gauge\na 1\na{b=\"c\"} 2\n"

func serveFakePage(args []string) {
	address := ""
	for _, arg := range args {
		if text, found := strings.CutPrefix(arg, "--metric-server="); found {
			address = text
		}
	}
	listener, err := net.Listen("unix", address)
	if err != nil {
		os.Exit(1)
	}
	_ = http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:gosec // a test
		if r.URL.Path == "/metrics" {
			_, _ = w.Write([]byte(fakePage))
		}
	}))
	os.Exit(0)
}

//go:build linux

package e2e

import (
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/otlpsink"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
)

// examples is the directory of the example configurations.
const examples = "../../examples"

func TestExamplesAreValid(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.yaml", "docker/collector.yaml", "kubernetes/config/config.yaml", "kubernetes/*-config.yaml"} {
		found, err := filepath.Glob(filepath.Join(examples, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			t.Fatalf("there are no examples %s", pattern)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			process.Run(t, process.Built(t, "full/otelcol-sandbox"), "validate", "--config", file)
		})
	}
}

// The configuration of the DaemonSet sends to the gateway of the example, with the name
// of the node.
func TestKubernetesExample(t *testing.T) {
	runtime := runsc.New(t)
	runtime.Start(runsc.Container{ID: "web", Script: runsc.Idle})
	sink := otlpsink.Start(t)
	gateway := process.FreeAddress(t)
	collector.StartFull(t, []process.Option{process.Environment("OTLP_LISTEN=" + gateway)},
		filepath.Join(examples, "kubernetes/gateway-config.yaml"), fmt.Sprintf(`
exporters:
  otlp_http: {endpoint: %q, compression: none}
service:
  pipelines:
    metrics: {exporters: [otlp_http]}
`, sink.Endpoint))
	collector.StartFull(t, []process.Option{process.Environment(
		"OTLP_ENDPOINT="+gateway, "HEALTH_ADDRESS="+process.FreeAddress(t), "CGROUP_ROOT=/sys/fs/cgroup",
		"OTEL_RESOURCE_ATTRIBUTES=host.name=node-1,k8s.node.name=node-1",
	)}, filepath.Join(examples, "kubernetes/config/config.yaml"), otlpRoots(runtime.Root))
	process.Eventually(t, collector.Timeout, func() error {
		attributes, metrics, err := latest(sink, "web")
		if err != nil {
			return err
		}
		return errors.Join(checkPresent(metrics, "sandbox.state", "gvisor.fs.opens"),
			checkAttribute(attributes, "host.name", "node-1"), checkAttribute(attributes, "k8s.node.name", "node-1"))
	})
}

// The example for OTLP adds the name of the host, and the scope has the version of the
// project.
func TestOTLPExampleNamesHost(t *testing.T) {
	runtime := runsc.New(t)
	runtime.Start(runsc.Container{ID: "web", Script: runsc.Idle})
	sink := startOTLP(t, otlpRoots(runtime.Root))
	want, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	process.Eventually(t, collector.Timeout, func() error {
		attributes, _, err := latest(sink, "web")
		if err != nil {
			return err
		}
		return checkAttribute(attributes, "host.name", want)
	})
	for _, metrics := range sink.Received() {
		for _, resource := range metrics.ResourceMetrics().All() {
			for _, scope := range resource.ScopeMetrics().All() {
				if got := scope.Scope().Version(); "v"+got != projectVersion(t) {
					t.Fatalf("version of the scope is %q, want that of the project, %s", got, projectVersion(t))
				}
			}
		}
	}
}

// projectVersion returns the version in the Makefile.
func projectVersion(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(string(text), "\nVERSION ?= ")
	version, _, _ = strings.Cut(version, "\n")
	return version
}

// All programs print the version of the project, and the Collectors contain components of
// one release only.
func TestVersions(t *testing.T) {
	version := projectVersion(t)
	for _, program := range []string{"otelcol-sandbox", "full/otelcol-sandbox"} {
		if printed := process.Run(t, process.Built(t, program), "--version"); !strings.Contains(printed, strings.TrimPrefix(version, "v")) {
			t.Errorf("%s printed %q, want %s", program, printed, version)
		}
		info, err := buildinfo.ReadFile(process.Built(t, program))
		if err != nil {
			t.Fatal(err)
		}
		for _, module := range info.Deps {
			if !strings.HasPrefix(module.Path, "go.opentelemetry.io/collector") &&
				!strings.HasPrefix(module.Path, "github.com/open-telemetry/opentelemetry-collector-contrib") {
				continue
			}
			if module.Version != "v0.155.0" && module.Version != "v1.61.0" {
				t.Errorf("%s contains %s %s", program, module.Path, module.Version)
			}
		}
	}
}

//go:build linux

package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/collector"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/page"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/process"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/runsc"
	"github.com/sandbox-telemetry/sandboxreceiver/test/e2e/systemd"
)

const unitFile = "../../deploy/systemd/otelcol-sandbox.service"

// right is a right that the unit has, and a change of the unit that removes it.
type right struct {
	change string
	// output is what the Collector then prints. If it is empty, pulls fail.
	output string
}

// rights are all rights of the unit, by a name. %s is the runtime root.
var rights = map[string]right{
	"root":        {"User=nobody", "Failed to read gVisor runtime root"},
	"directories": {"InaccessiblePaths=%s", "Failed to read gVisor runtime root"},
	"unix":        {"RestrictAddressFamilies=\nRestrictAddressFamilies=AF_INET AF_INET6", ""},
	"internet":    {"RestrictAddressFamilies=\nRestrictAddressFamilies=AF_UNIX", "address family not supported"},
	"calls":       {"SystemCallFilter=~@network-io", "operation not permitted"},
	"state":       {"StateDirectory=\nTemporaryFileSystem=/var/lib", "no such file or directory"},
}

// service is a unit under test.
type service struct {
	page   *collector.Page
	output string
}

func (s service) printed(text string) error {
	output, err := os.ReadFile(s.output)
	if err != nil {
		return err
	}
	if !strings.Contains(string(output), text) {
		return fmt.Errorf("%q is not in the output:\n%s", text, output)
	}
	return nil
}

// collects returns an error unless the page has all kinds of metrics of the sandbox.
func (s service) collects(id string) error {
	got, err := s.page.Get()
	if err != nil {
		output, _ := os.ReadFile(s.output)
		return fmt.Errorf("%w\n%s", err, output)
	}
	var errs []error
	for _, name := range []string{"sandbox_state", "gvisor_fs_opens_total", "sandbox_cpu_time_seconds_total", "sandbox_memory_usage_bytes"} {
		found := got.Select(func(s page.Series) bool {
			return s.Name == name && s.Labels["sandbox_id"] == id && s.Labels["sandbox_state"] != "unknown"
		})
		if len(found) == 0 {
			errs = append(errs, fmt.Errorf("no %s of %s", name, id))
		}
	}
	return errors.Join(errs...)
}

// newService returns the text of a unit with a change, and what it writes.
func newService(t *testing.T, directory, name, root, change string) (service, string) {
	t.Helper()
	s := service{collector.NewPage(t), filepath.Join(directory, name+".log")}
	config := filepath.Join(directory, name+".yaml")
	text := fmt.Sprintf(`
receivers:
  sandbox:
    collection_interval: 1s
    initial_delay: 0s
    timeout: 1s
    usage: {interval: 1s}
    gvisor: {roots: [%q]}
    kata: {storage_paths: [/nonexistent]}
exporters:
  prometheus_scrape: {endpoint: %q}
extensions:
  file_storage: {directory: /var/lib/otelcol-sandbox}
service:
  extensions: [file_storage]
  telemetry: {metrics: {level: none}}
`, root, s.page.Address)
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	unit, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	return s, string(unit) + fmt.Sprintf(`
[Service]
ExecStart=
ExecStart=%[1]s/otelcol-sandbox --config %[1]s/prometheus.yaml --config %[2]s
StandardOutput=append:%[3]s
StandardError=append:%[3]s
Restart=no
%[4]s
`, directory, config, s.output, change)
}

// copyPublic copies a file to a directory, where all users may read and execute it.
func copyPublic(t *testing.T, file, directory string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, filepath.Base(file)), data, 0o755); err != nil {
		t.Fatal(err)
	}
}

// The unit collects a sandbox, and does not if one of its rights is removed.
func TestSystemdUnit(t *testing.T) {
	directory := process.ShortTempDir(t)
	if err := os.Chmod(directory, 0o755); err != nil {
		t.Fatal(err)
	}
	// The checkout may be in a home directory, which the unit hides.
	copyPublic(t, process.Built(t, "full/otelcol-sandbox"), directory)
	copyPublic(t, filepath.Join(examples, "prometheus.yaml"), directory)
	root := filepath.Join(directory, "root")
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	services, units := map[string]service{}, map[string]string{}
	services["shipped"], units["shipped.service"] = newService(t, directory, "shipped", root, "")
	for name, r := range rights {
		change := strings.ReplaceAll(r.change, "%s", root)
		services[name], units[name+".service"] = newService(t, directory, name, root, change)
	}
	manager := systemd.Start(t, units)
	manager.Ready()
	runtime := runsc.NewIn(t, root)
	runtime.Through(manager.Enter()...)
	runtime.Start(runsc.Container{ID: "web", Script: runsc.Idle})

	process.Eventually(t, collector.Timeout, func() error { return services["shipped"].collects("web") })
	for name, r := range rights {
		t.Run(name, func(t *testing.T) {
			s := services[name]
			process.Eventually(t, collector.Timeout, func() error {
				if r.output != "" {
					return s.printed(r.output)
				}
				return s.printed("Failed to pull sandbox metrics")
			})
			if err := s.collects("web"); err == nil {
				t.Error("the sandbox is collected without this right")
			}
		})
	}
}

// systemd knows all settings of the unit, and considers it well protected.
func TestSystemdUnitIsValid(t *testing.T) {
	text, err := os.ReadFile(unitFile)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), filepath.Base(unitFile))
	program := process.Built(t, "full/otelcol-sandbox")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "/usr/bin/otelcol-sandbox", program)), 0o644); err != nil {
		t.Fatal(err)
	}
	analyze := process.Installed(t, "systemd-analyze")
	if printed := process.Run(t, analyze, "verify", "--man=no", file); printed != "" {
		t.Error(printed)
	}
	// The exposure level is from 0 to 10, times 10. That of a unit without settings is 96.
	process.Run(t, analyze, "security", "--offline=true", "--threshold=25", file)
}

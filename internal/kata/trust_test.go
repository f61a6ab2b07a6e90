package kata

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// install makes a process that consists of files run the installed executable, or
// one that has been replaced.
func (p *fakeProcess) install(t *testing.T, installed bool) {
	t.Helper()
	directory := filepath.Join(p.processes.Root, strconv.Itoa(p.pid))
	executable := filepath.Join(t.TempDir(), "shim")
	write(t, executable, "")
	root := "/"
	if !installed {
		root = t.TempDir()
		write(t, filepath.Join(root, executable), "")
	}
	for name, target := range map[string]string{"exe": executable, "root": root} {
		remove(t, filepath.Join(directory, name))
		if err := os.Symlink(target, filepath.Join(directory, name)); err != nil {
			t.Fatal(err)
		}
	}
}

func trust(hypervisors ...guard.TrustedHypervisor) func(*Config) {
	return func(c *Config) { c.TrustedHypervisors = hypervisors }
}

var trustTests = map[string]struct {
	trusted   []guard.TrustedHypervisor
	installed bool
	want      sandbox.Status
}{
	"trusted": {[]guard.TrustedHypervisor{guard.QEMU, guard.CloudHypervisor}, true, sandbox.Status{State: sandbox.Running}},
	"trusted, but an upgrade replaced the executable": {
		[]guard.TrustedHypervisor{guard.CloudHypervisor},
		false,
		sandbox.Status{State: sandbox.Skipped, SkipReason: string(guard.UnknownHypervisor)},
	},
	"another hypervisor is trusted": {
		[]guard.TrustedHypervisor{guard.QEMU},
		true,
		sandbox.Status{State: sandbox.Skipped, SkipReason: string(guard.UnknownHypervisor)},
	},
	"none is trusted": {nil, true, sandbox.Status{State: sandbox.Skipped, SkipReason: string(guard.UnknownHypervisor)}},
}

// A hypervisor is trusted only if the shim runs the installed executable. The status
// is right before the first pull.
func TestTrustedHypervisors(t *testing.T) {
	for name, test := range trustTests {
		t.Run(name, func(t *testing.T) {
			fleet := newFleet(t)
			pod := addPod(t, fleet, simkata.Options{Rust: true, Hypervisor: "cloud-hypervisor"})
			config := fleetConfig(fleet)
			trust(test.trusted...)(&config)
			f := newTestFinder(t, config)
			process := newFakeProcess(t, os.Getpid())
			process.install(t, test.installed)
			f.runtime.roots.Processes = process.processes
			f.advance(time.Second)
			s := f.recorder.last(t)
			if got := s.Status(); got != test.want {
				t.Errorf("got status %+v before the first pull, want %+v", got, test.want)
			}
			if _, err := pull(t, s); err != nil {
				t.Error(err)
			}
			calls := map[sandbox.State]int64{sandbox.Running: 1}[test.want.State]
			if got := pod.Load().Calls; got != calls || s.Status() != test.want {
				t.Errorf("got %d requests, status %+v; want %d, %+v", got, s.Status(), calls, test.want)
			}
		})
	}
}

// An upgrade while the Collector runs ends the trust in the shims that run.
func TestUpgradeEndsTrust(t *testing.T) {
	s := newSimulated(t, simkata.Options{Rust: true, Hypervisor: "cloud-hypervisor"}, trust(guard.CloudHypervisor))
	logs := observeLogs(s.runtime)
	process := newFakeProcessFor(t, s.Sandbox)
	for _, step := range []struct {
		installed bool
		calls     int64
	}{{true, 1}, {false, 1}, {false, 1}} {
		process.install(t, step.installed)
		if _, err := pull(t, s.Sandbox); err != nil {
			t.Error(err)
		}
		if got := s.pod.Load().Calls; got != step.calls {
			t.Errorf("got %d requests, want %d", got, step.calls)
		}
	}
	const message = "Skipping Kata shim: kata::trusted_hypervisors applies only to shims that run the installed executable"
	if got := logs.FilterMessage(message).FilterField(zap.String("sandbox.skip_reason", "unknown_hypervisor")).Len(); got != 1 {
		t.Errorf("got %d log records, want one", got)
	}
}

// The end of a trusted shim is recognized like that of any other.
func TestTrustedShimExits(t *testing.T) {
	s := newSimulated(t, simkata.Options{Rust: true, Hypervisor: "cloud-hypervisor", Mode: simkata.Refuse}, trust(guard.CloudHypervisor))
	process := newFakeProcessFor(t, s.Sandbox)
	process.exit(t)
	s.peer = os.Getpid()
	s.trusted.Store(true)
	for range 2 {
		if _, err := pull(t, s.Sandbox); sandbox.OutcomeOf(err) != sandbox.Unreachable {
			t.Errorf("got error %v, want outcome %s", err, sandbox.Unreachable)
		}
	}
	if state := s.Status().State; state != sandbox.Stopped {
		t.Errorf("got state %s, want %s", state, sandbox.Stopped)
	}
}

// The state file of a booting sandbox, and with it the hypervisor, becomes known
// later.
func TestTrustWithLateState(t *testing.T) {
	fleet := newFleet(t)
	pod := addPod(t, fleet, simkata.Options{Rust: true, Hypervisor: "cloud-hypervisor", Booting: true})
	config := fleetConfig(fleet)
	trust(guard.CloudHypervisor)(&config)
	f := newTestFinder(t, config)
	process := newFakeProcess(t, os.Getpid())
	process.install(t, true)
	f.runtime.roots.Processes = process.processes
	f.advance(time.Minute)
	s := f.recorder.last(t)
	if state := s.Status().State; state != sandbox.Booting {
		t.Fatalf("got state %s, want %s", state, sandbox.Booting)
	}
	if err := pod.FinishBooting(); err != nil {
		t.Fatal(err)
	}
	f.advance(time.Minute)
	if state := s.Status().State; state != sandbox.Running {
		t.Errorf("got state %s, want %s", state, sandbox.Running)
	}
}

// A real shim that was started from a file that has since been replaced receives no
// request, which would crash it. Without the replacement, it does.
func TestTrustInRealShim(t *testing.T) {
	for name, replace := range map[string]bool{"installed": false, "replaced": true} {
		t.Run(name, func(t *testing.T) {
			paths := newStoragePaths(t)
			binary, err := os.ReadFile(os.Args[0])
			if err != nil {
				t.Fatal(err)
			}
			executable := filepath.Join(t.TempDir(), "containerd-shim-kata-v2")
			if err := os.WriteFile(executable, binary, 0o700); err != nil { //nolint:gosec // it has to be executable
				t.Fatal(err)
			}
			shim := startCrashingShimFrom(t, paths.rust, executable)
			write(t, filepath.Join(paths.rust, "web-0", "state.json"), stateFile("web-0", "qemu"))
			if replace {
				write(t, executable+".new", "")
				if err := os.Rename(executable+".new", executable); err != nil {
					t.Fatal(err)
				}
			}
			config := newConfig(paths)
			trust(guard.QEMU)(&config)
			_, err = pull(t, findOne(t, config))
			if crashed := sandbox.OutcomeOf(err) == sandbox.Disconnected; crashed == replace {
				t.Errorf("got error %v", err)
			}
			if replace && !shim.running() {
				t.Error("the shim has exited")
			}
		})
	}
}

func TestOnlyKnownHypervisorsAreTrusted(t *testing.T) {
	for hypervisor, valid := range map[guard.TrustedHypervisor]bool{
		guard.CloudHypervisor: true, guard.Firecracker: true, guard.QEMU: true, "": false, "QEMU": false, "clh": false, "*": false,
	} {
		var config Config
		config.SetDefaults(sandbox.Default)
		trust(hypervisor)(&config)
		if err := config.Check(); (err == nil) != valid {
			t.Errorf("%q: got error %v, want valid: %v", hypervisor, err, valid)
		}
	}
}

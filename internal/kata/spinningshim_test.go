package kata

import (
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

// spinningShimVariable is the environment variable that makes this test binary the
// shim of one simulated pod. Its value is a spinningShim in JSON.
const spinningShimVariable = "SANDBOXRECEIVER_TEST_SPINNING_SHIM"

// spinningShim describes a shim whose loops use a whole CPU each.
type spinningShim struct {
	StoragePath string
	SpinTime    time.Duration
}

// serveSpinningShim runs a simulated pod until the test ends, even if it crashes.
func serveSpinningShim(options string) {
	var shim spinningShim
	if err := json.Unmarshal([]byte(options), &shim); err != nil {
		os.Exit(1)
	}
	pod, err := simkata.New(
		&simkata.Storage{GoPath: shim.StoragePath, Seeds: simulate.NewSeeds(1)},
		simkata.Options{ID: "web-0", Mode: simkata.Spinning, SpinShare: 1, SpinTime: shim.SpinTime})
	if err != nil {
		os.Exit(1)
	}
	// The directory is complete.
	_ = os.Stdout.Close()
	_, _ = os.Stdin.Read(make([]byte, 1))
	_ = pod.Remove()
	os.Exit(0)
}

// start starts the shim as a separate process.
func (shim spinningShim) start(t *testing.T) {
	t.Helper()
	options, err := json.Marshal(shim)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), spinningShimVariable+"="+string(options))
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait()
	})
	_, _ = io.Copy(io.Discard, stdout)
}

// shareOf returns the CPU usage of the process of a shim, divided by that of a
// number of loops in this process, which compete for the same CPUs.
func shareOf(s *Sandbox, loops int) float64 {
	var stop atomic.Bool
	var running sync.WaitGroup
	for range loops {
		running.Go(func() {
			for !stop.Load() {
			}
		})
	}
	processes := host.Processes{Root: "/proc"}
	shim, own := readCPU(processes, s.peer, time.Now), readCPU(processes, os.Getpid(), time.Now)
	time.Sleep(500 * time.Millisecond)
	cores, _, _ := shim.cores(processes, time.Now)
	reference, _, _ := own.cores(processes, time.Now)
	stop.Store(true)
	running.Wait()
	return cores / max(reference, 0.01)
}

// The CPU usage of a real process that spins after each request is distinguished
// from that of one that is only busy for a short time, even if the machine is too
// busy for a process to get a whole CPU.
func TestCPUOfRealShim(t *testing.T) {
	const loops = maxIncompleteRetries
	for name, test := range map[string]struct {
		time time.Duration
		want func(share float64) bool
	}{
		"spinning": {0, func(share float64) bool { return share > 0.5 }},
		"busy":     {200 * time.Millisecond, func(share float64) bool { return share < 0.1 }},
	} {
		t.Run(name, func(t *testing.T) {
			paths := newStoragePaths(t)
			spinningShim{StoragePath: paths.golang, SpinTime: test.time}.start(t)
			s := findOne(t, newConfig(paths))
			for range loops {
				if _, err := pullWithin(t, s, 300*time.Millisecond); sandbox.OutcomeOf(err) != sandbox.Partial {
					t.Fatalf("got error %v, want outcome %s", err, sandbox.Partial)
				}
				if s.record.baseline.pid != s.peer || s.peer == os.Getpid() {
					t.Fatalf("got %+v, want a measurement of process %d", s.record.baseline, s.peer)
				}
				s.record.baseline = cpuReading{} // as after the measurement
			}
			eventually(t, func() bool { return test.want(shareOf(s, loops)) })
		})
	}
}

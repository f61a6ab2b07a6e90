package kata

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/host"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guard"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/simulate"
	simfleet "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/fleet"
	simkata "github.com/sandbox-telemetry/sandboxreceiver/internal/simulate/kata"
)

func newFleet(tb testing.TB) *simfleet.Fleet {
	tb.Helper()
	directory := shortDirectory(tb)
	fleet, err := simfleet.New(directory, simfleet.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := fleet.Close(); err != nil {
			tb.Error(err)
		}
	})
	return fleet
}

func fleetSettings(fleet *simfleet.Fleet) Config {
	paths := fleet.StoragePaths()
	return settings(places{golang: paths[0], rust: paths[1]})
}

// addKata makes a pod and finds it.
func addKata(t *testing.T, options simkata.Options, change func(*Config)) (*simfleet.Fleet, *simkata.Pod, *Sandbox) {
	t.Helper()
	fleet := newFleet(t)
	pod, err := fleet.AddKata(options)
	if err != nil {
		t.Fatal(err)
	}
	with := fleetSettings(fleet)
	if change != nil {
		change(&with)
	}
	return fleet, pod, findOne(t, with)
}

// pullFor pulls with a deadline.
func pullFor(t *testing.T, s *Sandbox, patience time.Duration) (*sandbox.Reading, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r := &sandbox.Reading{}
	err := s.Pull(ctx, r)
	return r, err
}

// checkValues looks for what must not be in a reading.
func checkValues(t *testing.T, r *sandbox.Reading) {
	t.Helper()
	for _, point := range r.Points {
		if point.Value.AsFloat() == simkata.ForgedValue {
			t.Errorf("forged: %s %q", point.Family.OTel.Name, point.Labels)
		}
		for _, label := range point.Labels {
			if strings.Contains(label, "victim") || strings.Contains(label, simulate.DecoySecret) {
				t.Errorf("%s has the label %q", point.Family.OTel.Name, label)
			}
		}
	}
}

func TestHonestShims(t *testing.T) {
	for name, test := range map[string]struct {
		options simkata.Options
		want    []string
		without []string
	}{
		"Go":         {simkata.Options{}, []string{"kata.shim.thread.count", "kata.hypervisor.cpu.time", "kata.guest.cpu.time"}, nil},
		"CRI-O":      {simkata.Options{Pod: simulate.CRIO}, []string{"kata.shim.thread.count"}, nil},
		"runtime-rs": {simkata.Options{Rust: true}, []string{"kata.shim.thread.count", "kata.guest.cpu.time"}, nil},
		// Confidential pods do not tell what goes on inside, by policy.
		"confidential": {simkata.Options{NoGuest: true}, []string{"kata.shim.thread.count"}, []string{"kata.guest.cpu.time"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, pod, one := addKata(t, test.options, nil)
			if one.Identity().Pod.UID == "" || (!test.options.Rust && one.Identity().Pod.Name != pod.PodName()) {
				t.Errorf("pod %+v", one.Identity().Pod)
			}
			for range 2 {
				r, err := pullFor(t, one, patience)
				if err != nil {
					t.Fatal(err)
				}
				for _, name := range test.want {
					if !hasFamily(r, name) {
						t.Errorf("%s is missing", name)
					}
				}
				for _, name := range test.without {
					if hasFamily(r, name) {
						t.Errorf("%s is there", name)
					}
				}
				if r.ResponseSize == 0 || r.Time.IsZero() || r.Start.IsZero() || r.Start.After(r.Time) {
					t.Errorf("%d bytes at %v since %v", r.ResponseSize, r.Time, r.Start)
				}
				checkValues(t, r)
			}
			load := pod.Load()
			if load.Calls != 2 || load.Forbidden != 0 || load.MaxInFlight != 1 {
				t.Errorf("load %+v", load)
			}
			eventually(t, func() bool { return pod.Load().Connections == 0 })
		})
	}
}

// Whatever a hostile pod does, a pull ends in time, says what happened, and
// yields nothing forged.
func TestHostileShims(t *testing.T) {
	outcomes := map[simulate.Mode]map[bool]sandbox.Outcome{
		simkata.Refuse:           {false: sandbox.Unreachable, true: sandbox.Unreachable},
		simkata.HangBeforeHost:   {false: sandbox.Timeout, true: sandbox.Timeout},
		simkata.HangAfterHost:    {false: sandbox.Partial, true: sandbox.Timeout},
		simkata.Trickle:          {false: sandbox.Timeout, true: sandbox.Timeout},
		simkata.Endless:          {false: sandbox.Partial, true: sandbox.Oversize},
		simkata.Truncated:        {false: sandbox.Partial, true: sandbox.Disconnected},
		simkata.ForgedHost:       {false: sandbox.OK, true: sandbox.OK},
		simkata.SpoofedLabels:    {false: sandbox.OK, true: sandbox.OK},
		simkata.TypeFlips:        {false: sandbox.OK, true: sandbox.OK},
		simkata.QuotedNames:      {false: sandbox.OK, true: sandbox.OK},
		simkata.NewlineInjection: {false: sandbox.OK, true: sandbox.OK},
		simkata.Huge:             {false: sandbox.Partial, true: sandbox.Oversize},
		simkata.ManySeries:       {false: sandbox.Partial, true: sandbox.Oversize},
		simkata.MissingNewline:   {false: sandbox.Partial, true: sandbox.OK},
	}
	for _, info := range simfleet.Modes() {
		if !info.Mode.ForKata() {
			continue
		}
		for _, rust := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s rust=%v", info.Mode, rust), func(t *testing.T) {
				want, known := outcomes[info.Mode][rust]
				if !known {
					t.Fatal("nothing is expected of this mode")
				}
				_, pod, one := addKata(t, simkata.Options{Mode: info.Mode, Rust: rust}, nil)
				wait := patience
				if want == sandbox.Timeout || want == sandbox.Partial {
					wait = 300 * time.Millisecond
				}
				if info.Mode == simkata.Huge || info.Mode == simkata.ManySeries || info.Mode == simkata.Endless {
					wait = patience
				}
				r, err := pullFor(t, one, wait)
				if got := sandbox.OutcomeOf(err); got != want {
					t.Errorf("outcome %s (%v), want %s", got, err, want)
				}
				if want != sandbox.OK && !want.ShouldBackOff() {
					t.Errorf("%s would be asked again at once", want)
				}
				checkValues(t, r)
				if (want == sandbox.OK || want == sandbox.Partial) && !hasFamily(r, "kata.shim.thread.count") {
					t.Errorf("the host part is lost: %q", familiesOf(r))
				}
				if load := pod.Load(); load.Forbidden != 0 || load.Calls > 1 {
					t.Errorf("load %+v", load)
				}
				eventually(t, func() bool { return pod.Load().Connections == 0 })
			})
		}
	}
}

// A socket without a listener is what is left of a dead shim. It is found out
// and then left alone.
func TestDeadShim(t *testing.T) {
	for _, collection := range []guard.Collection{guard.Auto, guard.Passive} {
		t.Run(string(collection), func(t *testing.T) {
			_, _, one := addKata(t, simkata.Options{Mode: simkata.Refuse}, func(s *Config) { s.Collection = collection })
			for i := range 2 {
				if one.Status().State != sandbox.Running {
					t.Errorf("state %s before pull %d", one.Status().State, i)
				}
				if _, err := pullFor(t, one, patience); sandbox.OutcomeOf(err) != sandbox.Unreachable {
					t.Error(err)
				}
			}
			if one.Status().State != sandbox.Stopped {
				t.Errorf("state %s", one.Status().State)
			}
		})
	}
}

// A sandbox that goes away in the middle of a pull has not failed.
func TestTeardownIsNoFailure(t *testing.T) {
	t.Run("before", func(t *testing.T) {
		fleet, pod, one := addKata(t, simkata.Options{}, nil)
		if err := fleet.RemoveKata(pod); err != nil {
			t.Fatal(err)
		}
		if _, err := pullFor(t, one, patience); sandbox.OutcomeOf(err) != sandbox.Gone {
			t.Error(err)
		}
		if len(one.runtime.stale) != 1 {
			t.Error("the finder was not told")
		}
	})
	for _, mode := range []simulate.Mode{simkata.HangBeforeHost, simkata.HangAfterHost} {
		t.Run(string(mode), func(t *testing.T) {
			fleet, pod, one := addKata(t, simkata.Options{Mode: mode}, nil)
			removed := make(chan error, 1)
			go func() {
				for pod.Load().Calls == 0 {
					time.Sleep(time.Millisecond)
				}
				// The directory goes first, as the real runtime does it.
				removed <- errors.Join(os.RemoveAll(filepath.Dir(pod.SocketPath())), fleet.RemoveKata(pod))
			}()
			if _, err := pullFor(t, one, patience); sandbox.OutcomeOf(err) != sandbox.Gone {
				t.Error(err)
			}
			if err := <-removed; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCanceledPull(t *testing.T) {
	_, pod, one := addKata(t, simkata.Options{Mode: simkata.HangBeforeHost}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for pod.Load().Calls == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if err := one.Pull(ctx, &sandbox.Reading{}); sandbox.OutcomeOf(err) != sandbox.Canceled {
		t.Error(err)
	}
	if one.Status().State != sandbox.Running {
		t.Errorf("state %s", one.Status().State)
	}
}

func TestPassiveAsksNothing(t *testing.T) {
	for _, rust := range []bool{false, true} {
		_, pod, one := addKata(t, simkata.Options{Rust: rust}, func(s *Config) { s.Collection = "passive" })
		if one.Status().State != sandbox.Running || one.MinInterval() != 0 {
			t.Errorf("state %s, pace %v", one.Status().State, one.MinInterval())
		}
		for range 3 {
			r, err := pullFor(t, one, patience)
			if err != nil || !hasFamily(r, "kata.shim.thread.count") || hasFamily(r, "kata.guest.cpu.time") {
				t.Errorf("%v: %q", err, familiesOf(r))
			}
			if r.ResponseSize != 0 || !r.Start.Before(time.Now().Add(-time.Millisecond)) {
				t.Errorf("%d bytes since %v", r.ResponseSize, r.Start)
			}
		}
		if load := pod.Load(); load.Calls != 0 || load.Forbidden != 0 {
			t.Errorf("load %+v", load)
		}
	}
}

// Where neither process nor control group can be seen, there is nothing to
// read, and it says why.
func TestNothingCanBeSeen(t *testing.T) {
	_, pod, one := addKata(t, simkata.Options{Rust: true, Hypervisor: "qemu"}, nil)
	one.runtime.roots.Processes.Root, one.runtime.roots.Cgroups.Root = t.TempDir(), t.TempDir()
	r, err := pullFor(t, one, patience)
	if sandbox.OutcomeOf(err) != sandbox.Unsafe || len(r.Points) != 0 || !strings.Contains(err.Error(), "unsafe_hypervisor") {
		t.Errorf("%v: %q", err, familiesOf(r))
	}
	if pod.Load().Calls != 0 || pod.Aborted() {
		t.Error("it was asked")
	}
}

// The control group can be read where the processes cannot be seen.
func TestControlGroupAlone(t *testing.T) {
	cgroups := t.TempDir()
	_, pod, one := addKata(t, simkata.Options{Rust: true, Hypervisor: "qemu"}, nil)
	one.runtime.roots.Processes.Root, one.runtime.roots.Cgroups.Root = t.TempDir(), cgroups
	group := filepath.Join(cgroups, one.facts.Load().state.Cgroup)
	write(t, filepath.Join(cgroups, "cgroup.controllers"), "cpu memory\n")
	write(t, filepath.Join(group, "memory.current"), "4096\n")
	write(t, filepath.Join(group, "cpu.stat"), "usage_usec 3\nuser_usec 2000000\nsystem_usec 1000000\n")
	r, err := pullFor(t, one, patience)
	if err != nil || !hasFamily(r, "kata.cgroup.memory.usage") || !hasFamily(r, "kata.cgroup.cpu.time") {
		t.Errorf("%v: %q", err, familiesOf(r))
	}
	if pod.Aborted() {
		t.Error("it was asked")
	}
}

// The shim ends and its files stay: a passive reader notices by the process.
func TestPassiveNoticesDeath(t *testing.T) {
	p := newPlaces(t)
	shim := startShim(t, p.rust)
	write(t, filepath.Join(p.rust, "web-0", "state.json"), stateFile("web-0", "qemu"))
	one := findOne(t, settings(p))
	if _, err := pullFor(t, one, patience); err != nil {
		t.Fatal(err)
	}
	if err := shim.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-shim.ended
	if _, err := pullFor(t, one, patience); sandbox.OutcomeOf(err) != sandbox.Unreachable {
		t.Error(err)
	}
	if one.Status().State != sandbox.Stopped {
		t.Errorf("state %s", one.Status().State)
	}
}

func TestPeer(t *testing.T) {
	_, _, one := addKata(t, simkata.Options{}, nil)
	one.runtime.rootOnly = true
	if err := one.checkPeer(host.Peer{PID: 7, UID: 1000}); err == nil {
		t.Error("a user's process was taken for the shim")
	}
	if err := one.checkPeer(host.Peer{PID: 7}); err != nil {
		t.Error(err)
	}
	if err := one.checkPeer(host.Peer{PID: 7}); err != nil {
		t.Error(err)
	}
	if err := one.checkPeer(host.Peer{PID: 8}); err == nil {
		t.Error("another process was taken for the shim")
	}

	one.peer, one.runtime.rootOnly = 0, false
	if err := one.checkPeer(host.Peer{PID: 7, UID: 1000}); err != nil {
		t.Error(err)
	}
}

// The check is made before anything is sent.
func TestWrongPeerIsNotAsked(t *testing.T) {
	_, pod, one := addKata(t, simkata.Options{}, nil)
	one.peer = os.Getpid() + 1
	if _, err := pullFor(t, one, patience); sandbox.OutcomeOf(err) != sandbox.WrongPeer {
		t.Error(err)
	}
	if load := pod.Load(); load.Calls != 0 {
		t.Errorf("load %+v", load)
	}
}

// Long ids make paths too long for a socket address.
func TestLongPath(t *testing.T) {
	p := newPlaces(t)
	deep := filepath.Join(p.rust, strings.Repeat("x", 60), "kata")
	p.rust = deep
	directory := filepath.Join(deep, strings.Repeat("a", 64))
	if err := os.MkdirAll(directory, 0o700); err != nil {
		t.Fatal(err)
	}
	opened, err := os.Open(directory)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	listener, err := net.Listen("unix", fmt.Sprintf("/proc/self/fd/%d/shim-monitor.sock", opened.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	write(t, filepath.Join(directory, "state.json"), stateFile("a", "qemu"))
	if r, err := pullFor(t, findOne(t, settings(p)), patience); err != nil {
		t.Errorf("%v: %q", err, familiesOf(r))
	}
}

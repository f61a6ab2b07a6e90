package reader

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// passiveSamples are samples of which the first eight are accepted.
var passiveSamples = []Sample{
	{"kata_shim_threads", "", "", 9},
	{"kata_shim_proc_status", "vmrss", "", 100},
	{"kata_hypervisor_proc_status", "vmrss", "", 4096},
	{"kata_hypervisor_proc_stat", "utime", "", 12},
	{"kata_hypervisor_netdev", "recv_bytes", "eth0", 5},
	{"kata_hypervisor_netdev", "sent_bytes", "eth0", 6},
	{"kata_hypervisor_netdev", "recv_bytes", "lo", 7},
	{"kata_cgroup_cpu", "user", "", 1.5},
	// Dropped or skipped:
	{"kata_shim_proc_status", "vmfoo", "", 1},
	{"kata_shim_foo", "", "", 1},
	{"kata_guest_load", "load1", "", 1},
	{"kata_hypervisor_proc_stat", "stime", "", -1},
	{"kata_hypervisor_threads", "", "", 0},
	{"kata_shim_fds", "", "", math.Inf(1)},
	{"kata_hypervisor_netdev", "recv_bytes", "\xff", 7},
}

func TestReadPassive(t *testing.T) {
	for flavor, shimMemory := range map[catalog.Flavor]string{catalog.Go: "100", catalog.Rust: "102400"} {
		want := []string{
			"kata.cgroup.cpu.time{cpu.mode=user} 1.5",
			"kata.hypervisor.cpu.time{cpu.mode=user} 0.12",
			"kata.hypervisor.memory.usage{} 4096",
			"kata.hypervisor.network.io{network.interface.name=eth0,network.io.direction=receive} 5",
			"kata.hypervisor.network.io{network.interface.name=eth0,network.io.direction=transmit} 6",
			"kata.hypervisor.network.io{network.interface.name=lo,network.io.direction=receive} 7",
			"kata.shim.memory.usage{} " + shimMemory, "kata.shim.thread.count{} 9",
		}
		settings := settingsFor(t, "otel")
		r := New(flavor, "qemu", settings)
		for range 2 {
			reading := newReading()
			r.ReadPassive(passiveSamples, reading)
			var got []string
			for i := range reading.Points {
				point := &reading.Points[i]
				descriptor := &point.Family.OTel
				single := *reading
				single.Points = single.Points[i : i+1]
				for series := range points(settings, &single) {
					got = append(got, fmt.Sprintf("%s %v", series, point.Value.Scaled(descriptor.Scale).AsFloat()))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%v: got %q\nwant %q", flavor, got, want)
			}
			if got, want := dropped(reading), "bad_label 1, negative 1"; got != want {
				t.Errorf("%v: dropped %q, want %q", flavor, got, want)
			}
			checkGrouped(t, settings, reading)
		}
	}
}

func TestPassiveDuplicate(t *testing.T) {
	settings := settingsFor(t, "prometheus")
	reading := newReading()
	samples := []Sample{{Family: "kata_shim_threads", Value: 9}, {Family: "kata_shim_threads", Value: 8}}
	New(catalog.Go, "qemu", settings).ReadPassive(samples, reading)
	if len(reading.Points) != 1 || reading.Points[0].Value != sandbox.Int(9) || dropped(reading) != "duplicate 1" {
		t.Errorf("points %v, dropped %q, want the first sample and duplicate 1", points(settings, reading), dropped(reading))
	}
}

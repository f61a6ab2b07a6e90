package guest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

func TestInterfaces(t *testing.T) {
	a := newAccount()
	respond(a, time.Minute, func() {
		for i, item := range []string{
			"recv_bytes", "recv_packets", "recv_errs", "recv_drop", "sent_bytes", "sent_packets", "sent_errs", "sent_drop",
		} {
			a.Add(FigureOf("kata_guest_netdev_stat", item), []byte("lo"), 100)
			a.Add(FigureOf("kata_guest_netdev_stat", item), []byte("silent0"), 0)
			a.Add(FigureOf("kata_guest_netdev_stat", item), []byte("eth0"), float64(i+1))
		}
		a.Add(receivedBytes, []byte("eth0"), 1000) // repeated
	})
	assert.Equal(t, []usage.Interface{{
		Name:        "eth0",
		Received:    usage.Traffic{Bytes: 1, Packets: 2, Errors: 3, Dropped: 4},
		Transmitted: usage.Traffic{Bytes: 5, Packets: 6, Errors: 7, Dropped: 8},
	}}, a.Workload().Interfaces)
}

// TestTrafficNeverFalls passes the counter of an interface that is removed and created
// again.
func TestTrafficNeverFalls(t *testing.T) {
	a := newAccount()
	for i, step := range []struct {
		raw  float64
		want uint64
	}{{5, 5}, {7, 7}, {2, 7}, {3, 8}, {0, 8}, {0, 8}, {4, 12}} {
		respond(a, time.Duration(i)*time.Minute, func() { a.Add(receivedBytes, []byte("eth0"), step.raw) })
		require.Len(t, a.Workload().Interfaces, 1)
		assert.Equal(t, step.want, a.Workload().Interfaces[0].Received.Bytes, "step %d", i)
	}
	respond(a, time.Hour, func() {})
	assert.Nil(t, a.Workload(), "the interface is missing")
}

func TestInterfaceNames(t *testing.T) {
	for name, want := range map[string]bool{
		"eth0": true, "fifteen.letters": true, "é": true,
		"": false, "lo": false, "sixteen_letters_": false, "a b": false, "a/b": false, "a\n": false, "\xff": false, "\u0085": false,
	} {
		a := newAccount()
		respond(a, time.Minute, func() { a.Add(transmittedBytes, []byte(name), 1) })
		assert.Equal(t, want, a.Workload() != nil, "%q", name)
	}
}

// TestNumberOfInterfacesIsLimited checks that a guest with many interfaces keeps the
// first ones, in this and in later responses.
func TestNumberOfInterfacesIsLimited(t *testing.T) {
	a := newAccount()
	for response := range 3 {
		respond(a, time.Duration(response)*time.Minute, func() {
			for i := range 1000 {
				a.Add(receivedBytes, fmt.Appendf(nil, "silent%d", i), 0)
			}
			for i := range 10_000 {
				a.Add(receivedBytes, fmt.Appendf(nil, "x%d", i*(1+response*(i/maxInterfaces))), float64(i+1))
			}
		})
		interfaces := a.Workload().Interfaces
		require.Len(t, interfaces, maxInterfaces)
		for i, one := range interfaces {
			assert.Equal(t, fmt.Sprint("x", i), one.Name)
		}
	}
}

// TestNoAllocations checks that a response like the last one needs no memory.
func TestNoAllocations(t *testing.T) {
	a := newAccount()
	names := [][]byte{[]byte("eth0"), []byte("eth1")}
	at := time.Minute
	next := func() {
		at += time.Minute
		respond(a, at, func() {
			for figure := cpuUser; figure <= memoryAvailable; figure++ {
				a.Add(figure, nil, 5)
			}
			for _, name := range names {
				a.Add(receivedBytes, name, float64(at))
			}
		})
	}
	next()
	assert.Zero(t, testing.AllocsPerRun(20, next))
}

// FuzzAccount passes arbitrary samples. Counters never decrease, figures are possible, and
// everything is bounded.
func FuzzAccount(f *testing.F) {
	f.Add([]byte("\x01\x05\x08\x07\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		a := newAccount()
		var cpu time.Duration
		received := map[string]uint64{}
		for at := time.Second; len(data) >= 3; at += time.Second {
			respond(a, at, func() {
				for ; len(data) >= 3 && data[0] != 0; data = data[3:] {
					a.Add(Figure(data[0]), data[1:2], float64(data[2])*1e3)
				}
			})
			data = data[min(1, len(data)):]
			w := a.Workload()
			if w == nil {
				continue
			}
			limit := 2 * (2*at + maxBootTime) // with a tolerance for each second
			possible := (!w.HasCPU || w.CPU >= cpu && w.CPU <= limit) && (!w.HasMemory || w.Memory <= testHost.Memory)
			if !possible || len(w.Interfaces) > maxInterfaces {
				t.Fatalf("impossible: %+v after %v and %v", w, at, cpu)
			}
			if w.HasCPU {
				cpu = w.CPU
			}
			for _, one := range w.Interfaces {
				if one.Received.Bytes < received[one.Name] {
					t.Fatalf("%s decreases", one.Name)
				}
				received[one.Name] = one.Received.Bytes
			}
		}
	})
}

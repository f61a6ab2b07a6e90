package reader

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/guest"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/usage"
)

// usageText is the part of an agent's text that reports usage. The CPU time of
// single CPUs does not count.
const usageText = `kata_guest_cpu_time{cpu="0",item="user"} 7e+06
kata_guest_cpu_time{cpu="total",item="user"} 60000
kata_guest_cpu_time{cpu="total",item="nice"} 1000
kata_guest_cpu_time{cpu="total",item="system"} 200
kata_guest_cpu_time{cpu="total",item="irq"} 30
kata_guest_cpu_time{cpu="total",item="softirq"} 4
kata_guest_cpu_time{cpu="total",item="idle"} 9e+09
kata_guest_cpu_time{cpu="total",item="guest"} 60000
kata_guest_meminfo{item="mem_available"} 1.073741824e+09
kata_guest_meminfo{item="mem_free"} 5
kata_guest_meminfo{item="mem_total"} 2.147483648e+09
kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} 10
kata_guest_netdev_stat{interface="eth0",item="recv_fifo"} 99
kata_guest_netdev_stat{interface="eth0",item="sent_packets"} 3
kata_guest_netdev_stat{interface="lo",item="recv_bytes"} 10
`

var usageWorkload = &usage.Workload{
	CPU: 61234 * time.Millisecond, HasCPU: true, Memory: 1 << 30, HasMemory: true,
	Interfaces: []usage.Interface{{Name: "eth0", Received: usage.Traffic{Bytes: 10}, Transmitted: usage.Traffic{Packets: 3}}},
}

// newMeasured returns a reader with the account of a sandbox that is an hour old.
func newMeasured(layout int, settings *Settings) (*Reader, *guest.Account) {
	account := guest.NewAccount(guest.Host{CPUs: 4, Memory: 4 << 30}, time.Now().Add(-time.Hour))
	r := New(flavors[layout].flavor, flavors[layout].hypervisor, settings)
	r.Measure(account)
	return r, account
}

// readNow reads a response that was requested now.
func readNow(t *testing.T, r *Reader, text string) *sandbox.Reading {
	t.Helper()
	reading := &sandbox.Reading{Time: time.Now(), Start: time.Now().Add(-time.Hour)}
	if err := r.Read(strings.NewReader(text), reading); err != nil {
		t.Fatal(err)
	}
	return reading
}

// TestUsage reads the usage whichever families are selected, which it does not change.
func TestUsage(t *testing.T) {
	for layout := range flavors {
		for _, naming := range sandbox.Namings {
			for _, families := range []Families{NoFamilies, DefaultFamilies, AllFamilies} {
				t.Run(fmt.Sprint(flavors[layout], naming, families), func(t *testing.T) {
					flavor := flavors[layout].flavor
					settings := settingsFor(t, naming, func(o *Options) {
						o.Families, o.FilterFamily = families, []string{"kata_guest_load"}
					})
					text := response(flavor, hostText(flavor, flavors[layout].hypervisor), usageText)
					r, account := newMeasured(layout, settings)
					reading := readNow(t, r, text)
					if diff := cmp.Diff(usageWorkload, account.Workload()); diff != "" {
						t.Errorf("-want +got:\n%s", diff)
					}
					plain := readNow(t, New(flavor, flavors[layout].hypervisor, settings), text)
					if len(plain.Points) != len(reading.Points) || dropped(reading) != "" {
						t.Errorf("got %d points, dropped %q; want %d", len(reading.Points), dropped(reading), len(plain.Points))
					}
				})
			}
		}
	}
}

// TestUsageOfBadResponses checks that usage comes from complete responses only, and
// from nothing that the verification of the text rejects.
func TestUsageOfBadResponses(t *testing.T) {
	settings := settingsFor(t, "otel", func(o *Options) { o.Families = NoFamilies })
	for name, text := range map[string]string{
		"no guest":        "",
		"other labels":    strings.NewReplacer("item=", `x="y",item=`).Replace(usageText),
		"timestamps":      strings.ReplaceAll(usageText, "\n", " 1600000000000\n"),
		"not a number":    "kata_guest_meminfo{item=\"mem_available\"} NaN\nkata_guest_meminfo{item=\"mem_total\"} 5\n",
		"impossible":      strings.NewReplacer("60000", "6e+15", "2.147483648e+09", "2e+15", `"eth0"`, `"a b"`).Replace(usageText),
		"other families":  strings.ReplaceAll(usageText, "kata_guest_", "kata_guest_x_"),
		"loopback only":   `kata_guest_netdev_stat{interface="lo",item="recv_bytes"} 10` + "\n",
		"no sum of modes": `kata_guest_cpu_time{cpu="total",item="user"} 60000` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			r, account := newMeasured(0, settings)
			readNow(t, r, goHost+usageText)
			reading := readNow(t, r, goHost+text)
			if w := account.Workload(); w != nil {
				t.Errorf("got %+v, want nothing", w)
			}
			if want := map[bool]string{true: "implausible 2"}[name == "impossible"]; want != "" && dropped(reading) != want {
				t.Errorf("dropped %q, want %q", dropped(reading), want)
			}
			reading = &sandbox.Reading{Time: time.Now()}
			err := r.Read(&failingSource{strings.NewReader(goHost + usageText)}, reading)
			if w := account.Workload(); w != nil || sandbox.OutcomeOf(err) != sandbox.Partial {
				t.Errorf("an incomplete response: got %+v, %v; want nothing", w, err)
			}
			readNow(t, r, goHost+usageText)
			if diff := cmp.Diff(usageWorkload, account.Workload()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// failingSource fails at the end of the text.
type failingSource struct{ text *strings.Reader }

func (s *failingSource) Read(into []byte) (int, error) {
	if s.text.Len() == 0 {
		return 0, timeout
	}
	return s.text.Read(into)
}

// TestUsageDoesNotAllocate checks that measuring a guest needs no memory.
func TestUsageDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("with the race detector, sync.Pool drops items at random")
	}
	settings := settingsFor(t, "otel", func(o *Options) { o.Families = NoFamilies })
	r, account := newMeasured(0, settings)
	text := goHost + usageText
	source, reading := strings.NewReader(text), &sandbox.Reading{}
	read := func() {
		source.Reset(text)
		reading.Reset()
		reading.Time = time.Now()
		if err := r.Read(source, reading); err != nil || account.Workload() == nil {
			t.Fatal(err)
		}
	}
	read()
	if allocations := testing.AllocsPerRun(20, read); allocations != 0 {
		t.Errorf("got %v allocations, want none", allocations)
	}
}

// TestUsageOfCaptures reads the usage in captured responses.
func TestUsageOfCaptures(t *testing.T) {
	const memory = 25276510208
	interfaces := []usage.Interface{{
		Name:        "eth0",
		Received:    usage.Traffic{Bytes: 569635724, Packets: 42015},
		Transmitted: usage.Traffic{Bytes: 3615155, Packets: 31351},
	}}
	for name, test := range map[string]struct {
		layout int
		want   *usage.Workload
	}{
		"go-shim.prom": {0, &usage.Workload{
			CPU: (132850 + 3180 + 435780 + 1093370) * time.Millisecond, HasCPU: true,
			Memory: memory - 24026525696, HasMemory: true, Interfaces: interfaces,
		}},
		"runtime-rs-shim.prom": {2, &usage.Workload{
			CPU: (134210 + 3230 + 449260 + 1114160) * time.Millisecond, HasCPU: true,
			Memory: memory - 24615956480, HasMemory: true, Interfaces: interfaces,
		}},
		"go-shim-no-agent.prom": {0, nil},
		"hostile/names.prom":    {0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			body := readCapture(t, name)
			account := guest.NewAccount(guest.Host{CPUs: 2}, time.Now().Add(-time.Hour))
			r := New(flavors[test.layout].flavor, flavors[test.layout].hypervisor, settingsFor(t, "otel"))
			r.Measure(account)
			readNow(t, r, body)
			if diff := cmp.Diff(test.want, account.Workload()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestUsageOfHostileGuests checks that no text of a guest leads to impossible usage.
func TestUsageOfHostileGuests(t *testing.T) {
	texts := map[string]string{
		"10,000 interfaces": strings.Join(interfaceLines(0, 10_000), "\n") + "\n",
		"CPU jumps":         strings.ReplaceAll(usageText, "60000", "6e+14"),
		"memory":            strings.ReplaceAll(usageText, "2.147483648e+09", "2.147483648e+12"),
	}
	maps.Copy(texts, hostileTexts)
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			for layout := range flavors {
				flavor, hypervisor := flavors[layout].flavor, flavors[layout].hypervisor
				r, account := newMeasured(layout, settingsFor(t, "otel", func(o *Options) { o.Families = NoFamilies }))
				reading := &sandbox.Reading{Time: time.Now()}
				_ = r.Read(strings.NewReader(shimResponse(flavor, hostText(flavor, hypervisor), text)), reading)
				w := account.Workload()
				if w == nil {
					continue
				}
				if w.Memory > 4<<30 || w.HasCPU && w.CPU > 5*time.Hour || len(w.Interfaces) > 32 {
					t.Errorf("impossible: memory %d, CPU time %v, %d interfaces", w.Memory, w.CPU, len(w.Interfaces))
				}
				if name == "10,000 interfaces" && len(w.Interfaces) != 32 {
					t.Errorf("got %d interfaces, want 32", len(w.Interfaces))
				}
			}
		})
	}
}

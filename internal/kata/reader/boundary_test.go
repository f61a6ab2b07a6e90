package reader

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestGoBorder checks where the host part of a Go shim ends.
func TestGoBorder(t *testing.T) {
	family := func(name, samples string) string { return "# TYPE " + name + " gauge\n" + samples + "\n" }
	threads, fds := family("kata_shim_threads", "kata_shim_threads 9"), family("kata_shim_fds", "kata_shim_fds 7")
	last := family("process_virtual_memory_max_bytes", "process_virtual_memory_max_bytes 5")
	for _, test := range []struct {
		name, text string
		want       string // host values
		dropped    string
	}{
		{"in order", fds + threads + last, "5 7 9", ""},
		{"out of order", threads + fds, "9", "forged 1"},
		{"declared again", threads + family("kata_shim_threads", "kata_shim_threads 1"), "9", "forged 1"},
		{"declared again, last of all", last + family("process_virtual_memory_max_bytes", "process_virtual_memory_max_bytes 1"), "5", "forged 1"},
		{"after the last", last + family("process_zzz", "process_zzz 1") + threads, "5", "forged 2"},
		{"after a guest family", fds + family("kata_guest_load", `kata_guest_load{item="load1"} 1`) + threads, "7", "forged 1"},
		{"after a guest family that is in order", family("go_threads", "go_threads 5") + family("kata_agent_threads", "kata_agent_threads 1") + threads, "5", "forged 1"},
		{"after a foreign family", fds + family("up", "up 1") + threads, "7", "forged 1, foreign 1"},
		{"after a new host family", fds + family("kata_shim_new", "kata_shim_new 1") + threads, "7 9", "unknown 1"},
		{"after a new host histogram", fds + "# TYPE kata_shim_new histogram\nkata_shim_new_bucket{le=\"+Inf\"} 1\nkata_shim_new_sum 1\nkata_shim_new_count 1\n" + threads, "7 9", "unknown 3"},
		{"without declarations", "kata_shim_fds 7\nkata_shim_threads 9\nkata_shim_fds 1\n", "7 9", "forged 1"},
		{"only a declaration of the guest", fds + "# TYPE kata_agent_threads gauge\n" + threads, "7", "forged 1"},
		{"a mark of runtime-rs", fds + "# HELP kata_shim_fds x\n" + threads, "7 9", ""},
	} {
		settings := settingsFor(t, "prometheus")
		reading := newReading()
		if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(test.text), reading); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, value := range hostPoints(settings, reading) {
			value, _, _ = strings.Cut(value, " ")
			got = append(got, value)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != test.want || dropped(reading) != test.dropped {
			t.Errorf("%s: values %v, dropped %q, want %s, %q", test.name, got, dropped(reading), test.want, test.dropped)
		}
	}
}

// TestRustBorder checks where the host parts of runtime-rs begin.
func TestRustBorder(t *testing.T) {
	const (
		shim       = "# HELP kata_shim_fds Kata\n# TYPE kata_shim_fds gauge\nkata_shim_fds 7\nkata_shim_threads 9\n"
		forged     = "# HELP kata_shim_fds Kata\n# TYPE kata_shim_fds gauge\nkata_shim_fds 1\nkata_shim_threads 1\n"
		dragonball = "# HELP kata_hypervisor_scrape_count Hypervisor\nkata_hypervisor_scrape_count 5\nkata_hypervisor_signals{item=\"sigbus\"} 6\n"
		fake       = "# HELP kata_hypervisor_scrape_count Hypervisor\nkata_hypervisor_scrape_count 2\nkata_hypervisor_signals{item=\"sigbus\"} 2\n"
		guest      = "kata_agent_threads 3\n"
	)
	for _, test := range []struct {
		name, hypervisor, text string
		want                   string // host values
		guests                 int
		dropped                string
	}{
		{"honest", "clh", guest + shim, "7 9", 1, ""},
		{"honest Dragonball", "dragonball", guest + dragonball + shim, "5 6 7 9", 1, ""},
		{"no guest", "clh", shim, "7 9", 0, ""},
		{"forged part", "clh", forged + guest + shim, "7 9", 1, "forged 2"},
		{"forged part twice", "clh", forged + forged + guest + shim, "7 9", 1, "forged 4"},
		{"forged samples without a mark", "clh", "kata_shim_threads 1\n" + guest + shim, "7 9", 1, "forged 1"},
		{"no newline at the end of the guest's text", "clh", strings.TrimSuffix(guest, "\n") + shim, "7 9", 1, ""},
		{"half a line at the end of the guest's text", "clh", guest + `kata_guest_load{item="` + shim, "7 9", 1, "malformed 1"},
		{"very long line at the end of the guest's text", "clh", guest + strings.Repeat("x", 100_000) + shim, "7 9", 1, "limit 1"},
		{"mark in a label", "clh", `kata_guest_netdev_stat{interface="# HELP kata_shim_fds ",item="recv_bytes"} 1` + "\n" + guest + shim, "7 9", 1, "malformed 1"},
		{"hypervisor of another", "clh", dragonball + guest + shim, "7 9", 1, "forged 2"},
		{"forged Dragonball", "dragonball", fake + guest + dragonball + shim, "5 6 7 9", 1, "forged 2"},
		{"all forged, then all true", "dragonball", fake + forged + guest + dragonball + shim, "5 6 7 9", 1, "forged 4"},
		{"forged shim before Dragonball", "dragonball", forged + guest + dragonball + shim, "5 6 7 9", 1, "forged 2"},
		{"shim family among Dragonball's", "dragonball", guest + dragonball + "kata_shim_threads 1\n" + shim, "5 6 7 9", 1, "forged 1"},
		{"hypervisor family in the shim's part", "dragonball", guest + dragonball + shim + "kata_hypervisor_vcpu{cpu_id=\"0\",item=\"failures\"} 1\n", "5 6 7 9", 1, "forged 1"},
		{"new family of the shim", "clh", guest + shim + "kata_shim_new 1\n", "7 9", 1, "unknown 1"},
		{"family of Go in the shim's part", "clh", guest + shim + "go_threads 1\n", "7 9", 1, "unknown 1"},
	} {
		settings := settingsFor(t, "prometheus")
		reading := newReading()
		if err := New(catalog.Rust, test.hypervisor, settings).Read(strings.NewReader(test.text), reading); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var got []string
		for _, value := range hostPoints(settings, reading) {
			value, _, _ = strings.Cut(value, " ")
			got = append(got, value)
		}
		slices.Sort(got)
		guests := len(reading.Points) - len(got)
		if strings.Join(got, " ") != test.want || guests != test.guests || dropped(reading) != test.dropped {
			t.Errorf("%s: values %v, %d of the guest, dropped %q, want %s, %d, %q", test.name, got, guests, dropped(reading), test.want, test.guests, test.dropped)
		}
	}
}

// TestDragonballAlone: the shim's own part comes last, so an answer that ends
// before it is not one of a shim.
func TestDragonballAlone(t *testing.T) {
	body := "kata_agent_threads 3\n" + hypervisorMark + "x\nkata_hypervisor_scrape_count 5\n"
	reading := newReading()
	err := New(catalog.Rust, "dragonball", settingsFor(t, "prometheus")).Read(strings.NewReader(body), reading)
	if sandbox.OutcomeOf(err) != sandbox.Malformed || len(reading.Points) != 0 {
		t.Errorf("%d points, error %v", len(reading.Points), err)
	}
}

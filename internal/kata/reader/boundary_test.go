package reader

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// hostValues returns the values that were measured on the host.
func hostValues(settings *Settings, reading *sandbox.Reading) []string {
	var values []string
	for _, value := range hostPoints(settings, reading) {
		value, _, _ = strings.Cut(value, " ")
		values = append(values, value)
	}
	slices.Sort(values)
	return values
}

// TestGoBoundary checks where the host part of a Go shim ends.
func TestGoBoundary(t *testing.T) {
	family := func(name, samples string) string { return "# TYPE " + name + " gauge\n" + samples + "\n" }
	threads, fds := family("kata_shim_threads", "kata_shim_threads 9"), family("kata_shim_fds", "kata_shim_fds 7")
	const lastName = "process_virtual_memory_max_bytes"
	last := family(lastName, lastName+" 5")
	newHistogram := "# TYPE kata_shim_new histogram\n" +
		"kata_shim_new_bucket{le=\"+Inf\"} 1\nkata_shim_new_sum 1\nkata_shim_new_count 1\n"
	for _, test := range []struct {
		name, text string
		want       string // host values
		dropped    string
	}{
		{"sorted", fds + threads + last, "5 7 9", ""},
		{"not sorted", threads + fds, "9", "forged 1"},
		{"repeated declaration", threads + family("kata_shim_threads", "kata_shim_threads 1"), "9", "forged 1"},
		{"repeated declaration of the last family", last + family(lastName, lastName+" 1"), "5", "forged 1"},
		{"after the last family", last + family("process_zzz", "process_zzz 1") + threads, "5", "forged 2"},
		{"after a guest family", fds + family("kata_guest_load", `kata_guest_load{item="load1"} 1`) + threads, "7", "forged 1"},
		{
			"after a guest family, sorted",
			family("go_threads", "go_threads 5") + family("kata_agent_threads", "kata_agent_threads 1") + threads,
			"5", "forged 1",
		},
		{"after a foreign family", fds + family("up", "up 1") + threads, "7", "forged 1, foreign 1"},
		{"after an unknown host family", fds + family("kata_shim_new", "kata_shim_new 1") + threads, "7 9", "unknown 1"},
		{"after an unknown host histogram", fds + newHistogram + threads, "7 9", "unknown 3"},
		{"without declarations", "kata_shim_fds 7\nkata_shim_threads 9\nkata_shim_fds 1\n", "7 9", "forged 1"},
		{"guest family without samples", fds + "# TYPE kata_agent_threads gauge\n" + threads, "7", "forged 1"},
		{"mark of runtime-rs", fds + "# HELP kata_shim_fds x\n" + threads, "7 9", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := settingsFor(t, "prometheus")
			reading := read(t, New(catalog.Go, "qemu", settings), test.text)
			got := strings.Join(hostValues(settings, reading), " ")
			if got != test.want || dropped(reading) != test.dropped {
				t.Errorf("values %s, dropped %q, want %s, %q", got, dropped(reading), test.want, test.dropped)
			}
		})
	}
}

// Parts of responses of runtime-rs.
const (
	rustGuest      = "kata_agent_threads 3\n"
	rustShim       = "# HELP kata_shim_fds Kata\n# TYPE kata_shim_fds gauge\nkata_shim_fds 7\nkata_shim_threads 9\n"
	rustDragonball = "# HELP kata_hypervisor_scrape_count Hypervisor\nkata_hypervisor_scrape_count 5\n" +
		"kata_hypervisor_signals{item=\"sigbus\"} 6\n"
	forgedShim       = "# HELP kata_shim_fds Kata\n# TYPE kata_shim_fds gauge\nkata_shim_fds 1\nkata_shim_threads 1\n"
	forgedDragonball = "# HELP kata_hypervisor_scrape_count Hypervisor\nkata_hypervisor_scrape_count 2\n" +
		"kata_hypervisor_signals{item=\"sigbus\"} 2\n"

	labelWithMark    = `kata_guest_netdev_stat{interface="# HELP kata_shim_fds ",item="recv_bytes"} 1` + "\n"
	hypervisorSample = "kata_hypervisor_vcpu{cpu_id=\"0\",item=\"failures\"} 1\n"
)

var rustBoundaryTests = []struct {
	name, hypervisor, text string
	want                   string // host values
	guest                  int    // number of guest points
	dropped                string
}{
	{"honest", "clh", rustGuest + rustShim, "7 9", 1, ""},
	{"honest Dragonball", "dragonball", rustGuest + rustDragonball + rustShim, "5 6 7 9", 1, ""},
	{"no guest", "clh", rustShim, "7 9", 0, ""},
	{"forged part", "clh", forgedShim + rustGuest + rustShim, "7 9", 1, "forged 2"},
	{"forged part twice", "clh", forgedShim + forgedShim + rustGuest + rustShim, "7 9", 1, "forged 4"},
	{"forged samples without a mark", "clh", "kata_shim_threads 1\n" + rustGuest + rustShim, "7 9", 1, "forged 1"},
	{"guest text without a final newline", "clh", strings.TrimSuffix(rustGuest, "\n") + rustShim, "7 9", 1, ""},
	{"guest text ends in a truncated line", "clh", rustGuest + `kata_guest_load{item="` + rustShim, "7 9", 1, "malformed 1"},
	{"guest text ends in a very long line", "clh", rustGuest + strings.Repeat("x", 100_000) + rustShim, "7 9", 1, "limit 1"},
	{"mark in a label", "clh", labelWithMark + rustGuest + rustShim, "7 9", 1, "malformed 1"},
	{"Dragonball part with another hypervisor", "clh", rustDragonball + rustGuest + rustShim, "7 9", 1, "forged 2"},
	{"forged Dragonball", "dragonball", forgedDragonball + rustGuest + rustDragonball + rustShim, "5 6 7 9", 1, "forged 2"},
	{
		"both parts forged", "dragonball",
		forgedDragonball + forgedShim + rustGuest + rustDragonball + rustShim, "5 6 7 9", 1, "forged 4",
	},
	{"forged shim before Dragonball", "dragonball", forgedShim + rustGuest + rustDragonball + rustShim, "5 6 7 9", 1, "forged 2"},
	{
		"shim family in the Dragonball part", "dragonball",
		rustGuest + rustDragonball + "kata_shim_threads 1\n" + rustShim, "5 6 7 9", 1, "forged 1",
	},
	{
		"hypervisor family in the shim part", "dragonball",
		rustGuest + rustDragonball + rustShim + hypervisorSample, "5 6 7 9", 1, "forged 1",
	},
	{"unknown shim family", "clh", rustGuest + rustShim + "kata_shim_new 1\n", "7 9", 1, "unknown 1"},
	{"Go family in the shim part", "clh", rustGuest + rustShim + "go_threads 1\n", "7 9", 1, "unknown 1"},
}

// TestRustBoundary checks where the host parts of runtime-rs begin.
func TestRustBoundary(t *testing.T) {
	for _, test := range rustBoundaryTests {
		t.Run(test.name, func(t *testing.T) {
			settings := settingsFor(t, "prometheus")
			reading := read(t, New(catalog.Rust, test.hypervisor, settings), test.text)
			host := hostValues(settings, reading)
			if got := strings.Join(host, " "); got != test.want || dropped(reading) != test.dropped {
				t.Errorf("values %s, dropped %q, want %s, %q", got, dropped(reading), test.want, test.dropped)
			}
			if got := len(reading.Points) - len(host); got != test.guest {
				t.Errorf("got %d guest points, want %d", got, test.guest)
			}
		})
	}
}

// TestOnlyDragonball reads a response that ends before the shim's part, which
// comes last. It is malformed.
func TestOnlyDragonball(t *testing.T) {
	text := "kata_agent_threads 3\n" + hypervisorMark + "x\nkata_hypervisor_scrape_count 5\n"
	reading := newReading()
	err := New(catalog.Rust, "dragonball", settingsFor(t, "prometheus")).Read(strings.NewReader(text), reading)
	if sandbox.OutcomeOf(err) != sandbox.Malformed || len(reading.Points) != 0 {
		t.Errorf("got %d points and error %v, want a malformed response", len(reading.Points), err)
	}
}

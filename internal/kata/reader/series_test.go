package reader

import (
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// TestSeries checks that each series that was ever delivered is told once.
func TestSeries(t *testing.T) {
	settings := settingsFor(t, "otel")
	r := New(catalog.Go, "qemu", settings)
	pull(t, r, `kata_guest_netdev_stat{interface="a",item="recv_bytes"} 5`, "kata_agent_threads 1")
	pull(t, r, `kata_guest_netdev_stat{interface="b",item="recv_bytes"} 5`, "kata_agent_threads NaN")
	r.ReadPassive([]Sample{{Family: "kata_cgroup_memory", Item: "usage", Value: 1}}, newReading())
	// Not delivered, because the answer had no host part.
	if err := r.Read(strings.NewReader("kata_agent_scrape_count 5\n"), newReading()); err == nil {
		t.Fatal("no error")
	}
	reading := newReading()
	r.AppendSeries(reading)
	var got []string
	for series := range points(settings, reading) {
		got = append(got, series)
	}
	slices.Sort(got)
	want := []string{
		"kata.agent.thread.count{}", "kata.cgroup.memory.usage{}",
		"kata.guest.network.io{network.interface.name=a,network.io.direction=receive}",
		"kata.guest.network.io{network.interface.name=b,network.io.direction=receive}", "kata.shim.thread.count{}",
	}
	if !slices.Equal(got, want) {
		t.Errorf("series %q\nwant %q", got, want)
	}
	checkGrouped(t, settings, reading)

	reading = newReading()
	if r.AppendSeries(reading); len(reading.Points) != 0 {
		t.Errorf("%d series are told twice", len(reading.Points))
	}
	if got := guestValues(pull(t, r, "kata_agent_threads 2")); got != "2" {
		t.Errorf("values %q after the series ended, want 2", got)
	}
}

// TestSeriesWithDistributions checks the ends of series with every shape.
func TestSeriesWithDistributions(t *testing.T) {
	settings := settingsFor(t, "prometheus")
	r := New(catalog.Go, "qemu", settings)
	reading := newReading()
	if err := r.Read(strings.NewReader(hostText(catalog.Go, "qemu")+guestText(catalog.Go)), reading); err != nil {
		t.Fatal(err)
	}
	ends := newReading()
	r.AppendSeries(ends)
	got, want := points(settings, ends), points(settings, reading)
	if len(got) != len(want) {
		t.Errorf("%d series end, want %d", len(got), len(want))
	}
	for series := range want {
		if _, found := got[series]; !found {
			t.Errorf("%s does not end", series)
		}
	}
}

func TestTable(t *testing.T) {
	var all table
	const count = 1000
	for i := range count {
		key := makeKey(uint16(i%7), valueID(i), valueID(i/3))
		if all.find(key) != nil {
			t.Fatalf("entry %d is there before it was added", i)
		}
		all.add(key, i%2 == 0).value = float64(i)
	}
	check := func(step int) {
		t.Helper()
		for i := 0; i < count; i += step {
			entry := all.find(makeKey(uint16(i%7), valueID(i), valueID(i/3)))
			if entry == nil || entry.value != float64(i) {
				t.Fatalf("entry %d: %v", i, entry)
			}
		}
	}
	check(1)
	check(17)
	all.sort(func(row uint16) uint16 { return row })
	all.removeIf(func(s *series) bool { return s.guest })
	if all.guest != 0 || all.host != count/2 || len(all.entries) != count/2 {
		t.Errorf("%d guest, %d host, %d entries", all.guest, all.host, len(all.entries))
	}
	for i := range count {
		found := all.find(makeKey(uint16(i%7), valueID(i), valueID(i/3))) != nil
		if found != (i%2 == 1) {
			t.Errorf("entry %d is there: %v", i, found)
		}
	}
	all.sort(func(row uint16) uint16 { return 6 - row })
	if len(all.order) != len(all.entries) {
		t.Fatalf("%d of %d entries are in order", len(all.order), len(all.entries))
	}
	for i := 1; i < len(all.order); i++ {
		if a, b := all.entries[all.order[i-1]].key, all.entries[all.order[i]].key; a.row() < b.row() {
			t.Fatalf("rows %d, %d are out of order", a.row(), b.row())
		}
	}
}

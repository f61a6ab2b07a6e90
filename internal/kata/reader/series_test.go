package reader

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
)

// TestAppendSeries checks that each emitted series is appended exactly once.
func TestAppendSeries(t *testing.T) {
	settings := settingsFor(t, "otel")
	r := New(catalog.Go, "qemu", settings)
	pull(t, r, `kata_guest_netdev_stat{interface="a",item="recv_bytes"} 5`, "kata_agent_threads 1")
	pull(t, r, `kata_guest_netdev_stat{interface="b",item="recv_bytes"} 5`, "kata_agent_threads NaN")
	r.ReadPassive([]Sample{{Family: "kata_cgroup_memory", Item: "usage", Value: 1}}, newReading())
	// Not emitted, because the response has no host part.
	if err := r.Read(strings.NewReader("kata_agent_scrape_count 5\n"), newReading()); err == nil {
		t.Fatal("no error for a response without a host part")
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
		t.Errorf("%d series are appended twice", len(reading.Points))
	}
	if got := guestValues(pull(t, r, "kata_agent_threads 2")); got != "2" {
		t.Errorf("values %q after AppendSeries, want 2", got)
	}
}

// TestAppendAllSeries checks that series of every row are appended.
func TestAppendAllSeries(t *testing.T) {
	settings := settingsFor(t, "prometheus")
	r := New(catalog.Go, "qemu", settings)
	reading := read(t, r, goHost+honestGuest)
	appended := newReading()
	r.AppendSeries(appended)
	got, want := points(settings, appended), points(settings, reading)
	if len(got) != len(want) {
		t.Errorf("got %d series, want %d", len(got), len(want))
	}
	for series := range want {
		if _, found := got[series]; !found {
			t.Errorf("%s is missing", series)
		}
	}
}

func TestTable(t *testing.T) {
	var all table
	const count = 1000
	for i := range count {
		key := makeKey(uint16(i%7), valueID(i), valueID(i/3))
		if all.find(key) != nil {
			t.Fatalf("entry %d is found before it is added", i)
		}
		all.add(key, i%2 == 0).value = float64(i)
	}
	check := func(step int) {
		t.Helper()
		for i := 0; i < count; i += step {
			entry := all.find(makeKey(uint16(i%7), valueID(i), valueID(i/3)))
			if entry == nil || entry.value != float64(i) {
				t.Fatalf("entry %d is %v, want value %d", i, entry, i)
			}
		}
	}
	check(1)
	check(17)
	all.sort(func(row uint16) uint16 { return row })
	all.removeIf(func(s *series) bool { return s.guest })
	if all.guest != 0 || all.host != count/2 || len(all.entries) != count/2 {
		t.Errorf("got %d guest and %d host series in %d entries", all.guest, all.host, len(all.entries))
	}
	for i := range count {
		found := all.find(makeKey(uint16(i%7), valueID(i), valueID(i/3))) != nil
		if found != (i%2 == 1) {
			t.Errorf("entry %d is found: %v", i, found)
		}
	}
	all.sort(func(row uint16) uint16 { return 6 - row })
	if len(all.order) != len(all.entries) {
		t.Fatalf("%d of %d entries are ordered", len(all.order), len(all.entries))
	}
	for i := 1; i < len(all.order); i++ {
		if a, b := all.entries[all.order[i-1]].key, all.entries[all.order[i]].key; a.row() < b.row() {
			t.Fatalf("rows %d and %d are out of order", a.row(), b.row())
		}
	}
}

// TestSeriesAreSpreadOverTheSlots checks that a search for a series is short. With
// all series in a few slots, the table would work, but slowly.
func TestSeriesAreSpreadOverTheSlots(t *testing.T) {
	var all table
	random := rand.New(rand.NewPCG(1, 2))
	homes := map[int]bool{}
	var keys []seriesKey
	for range 1000 {
		key := makeKey(uint16(random.IntN(100)), valueID(random.IntN(1000)), valueID(random.IntN(1000)))
		if all.find(key) == nil {
			all.add(key, true)
			keys = append(keys, key)
		}
	}
	for _, key := range keys {
		homes[all.home(key)] = true
	}
	if len(homes) < len(keys)/4 {
		t.Errorf("%d series begin in %d of %d slots", len(keys), len(homes), len(all.slots))
	}
}

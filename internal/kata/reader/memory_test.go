package reader

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// pull reads an answer with these lines of the guest.
func pull(t *testing.T, r *Reader, lines ...string) *sandbox.Reading {
	t.Helper()
	reading := newReading()
	body := miniGo + "# TYPE kata_guest_load gauge\n" + strings.Join(lines, "\n") + "\n"
	if err := r.Read(strings.NewReader(body), reading); err != nil {
		t.Fatal(err)
	}
	return reading
}

// guestValues are the values of the guest's points.
func guestValues(reading *sandbox.Reading) string {
	var values []string
	for i := range reading.Points {
		if reading.Points[i].Family.Origin == sandbox.Guest {
			values = append(values, fmt.Sprint(reading.Points[i].Value.AsFloat()))
		}
	}
	slices.Sort(values)
	return strings.Join(values, " ")
}

func TestRegress(t *testing.T) {
	const counting, level = `kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} `, "kata_agent_threads "
	for _, test := range []struct {
		name         string
		naming       sandbox.Naming
		prefix       string
		values, want []string // by pull; want "-" is dropped
	}{
		{"grows", "otel", counting, []string{"5", "5", "7"}, []string{"5", "5", "7"}},
		{"starts anew", "otel", counting, []string{"100", "3", "4"}, []string{"100", "-", "4"}},
		{"only dips", "otel", counting, []string{"100", "99", "101"}, []string{"100", "-", "101"}},
		{"keeps falling", "otel", counting, []string{"100", "9", "8", "8"}, []string{"100", "-", "-", "8"}},
		{"level", "otel", level, []string{"5", "3", "1"}, []string{"5", "3", "1"}},
		{"called a gauge", "prometheus", counting, []string{"100", "3"}, []string{"100", "3"}},
		{"called a counter", "prometheus", "kata_agent_scrape_count ", []string{"100", "3", "4"}, []string{"100", "-", "4"}},
	} {
		settings := settingsFor(t, test.naming)
		r := New(catalog.Go, "qemu", settings)
		for i, value := range test.values {
			reading := pull(t, r, test.prefix+value)
			want, wantDropped := test.want[i], ""
			if want == "-" {
				want, wantDropped = "", "regressed 1"
			}
			if got := guestValues(reading); got != want || dropped(reading) != wantDropped {
				t.Errorf("%s: pull %d: values %q, dropped %q, want %q, %q", test.name, i, got, dropped(reading), want, wantDropped)
			}
		}
	}
}

// TestRegressBeforeDelivery: a value that was read, but never delivered, is no
// last value.
func TestRegressBeforeDelivery(t *testing.T) {
	settings := settingsFor(t, "otel")
	r := New(catalog.Rust, "clh", settings)
	const counting = `kata_guest_netdev_stat{interface="eth0",item="recv_bytes"} `
	if err := r.Read(strings.NewReader(counting+"100\n"), newReading()); err == nil {
		t.Fatal("no error for an answer without a host part")
	}
	reading := newReading()
	if err := r.Read(strings.NewReader(counting+"5\n"+miniRust), reading); err != nil {
		t.Fatal(err)
	}
	if got := guestValues(reading); got != "5" || dropped(reading) != "" {
		t.Errorf("values %q, dropped %q", got, dropped(reading))
	}
}

func TestHistogramRegress(t *testing.T) {
	settings := settingsFor(t, "otel", func(o *Options) { o.FilterFamily = []string{histogramName} })
	r := New(catalog.Go, "qemu", settings)
	for i, count := range []float64{3, 4, 2, 2} {
		reading := newReading()
		body := "# TYPE " + histogramName + " histogram\n" + histogramText("wait", slices.Repeat([]float64{count}, 11), "8", fmt.Sprint(count))
		if err := r.Read(strings.NewReader(body), reading); err != nil {
			t.Fatal(err)
		}
		want := 1
		if i == 2 {
			want = 0
		}
		if len(reading.Points) != want {
			t.Errorf("pull %d: %d points, want %d", i, len(reading.Points), want)
		} else if want == 1 && reading.Points[0].Distribution.Count != uint64(count) {
			t.Errorf("pull %d: count %d, want %v", i, reading.Points[0].Distribution.Count, count)
		}
	}
	if len(r.distributions) != 1 {
		t.Errorf("%d distributions for one series", len(r.distributions))
	}
}

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

// TestSteadyMemory checks that equal answers make a reader grow once only, and
// that a default reader is small.
func TestSteadyMemory(t *testing.T) {
	settings := settingsFor(t, "otel", func(o *Options) { o.Families = "default" })
	r := New(catalog.Go, "qemu", settings)
	body := hostText(catalog.Go, "qemu") + guestText(catalog.Go)
	sizes := func() [5]int {
		return [5]int{cap(r.table.entries), len(r.table.slots), cap(r.table.order), len(r.texts.entries), len(r.distributions)}
	}
	var first [5]int
	for i := range 3 {
		if err := r.Read(strings.NewReader(body), newReading()); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = sizes()
		}
	}
	if got := sizes(); got != first {
		t.Errorf("sizes %v after three answers, %v after one", got, first)
	}
	bytes := int(unsafe.Sizeof(*r)) + first[0]*int(unsafe.Sizeof(series{})) + 2*first[1] + 2*first[2]
	if bytes > 8<<10 {
		t.Errorf("a reader takes %d bytes with the default preset", bytes)
	}
}

// TestTextsAreShared checks that a text of two sandboxes is there once.
func TestTextsAreShared(t *testing.T) {
	settings := settingsFor(t, "otel")
	text := func() string {
		reading := pull(t, New(catalog.Go, "qemu", settings), `kata_guest_netdev_stat{interface="shared0",item="recv_bytes"} 5`)
		for i := range reading.Points {
			if len(reading.Points[i].Labels) == 1 {
				return reading.Points[i].Labels[0]
			}
		}
		return ""
	}
	a, b := text(), text()
	if a != "shared0" || unsafe.StringData(a) != unsafe.StringData(b) {
		t.Errorf("%q and %q are two texts", a, b)
	}
}

// limited are settings with small limits.
func limited(t *testing.T, change func(*limits)) *Settings {
	t.Helper()
	settings := settingsFor(t, "otel", func(o *Options) { o.Unknown = "gauge" })
	change(&settings.limits)
	return settings
}

func interfaces(from, to int) (lines []string) {
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf(`kata_guest_netdev_stat{interface="if%d",item="recv_bytes"} %d`, i, 1000+i))
	}
	return lines
}

func TestLimits(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(*limits)
		lines   []string
		points  int // of the guest
		dropped string
	}{
		{"series", func(l *limits) { l.guestSeries = 3 }, interfaces(0, 5), 3, "limit 2"},
		{"texts", func(l *limits) { l.guestTexts = 4 }, interfaces(0, 5), 4, "limit 1"},
		{"families", func(l *limits) { l.unknownFamilies = 2 }, []string{"kata_guest_a 1", "kata_guest_b 1", "kata_guest_c 1", `kata_guest_b{item="x"} 1`}, 2, "limit 2"},
		{"host series", func(l *limits) { l.hostSeries = 0 }, interfaces(0, 5), 5, "limit 1"},
	} {
		settings := limited(t, test.change)
		reading := pull(t, New(catalog.Go, "qemu", settings), test.lines...)
		got := len(strings.Fields(guestValues(reading)))
		if got != test.points || dropped(reading) != test.dropped {
			t.Errorf("%s: %d points, dropped %q, want %d, %q", test.name, got, dropped(reading), test.points, test.dropped)
		}
	}
}

// TestHostLimitsOfRust checks that the held part is bounded, and that a forged
// one leaves room for the true one.
func TestHostLimitsOfRust(t *testing.T) {
	settings := limited(t, func(l *limits) { l.hostSeries = 4 })
	vcpus := func(from int) (text string) {
		text = hypervisorMark + "\n"
		for i := range 4 {
			text += fmt.Sprintf("kata_hypervisor_vcpu{cpu_id=%q,item=\"failures\"} 1\n", fmt.Sprint(from+i))
		}
		return text
	}
	reading := newReading()
	body := vcpus(100) + "kata_hypervisor_signals{item=\"sigbus\"} 1\n" + vcpus(0) + miniRust
	if err := New(catalog.Rust, "dragonball", settings).Read(strings.NewReader(body), reading); err != nil {
		t.Fatal(err)
	}
	if got := dropped(reading); got != "forged 4, limit 3" {
		t.Errorf("dropped %q", got)
	}
	for series := range points(settings, reading) {
		if strings.Contains(series, "cpu.logical_number=10") {
			t.Errorf("%s was forged", series)
		}
	}
}

// TestMakingRoom lets a guest's labels change at every pull: only a few new
// ones come through each time, and the ones that stay are not lost.
func TestMakingRoom(t *testing.T) {
	settings := limited(t, func(l *limits) { l.guestTexts, l.evictedTexts = 10, 2 })
	r := New(catalog.Go, "qemu", settings)
	stay := interfaces(0, 5)
	if got := len(strings.Fields(guestValues(pull(t, r, slices.Concat(stay, interfaces(100, 105))...)))); got != 10 {
		t.Fatalf("%d points, want 10", got)
	}
	for i := range 20 {
		from := 1000 * (i + 1)
		reading := pull(t, r, slices.Concat(stay, interfaces(from, from+5))...)
		values := strings.Fields(guestValues(reading))
		for n := range 5 {
			if !slices.Contains(values, fmt.Sprint(1000+n)) {
				t.Fatalf("pull %d: a series that stays is missing: %v", i, values)
			}
		}
		// The first finds no text that the last pull lacked.
		want := 2
		if i == 0 {
			want = 0
		}
		if got := len(values) - 5; got != want {
			t.Errorf("pull %d: %d new series, want %d", i, got, want)
		}
		if got := len(r.texts.ids); got > 10 || len(r.texts.entries) > 10 || r.texts.guest != got {
			t.Errorf("pull %d: %d texts, %d counted", i, got, r.texts.guest)
		}
		if r.table.guest+r.table.host != len(r.table.entries) {
			t.Errorf("pull %d: %d and %d series counted, of %d", i, r.table.guest, r.table.host, len(r.table.entries))
		}
	}
}

// hostInterface is an answer in which the host has an interface.
func hostInterface(name string) string {
	return "# TYPE kata_hypervisor_netdev gauge\nkata_hypervisor_netdev{interface=\"" + name + "\",item=\"recv_bytes\"} 1\n" + miniGo
}

// TestTextsOfTheHostStay checks that the guest's labels make no room at the
// expense of the host's.
func TestTextsOfTheHostStay(t *testing.T) {
	settings := limited(t, func(l *limits) { l.guestTexts, l.evictedTexts = 1, 1 })
	r := New(catalog.Go, "qemu", settings)
	for _, name := range []string{"host0", "if0"} { // the guest has the second as well
		if err := r.Read(strings.NewReader(hostInterface(name)), newReading()); err != nil {
			t.Fatal(err)
		}
	}
	pull(t, r, interfaces(0, 1)...)
	pull(t, r)
	for i := 1; i < 4; i++ {
		// Both texts of the host are older than the guest's.
		if got := guestValues(pull(t, r, interfaces(i, i+1)...)); got != fmt.Sprint(1000+i) {
			t.Errorf("values %q of interface %d", got, i)
		}
		pull(t, r)
	}
	if r.texts.guest != 1 || r.texts.host != 2 {
		t.Errorf("%d texts of the guest and %d of the host, want 1 and 2", r.texts.guest, r.texts.host)
	}
	ends := newReading()
	r.AppendSeries(ends)
	all := points(settings, ends)
	for _, name := range []string{"host0", "if0"} {
		if _, found := all["kata.hypervisor.network.io{network.interface.name="+name+",network.io.direction=receive}"]; !found {
			t.Errorf("the host's series of %s got lost: %v", name, all)
		}
	}
}

// TestTextOfBothStays checks that a text stays for the host which the guest had
// first and has lost.
func TestTextOfBothStays(t *testing.T) {
	settings := limited(t, func(l *limits) { l.guestTexts, l.evictedTexts = 1, 1 })
	r := New(catalog.Go, "qemu", settings)
	pull(t, r, interfaces(0, 1)...)
	if err := r.Read(strings.NewReader(hostInterface("if0")), newReading()); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"", "1001", "1001"} {
		if got := guestValues(pull(t, r, interfaces(1, 2)...)); got != want {
			t.Errorf("pull %d: values %q, want %q", i, got, want)
		}
	}
	ends := newReading()
	r.AppendSeries(ends)
	if _, found := points(settings, ends)["kata.hypervisor.network.io{network.interface.name=if0,network.io.direction=receive}"]; !found {
		t.Errorf("the host's series got lost: %v", points(settings, ends))
	}
}

func TestHostTextLimit(t *testing.T) {
	settings := limited(t, func(l *limits) { l.hostTexts = 1 })
	r := New(catalog.Go, "qemu", settings)
	for i, want := range []string{"", "limit 1"} {
		reading := newReading()
		if err := r.Read(strings.NewReader(hostInterface(fmt.Sprint("host", i))), reading); err != nil || dropped(reading) != want {
			t.Errorf("interface %d: dropped %q, want %q; error %v", i, dropped(reading), want, err)
		}
	}
}

func TestTable(t *testing.T) {
	var all table
	const count = 1000
	for i := range count {
		key := makeKey(uint16(i%7), textID(i), textID(i/3))
		if all.find(key) != nil {
			t.Fatalf("entry %d is there before it was added", i)
		}
		all.add(key, i%2 == 0).value = float64(i)
	}
	check := func(step int) {
		t.Helper()
		for i := 0; i < count; i += step {
			entry := all.find(makeKey(uint16(i%7), textID(i), textID(i/3)))
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
		found := all.find(makeKey(uint16(i%7), textID(i), textID(i/3))) != nil
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

func TestPassive(t *testing.T) {
	samples := []Sample{
		{"kata_shim_threads", "", "", 9},
		{"kata_shim_proc_status", "vmrss", "", 100},
		{"kata_hypervisor_proc_status", "vmrss", "", 4096},
		{"kata_hypervisor_proc_stat", "utime", "", 12},
		{"kata_hypervisor_netdev", "recv_bytes", "eth0", 5},
		{"kata_hypervisor_netdev", "sent_bytes", "eth0", 6},
		{"kata_hypervisor_netdev", "recv_bytes", "lo", 7},
		{"kata_cgroup_cpu", "user", "", 1.5},
		// These do not come through.
		{"kata_shim_proc_status", "vmfoo", "", 1},
		{"kata_shim_foo", "", "", 1},
		{"kata_guest_load", "load1", "", 1},
		{"kata_hypervisor_proc_stat", "stime", "", -1},
		{"kata_hypervisor_threads", "", "", 0},
		{"kata_shim_fds", "", "", 1 / zero},
		{"kata_hypervisor_netdev", "recv_bytes", "\xff", 7},
	}
	for flavor, shimMemory := range map[catalog.Flavor]string{catalog.Go: "100", catalog.Rust: "102400"} {
		want := []string{
			"kata.cgroup.cpu.time{cpu.mode=user} 1.5", "kata.hypervisor.cpu.time{cpu.mode=user} 0.12", "kata.hypervisor.memory.usage{} 4096",
			"kata.hypervisor.network.io{network.interface.name=eth0,network.io.direction=receive} 5",
			"kata.hypervisor.network.io{network.interface.name=eth0,network.io.direction=transmit} 6",
			"kata.hypervisor.network.io{network.interface.name=lo,network.io.direction=receive} 7",
			"kata.shim.memory.usage{} " + shimMemory, "kata.shim.thread.count{} 9",
		}
		settings := settingsFor(t, "otel")
		r := New(flavor, "qemu", settings)
		for range 2 {
			reading := newReading()
			r.ReadPassive(samples, reading)
			var got []string
			for i := range reading.Points {
				point := &reading.Points[i]
				form := &point.Family.OTel
				single := *reading
				single.Points = single.Points[i : i+1]
				for series := range points(settings, &single) {
					got = append(got, fmt.Sprintf("%s %v", series, point.Value.Scaled(form.Scale).AsFloat()))
				}
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%v: got %q\nwant %q", flavor, got, want)
			}
			if got := dropped(reading); got != "bad_label 1, negative 1" {
				t.Errorf("dropped %q", got)
			}
			checkGrouped(t, settings, reading)
		}
	}
}

var zero float64

func TestPassiveDuplicate(t *testing.T) {
	settings := settingsFor(t, "prometheus")
	reading := newReading()
	New(catalog.Go, "qemu", settings).ReadPassive([]Sample{{Family: "kata_shim_threads", Value: 9}, {Family: "kata_shim_threads", Value: 8}}, reading)
	if len(reading.Points) != 1 || reading.Points[0].Value != sandbox.Int(9) || dropped(reading) != "duplicate 1" {
		t.Errorf("points %v, dropped %q", points(settings, reading), dropped(reading))
	}
}

// TestAdopted checks the option to pass families on that the catalog lacks.
func TestAdopted(t *testing.T) {
	for _, naming := range sandbox.Namings {
		settings := settingsFor(t, naming, func(o *Options) { o.Unknown = "gauge" })
		prefix := map[sandbox.Naming]string{"otel": "kata.unknown.", "prometheus": ""}[naming]
		r := New(catalog.Go, "qemu", settings)
		for range 2 {
			reading := newReading()
			body := "# TYPE kata_shim_new gauge\nkata_shim_new 1\n" + miniGo + `# TYPE kata_guest_new counter
kata_guest_new 5
kata_guest_new 6
kata_guest_new{item="b",interface="a"} 7
kata_guest_new{interface="a",item="b"} 7
kata_guest_new{interface="a",item="c"} 8
kata_guest_new{sandbox_id="x"} 1
kata_guest_new{item="a",cpu="b",disk="c"} 1
kata_guest_new{item="\n"} 1
kata_guest_new NaN
kata_guest_new 1 2
kata_agent_new -3
kata_shim_newer 1
go_new 1
up 1
`
			if err := r.Read(strings.NewReader(body), reading); err != nil {
				t.Fatal(err)
			}
			got := points(settings, reading)
			for series, value := range map[string]string{
				"kata_shim_new{}": "1", "kata_guest_new{}": "5", "kata_agent_new{}": "-3",
				"kata_guest_new{interface=a,item=b}": "7", "kata_guest_new{interface=a,item=c}": "8",
			} {
				if want := value + " kind 0 origin 1"; got[prefix+series] != want {
					t.Errorf("%s: %s is %q, want %q", naming, series, got[prefix+series], want)
				}
			}
			if want := "forged 2, foreign 1, bad_label 3, duplicate 2, non_finite 1, timestamped 1"; dropped(reading) != want {
				t.Errorf("%s: dropped %q, want %q", naming, dropped(reading), want)
			}
			checkGrouped(t, settings, reading)
		}
	}
	// A filter holds for them as well, by the names of kata-monitor.
	settings := settingsFor(t, "prometheus", func(o *Options) { o.Unknown, o.FilterFamily = "gauge", []string{"kata_guest_n", "kata_shim_go_n"} })
	reading := newReading()
	body := "# TYPE go_new gauge\ngo_new 4\n" + miniGo + "# TYPE kata_guest_new gauge\nkata_guest_new 5\nkata_guest_other 6\n"
	if err := New(catalog.Go, "qemu", settings).Read(strings.NewReader(body), reading); err != nil {
		t.Fatal(err)
	}
	if got := guestValues(reading); got != "4 5" {
		t.Errorf("values %q, want those of go_new and kata_guest_new", got)
	}
}

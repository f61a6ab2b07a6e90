package catalog

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// eachRow calls a function with every row of both catalogs.
func eachRow(visit func(flavor Flavor, text *TextFamily, row *Row)) {
	for flavor := range flavorCount {
		for _, text := range For(flavor).Families {
			for row := range text.Rows {
				visit(flavor, text, row)
			}
		}
	}
}

func TestIndexes(t *testing.T) {
	for flavor := range flavorCount {
		c := For(flavor)
		count := 0
		for _, text := range c.Families {
			for row := range text.Rows {
				count++
				if c.Rows[row.Index] != row {
					t.Errorf("%v: row %d is not at its index", flavor, row.Index)
				}
			}
			if !slices.IsSortedFunc(text.Items, func(a, b Row) int { return strings.Compare(a.Item, b.Item) }) {
				t.Errorf("%v: items of %s are not in order", flavor, text.Name)
			}
		}
		if count != len(c.Rows) {
			t.Errorf("%v: %d rows have an index, want %d", flavor, len(c.Rows), count)
		}
	}
}

func TestSections(t *testing.T) {
	sections := map[Section]string{
		Guest:      "kata_agent_ kata_guest_",
		Hypervisor: "kata_hypervisor_",
		Shim:       "go_ kata_cgroup_ kata_firecracker_ kata_shim_ kata_virtiofsd_ process_",
	}
	for flavor := range flavorCount {
		for _, text := range For(flavor).Families {
			if !hasPrefix([]byte(text.Name), strings.Fields(sections[text.Section])) {
				t.Errorf("%s is in section %v", text.Name, text.Section)
			}
			inGuest := text.Section == Guest
			if text.InText && (inGuest != IsGuestName([]byte(text.Name)) || !inGuest != IsHostName([]byte(text.Name))) {
				t.Errorf("%s is in section %v, which does not match its name", text.Name, text.Section)
			}
		}
	}
	if got := For(Go).LastHost; got != "process_virtual_memory_max_bytes" {
		t.Errorf("last host family is %s", got)
	}
}

func TestHostAndGuestNames(t *testing.T) {
	for name, want := range map[string][2]bool{
		"": {}, "up": {}, "go_": {}, "kata_monitor_x": {},
		"go_x":         {true, false},
		"kata_guest_x": {false, true},
	} {
		if got := [2]bool{IsHostName([]byte(name)), IsGuestName([]byte(name))}; got != want {
			t.Errorf("%q: host and guest name %v, want %v", name, got, want)
		}
	}
}

// TestLabelsOfRustHostFamilies checks that host families of runtime-rs have no
// labels whose values must be stored. The start of the host section is known
// only at the end of the response, so values of a forged section could use up
// the memory reserved for the authentic one.
func TestLabelsOfRustHostFamilies(t *testing.T) {
	for _, text := range For(Rust).Families {
		for _, label := range text.Labels {
			if text.InText && text.Section != Guest && label.Text != CPUNumber {
				t.Errorf("%s has the label %s", text.Name, label.Key)
			}
		}
	}
}

// TestCounters checks the actual kind of families that the text declares gauges.
func TestCounters(t *testing.T) {
	got := map[string]bool{}
	eachRow(func(_ Flavor, text *TextFamily, row *Row) { got[text.Name+" "+row.Item] = row.Counter })
	for name, want := range map[string]bool{
		"kata_shim_proc_stat utime": true, "kata_shim_proc_status vmrss": false, "kata_shim_io_stat rchar": true,
		"kata_guest_netdev_stat recv_bytes": true, "kata_guest_diskstat in_progress": false, "kata_guest_load load1": false,
		"kata_guest_vm_stat pgmajfault": true, "kata_firecracker_net rx_count": false, "kata_agent_total_time ": false,
		"process_cpu_seconds_total ": true, "kata_hypervisor_scrape_count ": true,
	} {
		if isCounter, found := got[name]; !found || isCounter != want {
			t.Errorf("%s: counter %v (found %v), want %v", name, isCounter, found, want)
		}
	}
}

// TestDefaultFamiliesAreBounded checks that the number of points of the default
// families does not grow with the guest, except for network interfaces and file
// systems.
func TestDefaultFamiliesAreBounded(t *testing.T) {
	labeled := map[string]bool{}
	eachRow(func(_ Flavor, text *TextFamily, row *Row) {
		if row.InDefault && len(row.Family.OTel.LabelKeys) > 0 && row.Family.OTel.LabelKeys[0] != "" {
			labeled[text.Name] = true
		}
	})
	want := []string{"kata_guest_filesystem_bytes", "kata_guest_netdev_stat", "kata_hypervisor_netdev"}
	if got := slices.Sorted(maps.Keys(labeled)); !slices.Equal(got, want) {
		t.Errorf("default families with labels: %v, want %v", got, want)
	}
}

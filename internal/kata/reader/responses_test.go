package reader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/kata/catalog"
	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// Synthetic responses with every row of the catalog, in the format of the shims.

// Times of the sandboxes in these tests.
const (
	created = 1_800_000_000
	started = created - 2 // of the shim
	pulled  = created + 600
)

var kindTexts = map[sandbox.Kind]string{
	sandbox.Gauge: "gauge", sandbox.Counter: "counter", sandbox.Histogram: "histogram", sandbox.Summary: "summary",
}

// testValues returns the values of a label in synthetic responses.
func testValues(label catalog.Label) []string {
	return map[string][]string{
		"interface": {"eth0", "lo"}, "disk": {"vda"}, "device": {"vda"}, "mount": {"/"},
		"cpu": {"0", "1"}, "cpu_id": {"0", "1"}, "action": {"create", "grpc.CheckRequest"}, "version": {"go1.26.8"},
	}[label.Key]
}

// familyText returns the text of one family, with values from next.
func familyText(family *catalog.TextFamily, next func() int) string {
	var out strings.Builder
	help := family.Items[0].Family.Prometheus.Description
	fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s %s\n", family.Name, help, family.Name, kindTexts[family.Kind])
	sets := []string{""}
	for _, label := range family.Labels {
		var longer []string
		for _, set := range sets {
			for _, text := range testValues(label) {
				longer = append(longer, set+","+label.Key+`="`+text+`"`)
			}
		}
		sets = longer
	}
	items := family.Items
	if family.OnlyText != "" {
		sets = append(sets, ","+family.Labels[0].Key+`="`+family.OnlyText+`"`)
	}
	keys := []string{}
	for i := range items {
		keys = append(keys, items[i].Item)
	}
	if family.Other([]byte("x")) != nil {
		keys = append(keys, "nr_free_pages", "nr_kernel_stack", "pgfault", "pgpgin", "pgscan_kswapd", "thp_fault_alloc")
		slices.Sort(keys)
	}
	for _, set := range sets {
		for _, key := range keys {
			labels := set
			if family.HasItems {
				labels += `,item="` + key + `"`
			}
			writeSamples(&out, family, strings.TrimPrefix(labels, ","), next())
		}
	}
	return out.String()
}

// writeSamples writes the samples of one series.
func writeSamples(out *strings.Builder, family *catalog.TextFamily, labels string, value int) {
	braces := func(extra string) string {
		if all := strings.Trim(labels+","+extra, ","); all != "" {
			return "{" + all + "}"
		}
		return ""
	}
	switch {
	case family.Name == catalog.StartTime:
		value = started
	case family.Kind == sandbox.Histogram:
		for i, bound := range catalog.BoundTexts {
			fmt.Fprintf(out, "%s_bucket%s %d\n", family.Name, braces(`le="`+bound+`"`), value*(i+1))
		}
		fmt.Fprintf(out, "%s_sum%s %d\n", family.Name, braces(""), 100*value)
		fmt.Fprintf(out, "%s_count%s %d\n", family.Name, braces(""), value*len(catalog.BoundTexts))
		return
	case family.Kind == sandbox.Summary:
		for i, at := range catalog.QuantileTexts {
			fmt.Fprintf(out, "%s%s %d\n", family.Name, braces(`quantile="`+at+`"`), value+i)
		}
		fmt.Fprintf(out, "%s_sum%s %d\n", family.Name, braces(""), 5*value)
		fmt.Fprintf(out, "%s_count%s %d\n", family.Name, braces(""), value)
		return
	}
	fmt.Fprintf(out, "%s%s %d\n", family.Name, braces(""), value)
}

// sequence returns a function that returns consecutive numbers after from.
func sequence(from int) func() int {
	return func() int { from++; return from }
}

// hostText returns the host part of a response.
func hostText(flavor catalog.Flavor, hypervisor string) string {
	var families []*catalog.TextFamily
	for _, family := range catalog.For(flavor).Families {
		wanted := family.InText && family.Section != catalog.Guest
		if flavor == catalog.Rust && family.Section == catalog.Hypervisor {
			wanted = wanted && hypervisor == "dragonball"
		}
		if wanted && (hypervisor == "firecracker" || !strings.HasPrefix(family.Name, "kata_firecracker_")) {
			families = append(families, family)
		}
	}
	slices.SortFunc(families, func(a, b *catalog.TextFamily) int { return cmp.Compare(a.Name, b.Name) })
	return familiesText(families, sequence(1000))
}

// guestText returns the text of an honest agent.
func guestText(flavor catalog.Flavor) string {
	var families []*catalog.TextFamily
	for _, family := range catalog.For(flavor).Families {
		if family.Section == catalog.Guest {
			families = append(families, family)
		}
	}
	return familiesText(families, sequence(5000))
}

func familiesText(families []*catalog.TextFamily, next func() int) string {
	var out strings.Builder
	for _, family := range families {
		out.WriteString(familyText(family, next))
	}
	return out.String()
}

// response combines the parts of a response in the order of the flavor.
func response(flavor catalog.Flavor, host, guest string) string {
	if flavor == catalog.Rust {
		return guest + host
	}
	return host + guest
}

// settingsFor returns settings with a naming that select all families.
func settingsFor(tb testing.TB, naming sandbox.Naming, change ...func(*Options)) *Settings {
	tb.Helper()
	options := Options{Naming: naming, Families: AllFamilies, MaxResponseSize: 8 << 20}
	for _, change := range change {
		change(&options)
	}
	return NewSettings(options)
}
